use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::find::{INITDB, Program, SERVER};
use crate::folder::Folder;
use crate::process::Process;
use crate::{Error, port};

/// How often a new server is started anew, because another took its port.
const TRIES: usize = 5;
/// How often one that was killed is, because its predecessor's last processes haven't noticed yet that they are orphans.
const RESTARTS: usize = 200;

/// A PostgreSQL server: a throwaway one of our own, or the user's.
#[derive(Debug)]
pub struct Postgres {
    url: String,
    own: Option<Own>,
}

#[derive(Debug)]
struct Own {
    program: PathBuf,
    port: u16,
    settings: Vec<String>,
    // In this order: the server ends before its folder goes.
    process: Option<Process>,
    folder: Folder,
}

impl Postgres {
    /// The server that the tests of this process share: the one of `DATABASE_URL`, else one of our own that ends with the
    /// process.
    ///
    /// # Panics
    ///
    /// If there is none: a test that isn't ignored and has no server fails.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| match std::env::var("DATABASE_URL") {
            Ok(url) => Self { url, own: None },
            Err(_) => Self::start().unwrap_or_else(|error| panic!("no PostgreSQL: {error}")),
        })
    }

    /// Starts a server with an empty database.
    ///
    /// # Errors
    ///
    /// Those of [`Error`]: it isn't on this machine, can't be executed, or doesn't become ready.
    pub fn start() -> Result<Self, Error> {
        Self::start_with(&[], None)
    }

    /// Starts a server with settings of `postgresql.conf`, like `fsync=off`, in a folder of its own in `parent`, or where
    /// temporary files are.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start); [`Error::Failed`] also if it refuses a setting.
    pub fn start_with(settings: &[&str], parent: Option<&Path>) -> Result<Self, Error> {
        Self::start_in(Folder::new("es-postgres-", parent)?, settings)
    }

    /// Starts a server that encrypts, with this certificate and key, as PEM.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start); [`Error::Failed`] also if it refuses the certificate.
    pub fn start_encrypted(certificate: &str, key: &str) -> Result<Self, Error> {
        let folder = Folder::new("es-postgres-", None)?;
        folder.keep("server.crt", certificate)?;
        folder.keep("server.key", key)?;
        // Told from the data's folder, which stands beside them.
        let settings = [
            "ssl=on",
            "ssl_cert_file=../server.crt",
            "ssl_key_file=../server.key",
        ];
        Self::start_in(folder, &settings)
    }

    fn start_in(folder: Folder, settings: &[&str]) -> Result<Self, Error> {
        let [initdb, program] = [found(&INITDB)?, found(&SERVER)?];
        // Not the collation "C": a store has to ask for it where it matters. Whoever tests needs no password.
        let made = folder
            .command(&initdb)?
            .args(["-D", "data", "-U", "es", "-A", "trust", "-E", "UTF8"])
            .args(["--locale=C.UTF-8", "--no-sync"])
            .status()
            .map_err(Error::io("`initdb` can't be started"))?;
        if !made.success() {
            return Err(folder.failed(format!("`initdb` ended with {made}")));
        }
        let mut own = Own {
            program,
            port: 0,
            settings: settings.iter().map(|&setting| setting.into()).collect(),
            process: None,
            folder,
        };
        own.start()?;
        let url = format!("postgres://es@127.0.0.1:{}/postgres", own.port);
        Ok(Self {
            url,
            own: Some(own),
        })
    }

    /// Where it is: `postgres://…`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process's id, if it is our own and runs.
    pub fn id(&self) -> Option<u32> {
        Some(self.own.as_ref()?.process.as_ref()?.id())
    }

    /// `kill -9` of the server and of every process that it started, as a machine does that dies. What it has on disk
    /// stays, for [`restart`](Self::restart).
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the operating system doesn't let it be killed.
    ///
    /// # Panics
    ///
    /// If it isn't our own.
    pub fn kill(&mut self) -> Result<(), Error> {
        match self.own("killed").process.take() {
            Some(process) => process.kill(),
            None => Ok(()),
        }
    }

    /// Stops it as an administrator would who is in a hurry, and waits until it is gone.
    ///
    /// # Panics
    ///
    /// If it isn't our own.
    pub fn stop(&mut self) {
        drop(self.own("stopped").process.take());
    }

    /// Starts it again on the same data and the same port.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    ///
    /// # Panics
    ///
    /// If it isn't our own.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.stop();
        self.own("started").start()
    }

    fn own(&mut self, what: &str) -> &mut Own {
        match &mut self.own {
            Some(own) => own,
            None => panic!("the server of DATABASE_URL isn't ours to be {what}"),
        }
    }
}

impl Own {
    /// On the port that it had, or on a free one.
    fn start(&mut self) -> Result<(), Error> {
        let fixed = self.port != 0;
        let mut tries = if fixed { RESTARTS } else { TRIES };
        loop {
            tries -= 1;
            if !fixed {
                [self.port] = port::free()?;
            }
            let mut process = Process::start(self.command()?, &self.folder)?;
            let data = self.folder.path().join("data");
            let id = process.id();
            match process.ready(|| is_ready(&data, id)) {
                Ok(()) => {
                    self.process = Some(process);
                    return Ok(());
                }
                Err(_) if tries > 0 => std::thread::sleep(std::time::Duration::from_millis(50)),
                Err(what) => return Err(self.folder.failed(what)),
            }
        }
    }

    fn command(&self) -> Result<std::process::Command, Error> {
        let mut command = self.folder.command(&self.program)?;
        command
            .args(["-D", "data", "-p", &self.port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "unix_socket_directories="])
            .args(["-c", "max_connections=200"]);
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        Ok(command)
    }
}

fn found(program: &Program) -> Result<PathBuf, Error> {
    program.find().ok_or(Error::Missing(program.name))
}

/// The eighth line of its file says so, when the first has the server's id.
fn is_ready(data: &Path, id: u32) -> bool {
    let Ok(file) = std::fs::read_to_string(data.join("postmaster.pid")) else {
        return false;
    };
    let mut lines = file.lines();
    lines.next() == Some(&id.to_string())
        && lines
            .nth(6)
            .is_some_and(|status| status.trim_end() == "ready")
}
