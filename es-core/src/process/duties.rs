use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::record::Record;
use super::trouble::Class;
use crate::{EventId, Position, StoredEvent, Timestamp};

/// What an instance still has to do: the fold of the records in its stream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Duties {
    pub(super) running: bool,
    /// The ids of the commands that have no outcome, in their order.
    pub(super) unsent: Vec<EventId>,
    /// The deadlines that are set, by name.
    pub(super) deadlines: BTreeMap<String, Setting>,
    /// The inputs that wait, in the order of the log.
    pub(super) waiting: Vec<Waiting>,
    pub(super) stuck: Option<Stuck>,
}

/// A deadline that is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Setting {
    /// The record that set it.
    pub(super) id: EventId,
    pub(super) due: Timestamp,
}

/// An input that waits behind what the instance is stuck on, or is that itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Waiting {
    pub(super) event: EventId,
    pub(super) position: Position,
}

/// Why an instance can't go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stuck {
    pub(super) on: Option<EventId>,
    pub(super) reason: String,
    pub(super) class: Class,
    pub(super) attempts: u32,
    pub(super) since: Timestamp,
}

impl Duties {
    pub(super) fn fold(&mut self, stored: &StoredEvent, record: &Record) {
        let id = stored.envelope.id;
        match record {
            Record::Consumed(consumed) => {
                self.running |= !(consumed.passed_over || consumed.after_end);
                self.discharge(consumed.event);
            }
            Record::Deferred(deferred) => self.waiting.push(Waiting {
                event: deferred.event,
                position: deferred.position,
            }),
            Record::Commanded(_) => self.unsent.push(id),
            Record::Accepted(accepted) => self.discharge(accepted.command),
            Record::Rejected(rejected) => self.discharge(rejected.command),
            Record::DeadlineSet(set) => {
                let setting = Setting { id, due: set.due };
                self.deadlines.insert(set.deadline.clone(), setting);
            }
            Record::DeadlineCancelled(cancelled) => {
                self.deadlines.remove(&cancelled.deadline);
            }
            Record::DeadlineFired(fired) => self.discharge(fired.setting),
            Record::Ended(_) => {
                self.running = false;
                self.deadlines.clear();
            }
            Record::Quarantined(quarantined) => {
                self.stuck = Some(Stuck {
                    on: quarantined.on,
                    reason: quarantined.reason.clone(),
                    class: quarantined.class,
                    attempts: quarantined.attempts,
                    since: stored.envelope.recorded_at,
                });
            }
            Record::Resumed(resumed) => {
                self.stuck = None;
                if let Some(skipped) = resumed.skipped {
                    self.discharge(skipped);
                }
            }
            // They stand in the streams of commands' targets, which a process may be one of, and in that of the whole.
            Record::Refused(_)
            | Record::Unchanged(_)
            | Record::Began(_)
            | Record::SetAside(_)
            | Record::Readmitted(_)
            | Record::Discarded(_) => {}
        }
    }

    /// An input, command or deadline that needs nothing more.
    fn discharge(&mut self, id: EventId) {
        self.waiting.retain(|waiting| waiting.event != id);
        self.unsent.retain(|command| *command != id);
        self.deadlines.retain(|_, setting| setting.id != id);
    }

    /// Whether nothing is left to do and nothing may come.
    pub(super) fn is_over(&self) -> bool {
        *self == Self::default()
    }

    /// Whether there is something that can be done now, without an input and whatever the time is.
    pub(super) fn is_pressing(&self) -> bool {
        self.stuck.is_none() && !(self.unsent.is_empty() && self.waiting.is_empty())
    }

    /// The deadline to be met first, if it may be.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let rests = self.stuck.is_some() || !self.waiting.is_empty();
        let settings = self.deadlines.values().filter(|_| !rests);
        settings.map(|setting| setting.due).min()
    }
}
