//! Sealing a log, and finding whatever was done to it.

mod edited;
mod found;
mod sealer;
