//! The JetStream stream that holds the log: made as it has to be, and looked at whenever it is opened.

mod row;
#[cfg(test)]
mod tests;

use std::time::Duration;

use es_core::StoreError;
use serde::{Deserialize, Serialize};

use crate::error::{Fault, Refusal};
use crate::options::{Durability, NatsOptions};
use crate::subject;
use crate::wire::{Wire, answers};
use row::Row;

/// How many replicas survive the loss of one server with all that it had acknowledged.
const REPLICATED: usize = 3;
/// How long a log remembers which appends are under way; see `append.rs`. No append is under way for longer.
/// Nor is it remembered for longer: some servers keep the id of a message that went with its leader until then, and refuse
/// it to the next try.
const DUPLICATES: Duration = Duration::from_secs(30);

/// The mode in which a server acknowledges what it has written, and not before.
const PERSISTED: &str = "default";

/// The settings of a JetStream stream, in the server's words. What isn't here is the server's business.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "they are the server's")]
struct Settings {
    name: String,
    #[serde(default)]
    subjects: Vec<String>,
    retention: String,
    storage: String,
    discard: String,
    #[serde(default)]
    discard_new_per_subject: bool,
    /// -1 for no limit, as for the others; the server also takes 0 for it.
    max_msgs: i64,
    max_bytes: i64,
    /// Nanoseconds; 0 for no limit.
    max_age: i64,
    #[serde(default = "no_limit")]
    max_msgs_per_subject: i64,
    #[serde(default = "no_limit")]
    max_msg_size: i64,
    #[serde(default = "no_limit")]
    max_consumers: i64,
    num_replicas: usize,
    /// Nanoseconds.
    #[serde(default)]
    duplicate_window: u64,
    #[serde(default)]
    deny_delete: bool,
    #[serde(default)]
    deny_purge: bool,
    #[serde(default)]
    allow_rollup_hdrs: bool,
    #[serde(default)]
    sealed: bool,
    #[serde(default)]
    no_ack: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mirror: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sources: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject_transform: Option<serde_json::Value>,
    // What older servers don't know isn't said to them either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    persist_mode: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    allow_msg_ttl: bool,
    /// Nanoseconds; 0 for none.
    #[serde(default, skip_serializing_if = "is_default")]
    subject_delete_marker_ttl: i64,
    #[serde(default, skip_serializing_if = "is_default")]
    allow_msg_counter: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    allow_msg_schedules: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn no_limit() -> i64 {
    -1
}

#[derive(Deserialize)]
struct Info {
    error: Option<Refusal>,
    config: Option<Settings>,
}

answers!(Info);

impl Settings {
    /// Of the log.
    fn of_log(name: &str, replicas: usize) -> Self {
        Self {
            name: name.to_owned(),
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
    fn of_snapshots(name: &str, replicas: usize) -> Self {
        Self {
            discard: "old".into(),
            max_msgs_per_subject: 1,
            deny_delete: false,
            deny_purge: false,
            ..Self::of_log(name, replicas)
        }
    }

    /// What it takes that no event is lost, changed or refused.
    fn rows(&self, replicas: Option<usize>) -> Vec<Row> {
        let wanted = Self::of_log(&self.name, self.num_replicas);
        vec![
            Row::same("storage", &self.storage, &wanted.storage),
            Row::same("retention", &self.retention, &wanted.retention),
            Row::same("discard", &self.discard, &wanted.discard),
            Row::same(
                "discard_new_per_subject",
                &self.discard_new_per_subject,
                &false,
            ),
            Row::same("subjects", &self.subjects, &wanted.subjects),
            Row::same("subject_transform", &self.subject_transform, &None),
            Row::same("mirror", &self.mirror, &None),
            Row::same("sources", &self.sources, &None),
            Row::same("max_age", &self.max_age, &0),
            Row::no_limit("max_msgs", self.max_msgs),
            Row::no_limit("max_bytes", self.max_bytes),
            Row::no_limit("max_msgs_per_subject", self.max_msgs_per_subject),
            Row::no_limit("max_msg_size", self.max_msg_size),
            Row::no_limit("max_consumers", self.max_consumers),
            Row::same("deny_delete", &self.deny_delete, &true),
            Row::same("deny_purge", &self.deny_purge, &true),
            Row::same("allow_rollup_hdrs", &self.allow_rollup_hdrs, &false),
            Row::same("sealed", &self.sealed, &false),
            Row::same("no_ack", &self.no_ack, &false),
            // Else it acknowledges what it hasn't written.
            Row::same(
                "persist_mode",
                &self.persist_mode.as_deref().unwrap_or(PERSISTED),
                &PERSISTED,
            ),
            Row::same("allow_msg_ttl", &self.allow_msg_ttl, &false),
            Row::same(
                "subject_delete_marker_ttl",
                &self.subject_delete_marker_ttl,
                &0,
            ),
            Row::same("allow_msg_counter", &self.allow_msg_counter, &false),
            Row::same("allow_msg_schedules", &self.allow_msg_schedules, &false),
            Row::at_least(
                "duplicate_window",
                &self.duplicate_window,
                &nanoseconds(DUPLICATES),
            ),
            Row::at_least("num_replicas", &self.num_replicas, &replicas.unwrap_or(0)),
        ]
    }

    /// What it takes that snapshots replace each other, can be deleted and are nothing else.
    fn snapshot_rows(&self) -> Vec<Row> {
        let wanted = Self::of_snapshots(&self.name, self.num_replicas);
        vec![
            Row::same("subjects", &self.subjects, &wanted.subjects),
            Row::same("subject_transform", &self.subject_transform, &None),
            Row::same("mirror", &self.mirror, &None),
            Row::same("max_msgs_per_subject", &self.max_msgs_per_subject, &1),
            Row::same("deny_delete", &self.deny_delete, &false),
            Row::same("deny_purge", &self.deny_purge, &false),
            Row::same("sealed", &self.sealed, &false),
            Row::same("no_ack", &self.no_ack, &false),
        ]
    }

    /// The first setting that isn't as it has to be.
    fn check(&self, rows: Vec<Row>) -> Result<(), Fault> {
        match rows.into_iter().find(|row| !row.holds) {
            None => Ok(()),
            Some(row) => Err(Fault::Setting {
                stream: self.name.clone(),
                setting: row.setting,
                found: row.found,
                wanted: row.wanted,
            }),
        }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Opens the log, or makes it; how many replicas it has.
pub(crate) async fn open(wire: &Wire, options: &NatsOptions) -> Result<usize, StoreError> {
    let settings = match settings(wire, &options.name).await? {
        Some(settings) => settings,
        None => {
            make(
                wire,
                &Settings::of_log(&options.name, options.replicas.unwrap_or(1)),
            )
            .await?
        }
    };
    settings.check(settings.rows(options.replicas))?;
    check_durability(&settings, options.durability)?;
    Ok(settings.num_replicas)
}

/// Makes the stream of the snapshots, if there is none. One that isn't of snapshots isn't touched.
pub(crate) async fn open_snapshots(
    wire: &Wire,
    name: &str,
    replicas: usize,
) -> Result<(), StoreError> {
    let settings = match settings(wire, name).await? {
        Some(settings) => settings,
        None => make(wire, &Settings::of_snapshots(name, replicas)).await?,
    };
    settings.check(settings.snapshot_rows())?;
    Ok(())
}

async fn settings(wire: &Wire, name: &str) -> Result<Option<Settings>, StoreError> {
    let api = format!("STREAM.INFO.{name}");
    match wire.ask::<Info>(&api, &serde_json::json!({})).await? {
        Ok(info) => Ok(Some(info.config.ok_or(Fault::NotUnderstood)?)),
        Err(refusal) if refusal.err_code == Refusal::NO_STREAM => Ok(None),
        Err(refusal) => Err(StoreError::Backend(refusal.into())),
    }
}

async fn make(wire: &Wire, wanted: &Settings) -> Result<Settings, StoreError> {
    let api = format!("STREAM.CREATE.{}", wanted.name);
    match wire.ask::<Info>(&api, wanted).await? {
        Ok(info) => Ok(info.config.ok_or(Fault::NotUnderstood)?),
        // Another handle was faster, with settings of its own.
        Err(refusal) if refusal.is_name_in_use() => {
            let found = settings(wire, &wanted.name).await?;
            found.ok_or_else(|| StoreError::Backend(refusal.into()))
        }
        Err(refusal) => Err(StoreError::Backend(refusal.into())),
    }
}

/// A server acknowledges before it writes through to the disk, unless it is told to `sync_interval: always`, which it
/// doesn't tell its clients.
fn check_durability(settings: &Settings, durability: Durability) -> Result<(), Fault> {
    let replicas = settings.num_replicas;
    if replicas >= REPLICATED {
        return Ok(());
    }
    match durability {
        Durability::Synced => {}
        Durability::Warn => tracing::warn!(
            log = settings.name,
            replicas,
            "a power loss may take what this server acknowledged last: give the log three replicas, or set the server's \
             `sync_interval` to `always` and say so with `Durability::Synced`"
        ),
        Durability::Replicated => return Err(Fault::TooFewReplicas(replicas)),
    }
    Ok(())
}
