//! What a snapshot of an aggregate that takes corrections keeps beside the state: where its last fact stands, and which
//! entries up to it were out of order.
//!
//! It stands within the kept state, so that stores needn't know of it:
//! `{"last":[microseconds, slot],"late":[since, [microseconds, slot], [[revision, microseconds, slot], …]],"state":…}`.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fact::Key;
use super::late::Late;
use crate::{Aggregate, Json, Revision, Timestamp};

/// A revision, the highest place, and the entries that weren't in order.
type StoredLate = (u64, Option<(i64, u64)>, Vec<(u64, i64, u64)>);

#[derive(Deserialize)]
struct Stored<'k> {
    last: Option<(i64, u64)>,
    #[serde(default)]
    late: Option<StoredLate>,
    #[serde(borrow)]
    state: &'k RawValue,
}

/// What was kept.
pub(crate) struct Kept<'k> {
    pub(crate) last: Option<Key>,
    /// `None` if it was kept by who didn't say.
    pub(crate) late: Option<Late>,
    /// The state's own text.
    pub(crate) state: &'k str,
}

/// The text to be kept of a state.
pub(crate) fn kept_state<A: Aggregate>(last: Option<Key>, late: &Late, state: Json) -> Json {
    if A::CORRECTIONS.is_none() {
        return state;
    }
    let place = |key: Option<Key>| match key {
        Some(key) => format!("[{},{}]", key.effective_at.micros(), key.slot),
        None => "null".to_owned(),
    };
    let (last, highest, state) = (place(last), place(late.highest), state.as_str());
    let mut entries = String::new();
    for (revision, Key { effective_at, slot }) in &late.entries {
        let comma = if entries.is_empty() { "" } else { "," };
        let micros = effective_at.micros();
        // Writing to a text can't fail.
        let _ = write!(entries, "{comma}[{revision},{micros},{slot}]");
    }
    let since = late.since;
    Json::from_stored(format!(
        r#"{{"last":{last},"late":[{since},{highest},[{entries}]],"state":{state}}}"#
    ))
}

/// What was kept; `None` if it was in another form.
pub(crate) fn read_kept<A: Aggregate>(text: &str) -> Option<Kept<'_>> {
    if A::CORRECTIONS.is_none() {
        return Some(Kept {
            last: None,
            late: None,
            state: text,
        });
    }
    let stored: Stored<'_> = serde_json::from_str(text).ok()?;
    let key = |(micros, slot)| {
        Some(Key {
            effective_at: Timestamp::from_micros(micros)?,
            slot: Revision::new(slot),
        })
    };
    let place = |stored: Option<(i64, u64)>| match stored {
        None => Some(None),
        Some(stored) => key(stored).map(Some),
    };
    let late = match stored.late {
        None => None,
        Some((since, highest, entries)) => Some(Late {
            since: Revision::new(since),
            highest: place(highest)?,
            entries: (entries.into_iter())
                .map(|(revision, micros, slot)| {
                    Some((Revision::new(revision), key((micros, slot))?))
                })
                .collect::<Option<_>>()?,
        }),
    };
    let last = place(stored.last)?;
    Some(Kept {
        last,
        late,
        state: stored.state.get(),
    })
}
