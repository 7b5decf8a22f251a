//! The trail as text: for reading, as JSON Lines, and as CSV (RFC 4180).

use std::fmt;
use std::io::{self, Write};

use super::{AuditEntry, AuditTrail};

/// The columns of a trail as CSV, which are the fields of its entries.
const COLUMNS: [&str; 15] = [
    "position",
    "stream",
    "revision",
    "id",
    "name",
    "recorded_at",
    "effective_at",
    "actor",
    "reason",
    "caused_by",
    "correlation",
    "compensates",
    "corrects",
    "fact",
    "corrected_by",
];

impl AuditTrail {
    /// Writes a JSON object for each entry, each on a line.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn write_json_lines(&self, mut to: impl Write) -> io::Result<()> {
        for entry in self.entries() {
            serde_json::to_writer(&mut to, entry)?;
            to.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Writes a row for each entry below one with the names of the columns; what isn't said is empty.
    ///
    /// A text that a spreadsheet would take for a formula, since somebody wrote a reason that begins with `=`, is written
    /// as it is: who opens the file in one imports these columns as text.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn write_csv(&self, mut to: impl Write) -> io::Result<()> {
        write_row(&mut to, COLUMNS.map(str::to_owned))?;
        for entry in self.entries() {
            write_row(&mut to, entry.cells())?;
        }
        Ok(())
    }
}

impl fmt::Display for AuditTrail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entries()
            .iter()
            .try_for_each(|entry| writeln!(f, "{entry}"))
    }
}

impl AuditEntry {
    fn cells(&self) -> [String; COLUMNS.len()] {
        [
            self.position.to_string(),
            self.stream.to_string(),
            self.revision.to_string(),
            self.id.to_string(),
            self.name.to_string(),
            self.recorded_at.to_string(),
            shown(self.effective_at),
            shown(self.actor.as_ref()),
            shown(self.reason.as_ref()),
            shown(self.caused_by),
            shown(self.correlation.as_ref()),
            shown(self.compensates),
            shown(self.corrects),
            shown(self.fact.as_ref()),
            shown(self.corrected_by),
        ]
    }
}

fn shown(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn write_row(to: &mut impl Write, cells: [String; COLUMNS.len()]) -> io::Result<()> {
    let cells = cells.map(|cell| {
        if cell.contains([',', '"', '\r', '\n']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell
        }
    });
    write!(to, "{}\r\n", cells.join(","))
}
