//! Processes: what turns events into commands.

mod record;

pub(crate) use record::is_record;
