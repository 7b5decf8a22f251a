//! The JetStream stream that holds the log: made as it has to be, and looked at whenever it is opened.

use std::time::Duration;

use es_core::StoreError;
use serde::{Deserialize, Serialize};

use crate::error::{Fault, Refusal};
use crate::options::{Durability, NatsOptions};
use crate::subject;
use crate::wire::{Wire, answers};

/// How many replicas survive the loss of one server with all that it had acknowledged.
const REPLICATED: usize = 3;
/// How long a log remembers which appends are under way; see `append.rs`. No append is under way for longer.
/// Nor is it remembered for longer: some servers keep the id of a message that went with its leader until then, and refuse
/// it to the next try.
const DUPLICATES: Duration = Duration::from_secs(30);

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

    /// The first setting under which an event could be lost, changed or refused.
    fn check(&self, replicas: Option<usize>) -> Result<(), Fault> {
        let wanted = Self::of_log(&self.name, self.num_replicas);
        let differs = |setting, found: String, wanted: String| Fault::Setting {
            stream: self.name.clone(),
            setting,
            found,
            wanted,
        };
        macro_rules! same {
            ($($field:ident),*) => {$(
                if self.$field != wanted.$field {
                    return Err(differs(
                        stringify!($field), format!("{:?}", self.$field), format!("{:?}", wanted.$field),
                    ));
                }
            )*};
        }
        same!(
            storage,
            retention,
            discard,
            discard_new_per_subject,
            max_age,
            subjects,
            deny_delete,
            deny_purge,
            allow_rollup_hdrs,
            sealed,
            no_ack,
            mirror,
            sources,
            subject_transform
        );
        for (setting, limit) in [
            ("max_msgs", self.max_msgs),
            ("max_bytes", self.max_bytes),
            ("max_msgs_per_subject", self.max_msgs_per_subject),
            ("max_msg_size", self.max_msg_size),
        ] {
            if limit > 0 {
                return Err(differs(setting, limit.to_string(), "no limit".into()));
            }
        }
        let shortest = nanoseconds(DUPLICATES);
        if self.duplicate_window < shortest {
            let (found, wanted) = (self.duplicate_window, format!("{shortest} or more"));
            return Err(differs("duplicate_window", found.to_string(), wanted));
        }
        match replicas {
            Some(wanted) if self.num_replicas < wanted => Err(differs(
                "num_replicas",
                self.num_replicas.to_string(),
                format!("{wanted} or more"),
            )),
            _ => Ok(()),
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
    settings.check(options.replicas)?;
    check_durability(&settings, options.durability)?;
    Ok(settings.num_replicas)
}

/// Makes the stream of the snapshots, if there is none.
pub(crate) async fn open_snapshots(
    wire: &Wire,
    name: &str,
    replicas: usize,
) -> Result<(), StoreError> {
    if settings(wire, name).await?.is_none() {
        make(wire, &Settings::of_snapshots(name, replicas)).await?;
    }
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
