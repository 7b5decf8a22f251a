//! An aggregate whose events have every kind of history, and every way of reading what a store kept of it. What is
//! stored may be anything: each reading answers with a value or an error, and what was understood can be written again.
//!
//! The fuzz target reads in the same way; it takes this file as it is.

use std::collections::BTreeMap;

use es_core::{
    Aggregate, Apply, Checkpoint, Create, Envelope, Event, EventId, EventSet, Json, Metadata,
    NoError, Position, Recorded, Revision, StoredEvent, StreamId, Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// As deep as the payload nests it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tree {
    #[serde(default)]
    branches: Vec<Tree>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Form {
    Plain,
    Of(u8),
    Pair(i64, String),
    Named { letter: char },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "begun", formerly = "started")]
pub(crate) struct Begun {
    owner: String,
    tree: Tree,
    form: Form,
    exact: f64,
    wide: i128,
    words: BTreeMap<String, Option<bool>>,
    anything: Value,
}

/// Changes of fields, and between them a function on the whole payload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(
    name = "changed",
    version = 6,
    removed("memo", since = 2),
    upcast(to = 4, with = wrapped),
    removed("wrapped", since = 6)
)]
pub(crate) struct Changed {
    #[event(since = 2, renamed_from = "sum", try_converted = parsed)]
    #[event(since = 3, renamed_from = "euros", converted = cents)]
    cents: i64,
    #[event(since = 2)]
    note: Option<String>,
    #[event(since = 5, renamed_from = "to")]
    from: Value,
    #[event(since = 5, renamed_from = "from")]
    to: Value,
    #[event(since = 6, default = {"letters": ["a", "\u{1F3E6}\n"], "deep": [[[1.5, -0]]]})]
    added: Value,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a conversion takes what it converts"
)]
fn parsed(text: String) -> Result<f64, std::num::ParseFloatError> {
    text.parse()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "saturating is a value like any other here"
)]
fn cents(euros: f64) -> i64 {
    (euros * 100.0) as i64
}

fn wrapped(payload: Value) -> Result<Value, String> {
    match payload {
        Value::Object(mut fields) => {
            let before = Value::Object(fields.clone());
            fields.insert("wrapped".to_owned(), before);
            Ok(Value::Object(fields))
        }
        other => Err(other.to_string()),
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "moved", version = 2)]
pub(crate) struct MovedV2 {
    place: String,
    #[event(since = 2, default = 0)]
    floor: i8,
}

/// By way of an older struct.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "moved", version = 3, upcast(from = MovedV2))]
pub(crate) struct Moved {
    place: (String, i8),
}

impl From<MovedV2> for Moved {
    fn from(old: MovedV2) -> Self {
        Self {
            place: (old.place, old.floor),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "ended")]
pub(crate) struct Ended;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "renamed", version = 2)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Renamed {
    #[event(since = 2, renamed_from = "new_name")]
    new_name: Box<str>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(name = "subject", id = String, event = SubjectEvent, error = NoError, snapshot(every = 2, fold = 1))]
#[event(Begun, initial)]
#[event(Changed, recorded)]
#[event(Moved)]
#[event(Ended)]
#[event(Renamed)]
#[event(retired = "forgotten")]
pub(crate) struct Subject {
    owner: String,
    cents: i64,
    last: Option<Timestamp>,
    place: Option<Moved>,
}

impl Create<Begun> for Subject {
    fn create(event: Begun) -> Self {
        Self {
            owner: event.owner,
            cents: 0,
            last: None,
            place: None,
        }
    }
}

impl Apply<Recorded<Changed>> for Subject {
    fn apply(&mut self, event: Recorded<Changed>) {
        self.cents = self.cents.wrapping_add(event.cents);
        self.last = Some(event.effective_at);
    }
}

impl Apply<Moved> for Subject {
    fn apply(&mut self, event: Moved) {
        self.place = Some(event);
    }
}

impl Apply<Ended> for Subject {
    fn apply(&mut self, _: Ended) {
        self.place = None;
    }
}

impl Apply<Renamed> for Subject {
    fn apply(&mut self, event: Renamed) {
        self.owner = event.new_name.into();
    }
}

/// Every name that is known, former and retired ones with them, and one that isn't.
pub(crate) const NAMES: [&str; 8] = [
    "begun",
    "started",
    "changed",
    "moved",
    "ended",
    "renamed",
    "forgotten",
    "unheard-of",
];

/// A payload of each version of each event, to begin from.
pub(crate) const PAYLOADS: [(&str, u32, &str); 13] = [
    (
        "begun",
        1,
        r#"{"owner":"ada","tree":{"branches":[{},{"branches":[]}]},"form":{"Pair":[-1,"x"]},"exact":0.1,"wide":170141183460469231731687303715884105727,"words":{"a":null,"b":true},"anything":[1,{"x":"y"}]}"#,
    ),
    (
        "started",
        1,
        r#"{"owner":"","tree":{},"form":{"Named":{"letter":"\ud83c\udfe6"}},"exact":-1e-300,"wide":-5,"words":{},"anything":null}"#,
    ),
    (
        "changed",
        1,
        r#"{"sum":"1.25","memo":[{}],"from":1,"to":"a"}"#,
    ),
    (
        "changed",
        2,
        r#"{"euros":1.25,"note":"n","from":{},"to":[]}"#,
    ),
    ("changed", 3, r#"{"cents":125,"note":null,"from":0,"to":0}"#),
    (
        "changed",
        4,
        r#"{"cents":-9223372036854775808,"from":1,"to":2,"wrapped":{}}"#,
    ),
    (
        "changed",
        5,
        r#"{"cents":9223372036854775807,"note":"\u0000","from":"","to":1e308}"#,
    ),
    (
        "changed",
        6,
        r#"{"cents":0,"note":null,"from":0,"to":0,"added":{"k":[]}}"#,
    ),
    ("moved", 1, r#"{"place":"here"}"#),
    ("moved", 2, r#"{"place":"there","floor":-128}"#),
    ("moved", 3, r#"{"place":["where",127]}"#),
    ("ended", 1, "null"),
    ("renamed", 1, r#"{"new_name":"grace"}"#),
];

/// Reads a payload as an event of each kind of history, and folds it into a state that begins and one that has begun.
/// What was read is written, and read again as the same.
pub(crate) fn read_event(name: &str, version: u32, payload: &str, metadata: &str) {
    let decoded = SubjectEvent::decode(name, version, payload);
    if let Ok(Some(event)) = &decoded {
        // A function may have wrapped a payload more deeply than can be stored; writing says so.
        if let Ok(json) = event.encode() {
            let of = event.descriptor();
            let again = SubjectEvent::decode(of.name, of.version, json.as_str());
            assert_eq!(again.as_ref(), Ok(&Some(event.clone())));
        }
    }
    let stored = stored(name, version, payload, metadata);
    let mut begins = None;
    let mut goes_on = Some(subject());
    let folded = [
        Subject::fold_stored(&mut begins, &stored),
        Subject::fold_stored(&mut goes_on, &stored),
    ];
    for folded in folded {
        if let Err(reason) = folded {
            let _ = format!("{reason} {reason:?} {}", stored.undecodable(reason.clone()));
        }
    }
    assert!(goes_on.is_some(), "a state that began was lost");
    assert_eq!(decoded.is_ok(), stored.decode::<SubjectEvent>().is_ok());
}

pub(crate) fn subject() -> Subject {
    Subject {
        owner: "ada".to_owned(),
        cents: i64::MAX,
        last: None,
        place: None,
    }
}

pub(crate) fn stored(name: &str, version: u32, payload: &str, metadata: &str) -> StoredEvent {
    let stream = StreamId::new(Subject::CATEGORY, "1").expect("a well-formed name");
    let id = EventId::from_bytes([7; 16]);
    let mut envelope = Envelope::new(id, stream, Revision::new(u64::MAX), Timestamp::MAX);
    envelope.metadata = Json::from_stored(metadata);
    StoredEvent::new(
        envelope,
        Position::END,
        name,
        version,
        Json::from_stored(payload),
    )
}

/// Reads a text as everything else that is stored or given as text. What is understood is written as it was meant.
pub(crate) fn read_text(text: &str) {
    if let Ok(json) = Json::parse(text) {
        assert_eq!(json.as_str(), text);
        if let Err(error) = serde_json::from_str::<Value>(text) {
            assert!(!error.to_string().contains("recursion"), "{error}");
        }
    }
    let policy = Subject::SNAPSHOTS.expect("a policy");
    if let Some(state) = (policy.decode)(text) {
        let kept = (policy.encode)(&state).expect("a state that was read");
        assert_eq!((policy.decode)(kept.as_str()), Some(state));
    }
    if let Ok(metadata) = Metadata::decode(&Json::from_stored(text)) {
        let written = metadata.encode().expect("metadata that was read");
        assert_eq!(Metadata::decode(&written).ok(), Some(metadata));
    }
    if let Ok(stream) = text.parse::<StreamId>() {
        assert_eq!(stream.as_str(), text);
        let parts = StreamId::new(stream.category(), stream.id());
        assert_eq!(parts, Ok(stream));
    }
    let _ = StreamId::new(text, text);
    if let Ok(instant) = text.parse::<Timestamp>() {
        assert_eq!(instant.to_string().parse(), Ok(instant));
        assert!((Timestamp::MIN..=Timestamp::MAX).contains(&instant));
    }
    if let Ok(id) = text.parse::<EventId>() {
        assert_eq!(id.to_string().parse().ok(), Some(id));
    }
    // A derived id is made of whatever the key is.
    let stream = StreamId::new("subject", "1").expect("a well-formed name");
    assert_ne!(
        EventId::derived(&stream, text, 0),
        EventId::derived(&stream, text, 1)
    );
    if let Ok(checkpoint) = serde_json::from_str::<Checkpoint>(text) {
        let written = serde_json::to_string(&checkpoint).expect("a checkpoint that was read");
        assert_eq!(
            serde_json::from_str::<Checkpoint>(&written).ok(),
            Some(checkpoint)
        );
    }
    let _ = serde_json::from_str::<Timestamp>(text);
    let _ = serde_json::from_str::<EventId>(text);
    if let Ok(revision) = serde_json::from_str::<Revision>(text) {
        assert!(revision.next() >= revision);
    }
}
