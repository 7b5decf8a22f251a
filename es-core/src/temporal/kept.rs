//! What a snapshot of an aggregate that takes corrections keeps beside the state: where its last fact stands.
//!
//! It stands within the kept state, so that stores needn't know of it: `{"last":[microseconds, slot],"state":…}`.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fact::Key;
use crate::{Aggregate, Json, Revision, Timestamp};

#[derive(Deserialize)]
struct Kept<'k> {
    last: Option<(i64, u64)>,
    #[serde(borrow)]
    state: &'k RawValue,
}

/// The text to be kept of a state.
pub(crate) fn kept_state<A: Aggregate>(last: Option<Key>, state: Json) -> Json {
    if A::CORRECTIONS.is_none() {
        return state;
    }
    let last = last.map(|key| format!("[{},{}]", key.effective_at.micros(), key.slot));
    let (last, state) = (last.as_deref().unwrap_or("null"), state.as_str());
    Json::from_stored(format!(r#"{{"last":{last},"state":{state}}}"#))
}

/// Where the last fact stands, and the state's own text; `None` if it was kept in another form.
pub(crate) fn read_kept<A: Aggregate>(text: &str) -> Option<(Option<Key>, &str)> {
    if A::CORRECTIONS.is_none() {
        return Some((None, text));
    }
    let kept: Kept<'_> = serde_json::from_str(text).ok()?;
    let key = match kept.last {
        None => None,
        Some((micros, slot)) => Some(Key {
            effective_at: Timestamp::from_micros(micros)?,
            slot: Revision::new(slot),
        }),
    };
    Some((key, kept.state.get()))
}
