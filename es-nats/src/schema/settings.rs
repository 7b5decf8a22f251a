//! The settings of a JetStream stream.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::subject;

/// How long a log remembers which appends are under way; see `append.rs`. No append is under way for longer.
/// Nor is it remembered for longer: some servers keep the id of a message that went with its leader until then, and refuse
/// it to the next try.
pub(super) const DUPLICATES: Duration = Duration::from_secs(30);

/// What a log's description says where its events are hashed: the one setting that every version of the server keeps and
/// that is ours to use.
pub(super) const TAMPER_EVIDENT: &str = "tamper-evident";
/// What it says with that, before a sequence: from which message on they are.
const FROM: &str = "tamper-evident from ";

/// The settings of a JetStream stream, in the server's words. What isn't here is the server's business.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "they are the server's")]
pub(super) struct Settings {
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(default)]
    pub subjects: Vec<String>,
    pub retention: String,
    pub storage: String,
    pub discard: String,
    #[serde(default)]
    pub discard_new_per_subject: bool,
    /// -1 for no limit, as for the others; the server also takes 0 for it.
    pub max_msgs: i64,
    pub max_bytes: i64,
    /// Nanoseconds; 0 for no limit.
    pub max_age: i64,
    #[serde(default = "no_limit")]
    pub max_msgs_per_subject: i64,
    #[serde(default = "no_limit")]
    pub max_msg_size: i64,
    #[serde(default = "no_limit")]
    pub max_consumers: i64,
    pub num_replicas: usize,
    /// Nanoseconds.
    #[serde(default)]
    pub duplicate_window: u64,
    #[serde(default)]
    pub deny_delete: bool,
    #[serde(default)]
    pub deny_purge: bool,
    #[serde(default)]
    pub allow_rollup_hdrs: bool,
    #[serde(default)]
    pub sealed: bool,
    #[serde(default)]
    pub no_ack: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirror: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_transform: Option<serde_json::Value>,
    // What older servers don't know isn't said to them either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persist_mode: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow_msg_ttl: bool,
    /// Nanoseconds; 0 for none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub subject_delete_marker_ttl: i64,
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow_msg_counter: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow_msg_schedules: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn no_limit() -> i64 {
    -1
}

impl Settings {
    /// Of a log that isn't tamper-evident.
    pub(super) fn of_log(name: &str, replicas: usize) -> Self {
        Self {
            name: name.to_owned(),
            description: String::new(),
            subjects: vec![subject::of_all(name)],
            retention: "limits".into(),
            storage: "file".into(),
            discard: "new".into(),
            discard_new_per_subject: false,
            max_msgs: -1,
            max_bytes: -1,
            max_age: 0,
            max_msgs_per_subject: -1,
            max_msg_size: -1,
            max_consumers: -1,
            num_replicas: replicas,
            duplicate_window: nanoseconds(DUPLICATES),
            deny_delete: true,
            deny_purge: true,
            allow_rollup_hdrs: false,
            sealed: false,
            no_ack: false,
            mirror: None,
            sources: None,
            subject_transform: None,
            persist_mode: None,
            allow_msg_ttl: false,
            subject_delete_marker_ttl: 0,
            allow_msg_counter: false,
            allow_msg_schedules: false,
        }
    }

    /// Of the snapshots: one message for each, which another replaces, and which may be deleted.
    pub(super) fn of_snapshots(name: &str, replicas: usize) -> Self {
        Self {
            discard: "old".into(),
            max_msgs_per_subject: 1,
            deny_delete: false,
            deny_purge: false,
            ..Self::of_log(name, replicas)
        }
    }

    /// A log's, with hashes.
    pub(super) fn tamper_evident(self) -> Self {
        Self {
            description: format!("{FROM}1"),
            ..self
        }
    }

    pub(super) fn is_tamper_evident(&self) -> bool {
        // Whoever administers the log may say more there.
        self.description.contains(TAMPER_EVIDENT)
    }

    /// The sequence of the message from which on events are hashed, if that is said.
    pub(super) fn hashed_from(&self) -> Option<u64> {
        let (_, said) = self.description.split_once(FROM)?;
        let digits = said.bytes().take_while(u8::is_ascii_digit).count();
        said[..digits].parse().ok()
    }
}

pub(super) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
