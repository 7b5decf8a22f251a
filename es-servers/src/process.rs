//! A server's process, and the watcher that ends it when we are gone.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

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

    /// `kill -9`, of those that it started as well: they would finish what they are at before they notice. The folder
    /// stays.
    pub(crate) fn kill(mut self) -> Result<(), Error> {
        self.end_watcher();
        let server = self.server.id();
        // First it stands still, so that it starts no other while they are looked for.
        send(Signal::STOP, server)?;
        let start = Instant::now();
        while matches!(state_and_parent(server), Some((state, _)) if !"TZ".contains(&state))
            && start.elapsed() < PATIENCE
        {
            thread::sleep(LOOK);
        }
        for child in children(server) {
            send(Signal::KILL, child)?;
        }
        send(Signal::KILL, server)?;
        let ended = self.server.wait();
        ended.map(drop).map_err(Error::io("a server is lost"))
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
        let asked = send(Signal::QUIT, self.server.id()).is_ok();
        let start = Instant::now();
        while asked && matches!(self.server.try_wait(), Ok(None)) && start.elapsed() < PATIENCE {
            thread::sleep(LOOK);
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Sends a signal to a process, which may be gone.
fn send(signal: Signal, id: u32) -> Result<(), Error> {
    let id = i32::try_from(id).ok().and_then(Pid::from_raw);
    let sent = match id {
        Some(id) => kill_process(id, signal),
        None => Err(Errno::SRCH),
    };
    match sent {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(error) => Err(Error::io("a signal can't be sent")(error.into())),
    }
}

/// The processes that a process started, as far as the system tells.
fn children(parent: u32) -> Vec<u32> {
    let Ok(processes) = Path::new("/proc").read_dir() else {
        return Vec::new();
    };
    let ids = processes
        .flatten()
        .filter_map(|process| process.file_name().to_str()?.parse().ok());
    let is_child = |id: &u32| state_and_parent(*id).is_some_and(|(_, of)| of == parent.to_string());
    ids.filter(is_child).collect()
}

fn state_and_parent(id: u32) -> Option<(String, String)> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // They stand after the name, which may hold anything.
    let mut after = stat.rsplit(')').next()?.split_whitespace();
    Some((after.next()?.to_owned(), after.next()?.to_owned()))
}
