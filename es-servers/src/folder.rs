//! A server's temporary folder, and its log in it.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::Error;
use crate::account::Account;

/// How much of a log an error shows, in bytes.
const SHOWN: usize = 4_000;

#[derive(Debug)]
pub(crate) struct Folder {
    folder: TempDir,
    account: Option<Account>,
}

impl Folder {
    /// In `parent`, or where temporary files are.
    pub(crate) fn new(name: &str, parent: Option<&Path>) -> Result<Self, Error> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(name);
        let folder = match parent {
            Some(parent) => builder.tempdir_in(parent),
            None => builder.tempdir(),
        };
        let folder = folder.map_err(Error::io("a temporary folder can't be made"))?;
        let account = Account::instead_of_root(folder.path())?;
        if let Some(account) = account {
            account.owns(folder.path())?;
        }
        Ok(Self { folder, account })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A command that runs in the folder, as the user whose it is, and writes the log.
    pub(crate) fn command(&self, program: &Path) -> Result<Command, Error> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.path().join("log"))
            .map_err(Error::io("a log can't be written"))?;
        let errors = log
            .try_clone()
            .map_err(Error::io("a log can't be written"))?;
        let mut command = Command::new(program);
        command
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors);
        if let Some(account) = self.account {
            account.runs(&mut command);
        }
        Ok(command)
    }

    /// The error of a server that did this, with the end of its log.
    pub(crate) fn failed(&self, what: impl Into<String>) -> Error {
        let log = std::fs::read(self.path().join("log")).unwrap_or_default();
        let end = &log[log.len().saturating_sub(SHOWN)..];
        Error::Failed {
            what: what.into(),
            log: String::from_utf8_lossy(end).into_owned(),
        }
    }
}
