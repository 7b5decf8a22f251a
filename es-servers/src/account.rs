//! The user as whom servers run.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::Error;

/// Whose the servers are where we are root: they refuse it, or shouldn't be.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

#[derive(Debug, Clone, Copy)]
pub(crate) struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// The account that is given what root starts; nothing if we aren't root.
    pub(crate) fn instead_of_root(folder: &Path) -> Result<Option<Self>, Error> {
        use std::os::unix::fs::MetadataExt;
        let owner = folder
            .metadata()
            .map_err(Error::io("whose a new folder is can't be told"))?;
        if owner.uid() != 0 {
            return Ok(None);
        }
        let accounts = std::fs::read_to_string("/etc/passwd")
            .map_err(Error::io("`/etc/passwd` can't be read"))?;
        let found = CANDIDATES
            .iter()
            .find_map(|name| Self::named(&accounts, name));
        found
            .map(Some)
            .ok_or(Error::Missing("a user `postgres` or `nobody`"))
    }

    fn named(accounts: &str, name: &str) -> Option<Self> {
        let line = accounts
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        let user = fields.next()?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        Some(Self { user, group })
    }

    pub(crate) fn owns(self, folder: &Path) -> Result<(), Error> {
        std::os::unix::fs::chown(folder, Some(self.user), Some(self.group))
            .map_err(Error::io("a folder can't be given away"))
    }

    pub(crate) fn runs(self, command: &mut Command) {
        command.uid(self.user).gid(self.group);
    }
}
