//! How long an aggregate takes to compile, by the number of its events: the curve must not bend.
//!
//! `cargo bench -p es-derive --bench compile`. For each number it writes a crate with an aggregate of so many events,
//! every fifth of them with a history, and has `rustc` check it and build it, without cargo's own time. Several rounds
//! in turn, as the machine's speed drifts; the least of each is taken. What a crate without events takes is taken off
//! before anything is divided: it is the same for all.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const EVENTS: [usize; 4] = [25, 50, 100, 200];
const ROUNDS: usize = 5;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let workspace = Workspace::new()?;
    for (what, emit) in [("check", "metadata"), ("debug build", "link")] {
        let empty = workspace.write(0)?;
        let sources: Vec<PathBuf> = EVENTS
            .iter()
            .map(|events| workspace.write(*events))
            .collect::<Result<_, _>>()?;
        let mut least = vec![Duration::MAX; EVENTS.len()];
        let mut nothing = Duration::MAX;
        for _ in 0..ROUNDS {
            nothing = nothing.min(workspace.compile(&empty, emit)?);
            for (source, least) in sources.iter().zip(&mut least) {
                *least = (*least).min(workspace.compile(source, emit)?);
            }
        }
        println!("{what}: {:.0} ms without events", millis(nothing));
        let per_event = |place: usize| {
            #[expect(clippy::cast_precision_loss, reason = "hundreds")]
            let events = EVENTS[place] as f64;
            (millis(least[place]) - millis(nothing)) / events
        };
        for (place, events) in EVENTS.iter().enumerate() {
            println!(
                "{what}: {events:3} events {:6.0} ms, {:5.2} ms each",
                millis(least[place]),
                per_event(place)
            );
        }
        println!(
            "{what}: an event of 200 takes {:.2} of what one of 100 does, and {:.2} of what one of 25 does",
            per_event(3) / per_event(2),
            per_event(3) / per_event(0)
        );
    }
    Ok(())
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// A crate that depends on `es-core`, and how cargo has `rustc` compile it.
struct Workspace {
    folder: PathBuf,
}

impl Workspace {
    /// Builds what every one of the crates needs.
    fn new() -> Result<Self, Failure> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        fs::create_dir_all(folder.join("src"))?;
        let es_core = root.join("es-core");
        let manifest = format!(
            "[workspace]\n[package]\nname = \"compiled\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
             [dependencies]\nes-core = {{ path = '{}' }}\nserde = {{ version = \"1\", features = [\"derive\"] }}\n",
            es_core.display()
        );
        fs::write(folder.join("Cargo.toml"), manifest)?;
        // The versions that are built and downloaded already.
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        fs::write(folder.join("src/lib.rs"), "")?;
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--offline"])
            .arg("--manifest-path")
            .arg(folder.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(folder.join("target"))
            .status()?;
        if !built.success() {
            return Err("the crate's dependencies don't build".into());
        }
        Ok(Self { folder })
    }

    fn write(&self, events: usize) -> Result<PathBuf, Failure> {
        let path = self.folder.join(format!("src/events_{events}.rs"));
        fs::write(&path, source(events)?)?;
        Ok(path)
    }

    /// How long `rustc` takes for one of the crates.
    fn compile(&self, source: &Path, emit: &str) -> Result<Duration, Failure> {
        let dependencies = self.folder.join("target/debug/deps");
        let mut rustc = Command::new("rustc");
        rustc
            .args([
                "--edition=2024",
                "--crate-type=lib",
                "--cap-lints=allow",
                "-Cdebuginfo=2",
            ])
            .arg(format!("--emit={emit}"))
            .arg("--out-dir")
            .arg(&self.folder)
            .arg("-L")
            .arg(format!("dependency={}", dependencies.display()));
        for name in ["es_core", "serde"] {
            let library = newest(&dependencies, &format!("lib{name}-"))?;
            rustc
                .arg("--extern")
                .arg(format!("{name}={}", library.display()));
        }
        let start = Instant::now();
        let done = rustc.arg(source).output()?;
        let took = start.elapsed();
        if done.status.success() {
            Ok(took)
        } else {
            Err(String::from_utf8_lossy(&done.stderr).into())
        }
    }
}

/// The library with this prefix that was built last.
fn newest(folder: &Path, prefix: &str) -> Result<PathBuf, Failure> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_library = entry
            .path()
            .extension()
            .is_some_and(|found| found == "rlib");
        if name.starts_with(prefix) && is_library {
            found.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    let (_, newest) = found.into_iter().max().ok_or("a library is missing")?;
    Ok(newest)
}

/// An aggregate with so many events, each with an apply, as users write them.
fn source(events: usize) -> Result<String, std::fmt::Error> {
    // rustc takes each attribute of an item for a step of its own, and by default no more than 128.
    let mut source = String::from(
        "#![recursion_limit = \"256\"]\nuse es_core::{Aggregate, Apply, Event, NoError};\nuse serde::{Deserialize, Serialize};\n",
    );
    if events == 0 {
        return Ok(source);
    }
    let mut lines = String::new();
    for event in 0..events {
        let (version, history) = if event % 5 == 0 {
            (2, "#[event(since = 2, default = \"EUR\")]")
        } else {
            (1, "")
        };
        write!(
            source,
            "#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
             #[event(name = \"account.happened-{event}\", formerly = \"account.occurred-{event}\", version = {version})]
             pub struct Happened{event} {{ pub cents: i64, {history} pub currency: String }}
             impl Apply<Happened{event}> for Account {{
                 fn apply(&mut self, event: Happened{event}) {{ self.balance += event.cents; }}
             }}\n"
        )?;
        writeln!(lines, "#[event(Happened{event})]")?;
    }
    write!(
        source,
        "#[derive(Debug, Default, Aggregate)]
         #[aggregate(name = \"account\", id = String, event = AccountEvent, error = NoError)]
         {lines} pub struct Account {{ balance: i64 }}\n"
    )?;
    Ok(source)
}
