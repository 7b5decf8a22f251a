//! What the tests share: the program, run in a folder of its own.

#![allow(dead_code, reason = "not every test uses all of it")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The first line of a statement with every column.
pub(crate) const HEADER: &str = "date,account,type,amount,balance,reference\n";

/// A folder with a database and statements.
pub(crate) struct Bank {
    folder: tempfile::TempDir,
}

impl Bank {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    pub(crate) fn db(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The program with these arguments, not yet run.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ledger"));
        command
            .current_dir(self.folder.path())
            .args(arguments)
            // What surrounds the tests has no part in them.
            .env_remove("LEDGER_STORE")
            .env("USER", "ada")
            .stdin(Stdio::null());
        command
    }

    /// The program with these arguments.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::new(self.command(arguments).output().unwrap())
    }

    /// The program with these arguments, which has to find all well.
    pub(crate) fn ask(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        ran.out
    }

    /// Writes a file and imports it.
    pub(crate) fn import(&self, csv: impl AsRef<[u8]>, options: &[&str]) -> Ran {
        std::fs::write(self.folder.path().join("file.csv"), csv).unwrap();
        self.run(&[&["import", "file.csv"], options].concat())
    }

    /// The program with these arguments, which it refuses: it prints no result, and says why.
    pub(crate) fn refuse(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (2, ""),
            "{arguments:?}: {ran:?}"
        );
        ran.err
    }

    /// A bank with the shipped sample.
    pub(crate) fn with_sample() -> Self {
        let bank = Self::new();
        let ran = bank.import(ledger::sample::CSV, &[]);
        assert_eq!((ran.code, ran.tally()), (0, [2_982, 0, 0]));
        bank
    }

    /// The balance and revision of an account.
    pub(crate) fn balance(&self, account: &str) -> String {
        self.ask(&["balance", account]).trim_end().to_owned()
    }
}

/// What a run of the program came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn new(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Added, imported before, with an error.
    pub(crate) fn tally(&self) -> [u64; 3] {
        ["added", "imported before", "with an error"].map(|what| {
            let line = self.out.lines().find(|line| line.ends_with(what));
            let line = line.unwrap_or_else(|| panic!("no `{what}`: {self:?}"));
            line.trim().split(' ').next().unwrap().parse().unwrap()
        })
    }

    /// The errors of rows, in the order of their lines.
    pub(crate) fn errors(&self) -> Vec<(u64, String)> {
        let mut errors: Vec<_> = self
            .err
            .lines()
            .map(|line| {
                let mut parts = line.splitn(3, ':');
                let (_, line) = (parts.next(), parts.next().unwrap());
                let reason = parts.next().unwrap().trim_start().to_owned();
                (line.parse().unwrap(), reason)
            })
            .collect();
        errors.sort();
        errors
    }
}

/// A row that `verify` names.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Named {
    pub(crate) account: String,
    pub(crate) revision: u64,
    pub(crate) reference: String,
    /// How much more the bank states than the entries come to, at the row and before it, in cents.
    pub(crate) difference: i64,
    pub(crate) before: i64,
}

/// The rows that `verify` names.
pub(crate) fn named(out: &str) -> Vec<Named> {
    let mut named = Vec::new();
    if !out.starts_with("account ") {
        return named;
    }
    for line in out.lines().skip(1).take_while(|line| !line.is_empty()) {
        // From the right, as an account's name may hold spaces.
        let words: Vec<&str> = line.split_whitespace().collect();
        let (account, rest) = words.split_at(words.len() - 7);
        named.push(Named {
            account: account.join(" "),
            revision: rest[0].parse().unwrap(),
            difference: cents(rest[4]),
            before: cents(rest[5]),
            reference: rest[6].to_owned(),
        });
    }
    named
}

/// A sum of money, in cents.
pub(crate) fn cents(text: &str) -> i64 {
    text.replace('.', "").parse().unwrap()
}

/// A sum of money, as it is written.
pub(crate) fn money(cents: i64) -> String {
    ledger::Cents(cents).to_string()
}
