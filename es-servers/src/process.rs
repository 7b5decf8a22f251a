//! A server's process, and the watcher that ends it when we are gone.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Error;
use crate::folder::Folder;

/// Until a server that doesn't become ready is given up.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(10);

/// Waits until its standard input ends, which is when whoever holds the other side does; then stops the process `$1` and
/// removes the folder `$2`.
const WATCH: &str = r#"
    read -r _
    kill -QUIT "$1" 2>/dev/null
    tries=0
    while kill -0 "$1" 2>/dev/null && [ "$tries" -lt 50 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    kill -KILL "$1" 2>/dev/null
    rm -rf -- "$2"
"#;

#[derive(Debug)]
pub(crate) struct Process {
    server: Child,
    watcher: Child,
}

impl Process {
    pub(crate) fn start(mut command: Command, folder: &Folder) -> Result<Self, Error> {
        // A group of its own: what a terminal sends to the tests is not for it.
        let mut server = command
            .process_group(0)
            .spawn()
            .map_err(Error::io("a server can't be started"))?;
        match Self::watch(server.id(), folder.path()) {
            Ok(watcher) => Ok(Self { server, watcher }),
            Err(error) => {
                let _ = server.kill();
                let _ = server.wait();
                Err(error)
            }
        }
    }

    fn watch(server: u32, folder: &Path) -> Result<Child, Error> {
        Command::new("/bin/sh")
            .args(["-c", WATCH, "es-servers"])
            .arg(server.to_string())
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(Error::io("a watcher can't be started"))
    }

    pub(crate) fn id(&self) -> u32 {
        self.server.id()
    }

    /// Waits until a look finds the server ready; what it ended with, if it did.
    pub(crate) fn ready(&mut self, look: impl Fn() -> bool) -> Result<(), String> {
        let start = Instant::now();
        loop {
            match self.server.try_wait() {
                Ok(None) => {}
                Ok(Some(status)) => return Err(format!("the server ended with {status}")),
                Err(error) => return Err(format!("the server is lost: {error}")),
            }
            if look() {
                return Ok(());
            }
            if start.elapsed() > PATIENCE {
                return Err(format!("the server isn't ready after {PATIENCE:?}"));
            }
            thread::sleep(LOOK);
        }
    }

    /// `kill -9`, at once. The folder stays.
    pub(crate) fn kill(mut self) {
        self.end_watcher();
        // It may have ended by itself, which is as good.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }

    /// The watcher first: after that nothing else holds the number of a process that is gone.
    fn end_watcher(&mut self) {
        let _ = self.watcher.kill();
        let _ = self.watcher.wait();
    }
}

impl Drop for Process {
    /// `SIGQUIT` ends both servers at once, and in order: PostgreSQL gives back its shared memory.
    fn drop(&mut self) {
        self.end_watcher();
        if matches!(self.server.try_wait(), Ok(Some(_))) {
            return;
        }
        let _ = Command::new("/bin/kill")
            .args(["-QUIT", &self.server.id().to_string()])
            .stderr(Stdio::null())
            .status();
        let start = Instant::now();
        while matches!(self.server.try_wait(), Ok(None)) && start.elapsed() < PATIENCE {
            thread::sleep(LOOK);
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
