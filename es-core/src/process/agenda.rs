use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::duties::Duties;
use super::record::Record;
use super::view::{Overview, StuckInstance};
use crate::{Position, StoreError, StoredEvent, Timestamp};

/// What all instances of a process still have to do: the fold of their records in the order of the log.
///
/// It is saved with the place in the log, so that a process that starts again needn't read the streams of all of its
/// instances. It only says where to look: what is done is decided on an instance's own stream.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Agenda {
    /// Up to where it is folded: an event that is delivered again isn't counted again.
    position: Position,
    ignored: u64,
    /// By the id of the instance's stream; those that are over aren't here.
    instances: BTreeMap<String, Duties>,
}

impl Agenda {
    /// Takes in a record of one of the instances; says whether the instance has something that it can do now.
    pub(super) fn fold(&mut self, stored: &StoredEvent) -> Result<bool, StoreError> {
        if stored.position <= self.position {
            return Ok(false);
        }
        let Some(record) = Record::of(stored)? else {
            return Ok(false);
        };
        self.position = stored.position;
        let id = stored.envelope.stream.id();
        let mut duties = self.instances.remove(id).unwrap_or_default();
        duties.fold(stored, &record);
        let pressing = duties.is_pressing();
        if !duties.is_over() {
            self.instances.insert(id.to_owned(), duties);
        }
        Ok(pressing)
    }

    /// Takes in that an event concerns no instance that is running.
    pub(super) fn ignore(&mut self, stored: &StoredEvent) {
        if stored.position > self.position {
            self.position = stored.position;
            self.ignored += 1;
        }
    }

    /// The instances that have something that they can do now.
    pub(super) fn pressing(&self) -> impl Iterator<Item = &String> {
        let pressing = self
            .instances
            .iter()
            .filter(|(_, duties)| duties.is_pressing());
        pressing.map(|(id, _)| id)
    }

    /// The instances with a deadline that is due.
    pub(super) fn due(&self, now: Timestamp) -> Vec<String> {
        let is_due = |duties: &Duties| duties.next_due().is_some_and(|due| due <= now);
        let due = self.instances.iter().filter(|(_, duties)| is_due(duties));
        due.map(|(id, _)| id.clone()).collect()
    }

    pub(super) fn overview(&self) -> Overview {
        let mut overview = Overview {
            ignored: self.ignored,
            ..Overview::default()
        };
        for (id, duties) in &self.instances {
            overview.open += u64::from(duties.running);
            overview.unsent += duties.unsent.len() as u64;
            overview.deadlines += duties.deadlines.len() as u64;
            overview.waiting += duties.waiting.len() as u64;
            if let Some(stuck) = &duties.stuck {
                overview.stuck.push(StuckInstance {
                    key: id.clone(),
                    on: stuck.on,
                    reason: stuck.reason.clone(),
                    since: stuck.since,
                });
            }
        }
        overview
    }
}
