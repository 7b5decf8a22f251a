//! The JetStream stream that holds the log: made as it has to be, and looked at whenever it is opened.

mod row;
mod settings;
#[cfg(test)]
mod tests;

use es_core::StoreError;
use serde::Deserialize;

use crate::error::{Fault, Refusal};
use crate::options::{Durability, NatsOptions};
use crate::wire::{Wire, answers};
use row::Row;
use settings::{DUPLICATES, Settings, TAMPER_EVIDENT, nanoseconds};

/// How many replicas survive the loss of one server with all that it had acknowledged.
const REPLICATED: usize = 3;
/// The mode in which a server acknowledges what it has written, and not before.
const PERSISTED: &str = "default";

#[derive(Deserialize)]
struct Info {
    error: Option<Refusal>,
    config: Option<Settings>,
}

answers!(Info);

impl Settings {
    /// What it takes that a log is opened as one that has hashes.
    fn tamper_evidence(&self) -> Row {
        Row {
            setting: "description",
            found: format!("{:?}", self.description),
            wanted: format!("`{TAMPER_EVIDENT}` in it; a log becomes so when it is made"),
            holds: self.is_tamper_evident(),
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

/// A log, as its settings say.
pub(crate) struct Opened {
    pub name: String,
    pub replicas: usize,
    /// Whether its events are hashed. Not a matter of this handle: an event without a hash accuses whoever wrote it.
    pub tamper_evident: bool,
    /// The sequence of the message from which on they are, if the settings say that, too.
    pub hashed_from: Option<u64>,
}

/// Opens the log, or makes it.
pub(crate) async fn open(wire: &Wire, options: &NatsOptions) -> Result<Opened, StoreError> {
    let settings = if let Some(settings) = settings(wire, &options.name).await? {
        settings
    } else {
        let mut wanted = Settings::of_log(&options.name, options.replicas.unwrap_or(1));
        if options.tamper_evident {
            wanted = wanted.tamper_evident();
        }
        make(wire, &wanted).await?
    };
    settings.check(settings.rows(options.replicas))?;
    if options.tamper_evident {
        settings.check(vec![settings.tamper_evidence()])?;
    }
    check_durability(&settings, options.durability)?;
    Ok(Opened {
        replicas: settings.num_replicas,
        tamper_evident: settings.is_tamper_evident(),
        hashed_from: settings.hashed_from(),
        name: settings.name,
    })
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
