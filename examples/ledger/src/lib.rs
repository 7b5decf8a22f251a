//! A bank's statements as events: imported once, told again at any revision, and verified.
//!
//! Each row of a statement is one command on an account, and one event. `ledger --help` says what the program does.
//!
//! | room | what happens there |
//! |---|---|
//! | `statement`, `header`, `row`, `cents` | a line of CSV becomes a row, or an error that says what is wrong with it |
//! | [`account`] | the events, the state, and what an account decides about an entry |
//! | [`import`] | each row is executed once, rows of several accounts at the same time |
//! | [`verify`] | everything is refolded and compared |
//! | `past`, `diff`, `chart` | an account at any time, as it was true and as it was known |
//! | `correct`, `what_if`, `impact` | the past set right, or only supposed to be another |
//! | [`monthly`], `report` | totals by month, from a projection |
//! | `place` | which store: SQLite, PostgreSQL, NATS or memory, by its URL |
//! | [`cli`], `question`, `options`, `day`, `command`, `failure`, `print`, `bar`, `tour` | what a terminal asks and shows |
//! | [`sample`] | the shipped statement, and the code that wrote it |

pub mod account;
mod bar;
mod cents;
mod chart;
pub mod cli;
mod command;
mod correct;
mod day;
mod diff;
mod failure;
mod header;
mod impact;
pub mod import;
mod insert;
mod ledger;
pub mod monthly;
mod options;
mod past;
mod place;
mod print;
mod question;
mod report;
pub mod row;
pub mod sample;
mod seal;
pub mod statement;
mod tour;
pub mod verify;
mod what_if;

pub use account::{Account, AccountEvent, Credited, Debited, EntryRefused, Overdraft, Refusal};
pub use cents::{Cents, Difference, InvalidCents};
pub use day::{Day, NotADay};
pub use header::{Column, Header, HeaderError};
pub use ledger::{Ledger, by_name};
pub use row::{Entry, Kind, Row, RowError};
