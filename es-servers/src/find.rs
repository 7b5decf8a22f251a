//! Where a machine keeps its servers. The build script reads this file too.

use std::path::{Path, PathBuf};

/// A program, and where packages put it beside `PATH`.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// Folders; `*` stands for a version, of which the newest is taken.
    elsewhere: &'static [&'static str],
}

const POSTGRES_FOLDERS: &[&str] = &[
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/pgsql/bin",
];

pub(crate) const INITDB: Program = Program {
    name: "initdb",
    elsewhere: POSTGRES_FOLDERS,
};
pub(crate) const SERVER: Program = Program {
    name: "postgres",
    elsewhere: POSTGRES_FOLDERS,
};
pub(crate) const NATS_SERVER: Program = Program {
    name: "nats-server",
    elsewhere: &["/usr/sbin", "/usr/local/sbin", "/usr/local/bin"],
};

impl Program {
    /// The program, if this machine has it.
    pub(crate) fn find(&self) -> Option<PathBuf> {
        let files = self
            .folders()
            .into_iter()
            .map(|folder| folder.join(self.name));
        files.into_iter().find(|file| file.is_file())
    }

    /// Every folder where it may be, in order.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        for pattern in self.elsewhere {
            folders.extend(versions(pattern));
        }
        folders
    }
}

/// The folders of a pattern, the newest version first.
fn versions(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![pattern.into()];
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let Ok(entries) = Path::new(parent).read_dir() else {
        return Vec::new();
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    let mut found: Vec<(u32, PathBuf)> = names
        .filter_map(|name| {
            let name = name.to_str()?;
            let version = name.strip_prefix(prefix)?.parse().ok()?;
            let folder = format!("{parent}/{name}{after}");
            Some((version, folder.into()))
        })
        .collect();
    found.sort_by(|one, other| other.cmp(one));
    found.into_iter().map(|(_, folder)| folder).collect()
}
