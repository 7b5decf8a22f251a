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
        let nothing = workspace.write("nothing", &source(0, Derives::Std)?)?;
        let alone = workspace.write("alone", &source(200, Derives::Std)?)?;
        let mut sources = vec![nothing, alone];
        for events in EVENTS {
            let name = format!("events_{events}");
            sources.push(workspace.write(&name, &source(events, Derives::Ours)?)?);
        }
        let mut least = vec![Duration::MAX; sources.len()];
        for _ in 0..ROUNDS {
            for (source, least) in sources.iter().zip(&mut least) {
                *least = (*least).min(workspace.compile(source, emit)?);
            }
        }
        report(what, &least);
    }
    Ok(())
}

/// Says what a crate without events took, one without our derives, and those with each number of events.
fn report(what: &str, least: &[Duration]) {
    let [nothing, alone, events @ ..] = least else {
        return;
    };
    #[expect(clippy::cast_precision_loss, reason = "hundreds")]
    let per_event =
        |took: &Duration, events: usize| (millis(*took) - millis(*nothing)) / events as f64;
    println!("{what}: {:6.0} ms without events", millis(*nothing));
    for (took, events) in events.iter().zip(EVENTS) {
        let (took, each) = (millis(*took), per_event(took, events));
        println!("{what}: {took:6.0} ms with {events} events, {each:.2} ms each");
    }
    let (took, each) = (millis(*alone), per_event(alone, 200));
    println!("{what}: {took:6.0} ms with 200 structs and serde's derives alone, {each:.2} ms each");
    if let [of_25, .., of_100, of_200] = events {
        let each = per_event(of_200, 200);
        println!(
            "{what}: an event of 200 takes {:.2} of what one of 100 does, {:.2} of what one of 25 does",
            each / per_event(of_100, 100),
            each / per_event(of_25, 25)
        );
    }
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

    fn write(&self, name: &str, source: &str) -> Result<PathBuf, Failure> {
        let path = self.folder.join(format!("src/{name}.rs"));
        fs::write(&path, source)?;
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

/// What the structs of a source derive.
#[derive(Clone, Copy, PartialEq)]
enum Derives {
    /// What the standard library and serde have.
    Std,
    /// That and `Event`, with an aggregate that lists them.
    Ours,
}

/// So many events as users write them, each with an apply.
fn source(events: usize, derives: Derives) -> Result<String, std::fmt::Error> {
    // rustc takes each attribute of an item for a step of its own, and by default no more than 128.
    let mut source = String::from(
        "#![recursion_limit = \"256\"]\nuse es_core::{Aggregate, Apply, Event, NoError};\n\
         use serde::{Deserialize, Serialize};\n",
    );
    let mut lines = String::new();
    for event in 0..events {
        source += "#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]\n";
        let history = if event % 5 == 0 && derives == Derives::Ours {
            "#[event(since = 2, default = \"EUR\")]"
        } else {
            ""
        };
        if derives == Derives::Ours {
            let version = if history.is_empty() { 1 } else { 2 };
            writeln!(
                source,
                "#[derive(Event)] #[event(name = \"account.happened-{event}\", version = {version})]
                 #[event(formerly = \"account.occurred-{event}\")]"
            )?;
            writeln!(lines, "#[event(Happened{event})]")?;
        }
        writeln!(
            source,
            "pub struct Happened{event} {{ pub cents: i64, {history} pub currency: String }}
             impl Apply<Happened{event}> for Account {{
                 fn apply(&mut self, event: Happened{event}) {{ self.balance += event.cents; }}
             }}"
        )?;
    }
    if !lines.is_empty() {
        source += "#[derive(Aggregate)]
            #[aggregate(name = \"account\", id = String, event = AccountEvent, error = NoError)]\n";
    }
    writeln!(
        source,
        "{lines} #[derive(Debug, Default)] pub struct Account {{ pub balance: i64 }}"
    )?;
    Ok(source)
}
