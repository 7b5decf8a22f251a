//! A statement, read line by line in the memory of one line.

use std::io::{self, BufRead};

use csv_core::{ReadRecordResult, Terminator};

use crate::header::{Header, HeaderError};
use crate::row::{Row, RowError};

/// The rows of a statement in CSV.
///
/// A row is a line: a quoted field may hold commas and quotes, and ends before its line does. So one stray quote costs one
/// row and not the rest of the file, every row has the number of its line, and no row needs more memory than
/// [`LONGEST_LINE`].
pub struct Statement<R> {
    lines: Lines<R>,
    fields: Fields,
    header: Header,
}

/// A row as it was read.
#[derive(Debug, PartialEq, Eq)]
pub struct NumberedRow {
    /// Its line in the file, from 1.
    pub line: u64,
    /// The row, or what is wrong with it.
    pub row: Result<Row, RowError>,
}

/// How many bytes a line has at most.
pub const LONGEST_LINE: usize = 64 * 1024;

/// Why a statement can't be read any further, or at all.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// It isn't a statement.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The operating system said so.
    #[error("it can't be read")]
    Read(#[from] io::Error),
}

impl<R: BufRead> Statement<R> {
    /// Reads the first line.
    ///
    /// # Errors
    ///
    /// [`StatementError`], if it doesn't name the columns of a statement.
    pub fn new(input: R) -> Result<Self, StatementError> {
        let mut lines = Lines::new(input);
        let mut fields = Fields::new();
        if !lines.read()? {
            return Err(HeaderError::Empty.into());
        }
        let line = match lines.line() {
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => return Err(HeaderError::Utf16.into()),
            [0xEF, 0xBB, 0xBF, line @ ..] | line => line,
        };
        if line.is_empty() {
            return Err(HeaderError::Empty.into());
        }
        let split = if lines.is_cut() {
            None
        } else {
            fields.split(line)
        };
        let header = Header::parse(&split.ok_or(HeaderError::Unreadable)?)?;
        Ok(Self {
            lines,
            fields,
            header,
        })
    }

    /// How many bytes were read.
    pub fn bytes(&self) -> u64 {
        self.lines.bytes
    }

    /// The line that was read last.
    pub fn line(&self) -> u64 {
        self.lines.number
    }

    fn row(&mut self) -> Result<Row, RowError> {
        if self.lines.is_cut() {
            let limit = LONGEST_LINE;
            return Err(RowError::TooLong { limit });
        }
        let fields = self.fields.split(self.lines.line());
        Row::parse(&self.header, &fields.ok_or(RowError::Quote)?)
    }
}

/// The rows; empty lines are none.
impl<R: BufRead> Iterator for Statement<R> {
    type Item = io::Result<NumberedRow>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.lines.read() {
                Ok(true) if self.lines.line().is_empty() => {}
                Ok(true) => {
                    let (line, row) = (self.lines.number, self.row());
                    return Some(Ok(NumberedRow { line, row }));
                }
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// Lines of at most [`LONGEST_LINE`] bytes; of longer ones the beginning.
struct Lines<R> {
    input: R,
    line: Vec<u8>,
    number: u64,
    bytes: u64,
}

impl<R: BufRead> Lines<R> {
    fn new(input: R) -> Self {
        Self {
            input,
            line: Vec::new(),
            number: 0,
            bytes: 0,
        }
    }

    /// Reads a line; `false` at the end.
    fn read(&mut self) -> io::Result<bool> {
        self.line.clear();
        let start = self.bytes;
        loop {
            let buffer = match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                buffer => buffer?,
            };
            let newline = buffer.iter().position(|byte| *byte == b'\n');
            let length = newline.map_or(buffer.len(), |index| index + 1);
            // One more than the limit, so that a longer line is known by its length; and its two line-end bytes.
            let room = (LONGEST_LINE + 3).saturating_sub(self.line.len());
            self.line.extend_from_slice(&buffer[..length.min(room)]);
            self.input.consume(length);
            self.bytes += length as u64;
            if newline.is_some() || length == 0 {
                break;
            }
        }
        let read = self.bytes > start;
        self.number += u64::from(read);
        Ok(read)
    }

    /// The line, without its end.
    fn line(&self) -> &[u8] {
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    fn is_cut(&self) -> bool {
        self.line().len() > LONGEST_LINE
    }
}

/// Splits lines into fields.
struct Fields {
    parser: csv_core::Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Fields {
    fn new() -> Self {
        let mut parser = csv_core::ReaderBuilder::new();
        // A carriage return within a line is a character, for the row to refuse.
        let parser = parser.terminator(Terminator::Any(b'\n')).build();
        Self {
            parser,
            text: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// The fields of a line; `None` if a quote isn't closed.
    fn split(&mut self, line: &[u8]) -> Option<Vec<&[u8]>> {
        self.parser.reset();
        // An empty line first: a new parser drops a byte order mark, which belongs at a file's beginning and not at a line's.
        self.parser.read_record(b"\n", &mut [], &mut []);
        // Unquoted, a field is never longer than it was; and there is at most one field to a byte, and one more.
        self.text.resize(line.len() + 1, 0);
        self.ends.resize(line.len() + 2, 0);
        let (result, read, written, ended) =
            self.parser
                .read_record(line, &mut self.text, &mut self.ends);
        debug_assert_eq!((result, read), (ReadRecordResult::InputEmpty, line.len()));
        // A newline ends the record, unless it is within quotes.
        let (result, _, _, ended_here) =
            self.parser
                .read_record(b"\n", &mut self.text[written..], &mut self.ends[ended..]);
        if result != ReadRecordResult::Record {
            return None;
        }
        let mut start = 0;
        let ends = self.ends[..ended + ended_here].iter();
        Some(
            ends.map(|end| {
                let field = &self.text[start..*end];
                start = *end;
                field
            })
            .collect(),
        )
    }
}
