//! A process is told that an input was corrected, and never sends again what it has sent.

mod bench;
mod domain;
mod told;
mod untold;
