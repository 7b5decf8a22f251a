use std::collections::{BTreeMap, BTreeSet};

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
    /// The last event that was ignored; what was recorded of others may be known further on.
    ignored_to: Position,
    /// How many inputs are set aside.
    set_aside: u64,
    /// By the id of the instance's stream; those that are over aren't here.
    instances: BTreeMap<String, Duties>,
    /// What is asked of all of them after each event, so that nobody has to look through them.
    #[serde(skip)]
    sums: Sums,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Sums {
    open: usize,
    unsent: usize,
    deadlines: usize,
    waiting: usize,
    stuck: BTreeSet<String>,
    /// The first deadline of each instance that has one.
    due: BTreeSet<(Timestamp, String)>,
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
        self.sums.take_out(id, &duties);
        duties.fold(stored, &record);
        self.sums.put_in(id, &duties);
        let pressing = duties.is_pressing();
        if !duties.is_over() {
            self.instances.insert(id.to_owned(), duties);
        }
        Ok(pressing)
    }

    /// Takes in a record of the process as a whole. Each input is set aside once, and taken in or passed over once.
    pub(super) fn fold_whole(&mut self, stored: &StoredEvent) -> Result<(), StoreError> {
        if stored.position <= self.position {
            return Ok(());
        }
        let record = Record::of(stored)?;
        self.position = stored.position;
        match record {
            Some(Record::SetAside(_)) => self.set_aside += 1,
            Some(Record::Readmitted(_) | Record::Discarded(_)) => {
                self.set_aside = self.set_aside.saturating_sub(1);
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds up what it holds, after it was loaded.
    pub(super) fn summed(mut self) -> Self {
        self.sums = Sums::default();
        for (id, duties) in &self.instances {
            self.sums.put_in(id, duties);
        }
        self
    }

    /// How many instances have something to do, or may have.
    pub(super) fn len(&self) -> usize {
        self.instances.len()
    }

    /// Takes in that an event concerns no instance that is running.
    pub(super) fn ignore(&mut self, stored: &StoredEvent) {
        if stored.position > self.ignored_to {
            self.ignored_to = stored.position;
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
        let due = self.sums.due.iter().take_while(|(due, _)| *due <= now);
        due.map(|(_, id)| id.clone()).collect()
    }

    /// How many events wait behind what an instance is stuck on, or are set aside.
    pub(super) fn parked(&self) -> u64 {
        self.sums.waiting as u64 + self.set_aside
    }

    pub(super) fn overview(&self) -> Overview {
        let Sums {
            open,
            unsent,
            deadlines,
            waiting,
            stuck,
            ..
        } = &self.sums;
        Overview {
            ignored: self.ignored,
            open: *open as u64,
            unsent: *unsent as u64,
            deadlines: *deadlines as u64,
            waiting: *waiting as u64,
            set_aside: self.set_aside,
            delayed: Vec::new(),
            stuck: stuck.iter().filter_map(|id| self.stuck(id)).collect(),
        }
    }

    fn stuck(&self, id: &str) -> Option<StuckInstance> {
        let stuck = self.instances.get(id)?.stuck.as_ref()?;
        Some(StuckInstance {
            key: id.to_owned(),
            on: stuck.on,
            reason: stuck.reason.clone(),
            class: stuck.class.into(),
            attempts: stuck.attempts,
            since: stuck.since,
        })
    }
}

impl Sums {
    fn put_in(&mut self, id: &str, duties: &Duties) {
        self.open += usize::from(duties.running);
        self.unsent += duties.unsent.len();
        self.deadlines += duties.deadlines.len();
        self.waiting += duties.waiting.len();
        if duties.stuck.is_some() {
            self.stuck.insert(id.to_owned());
        }
        if let Some(due) = duties.next_due() {
            self.due.insert((due, id.to_owned()));
        }
    }

    fn take_out(&mut self, id: &str, duties: &Duties) {
        self.open -= usize::from(duties.running);
        self.unsent -= duties.unsent.len();
        self.deadlines -= duties.deadlines.len();
        self.waiting -= duties.waiting.len();
        self.stuck.remove(id);
        if let Some(due) = duties.next_due() {
            self.due.remove(&(due, id.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Agenda;
    use crate::process::record::{
        Accepted, Consumed, DeadlineCancelled, DeadlineFired, DeadlineSet, Deferred, Ended,
        Quarantined, Record, Resumed,
    };
    use crate::process::trouble::Class;
    use crate::{EventId, Json, Placement, Position, Revision, StoredEvent, StreamId, Timestamp};

    /// Numbers without a pattern, the same in every run.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, bound: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (self.0 >> 33) % bound
        }

        /// One of a few, so that records are about the same things.
        fn id(&mut self) -> EventId {
            EventId::from_bytes(u128::from(self.below(6)).to_be_bytes())
        }

        fn record(&mut self, position: Position) -> Record {
            let (event, name) = (self.id(), String::new());
            let deadline = || "due".to_owned();
            match self.below(10) {
                0 | 1 => Record::Consumed(Consumed {
                    event,
                    name,
                    position,
                    passed_over: self.below(2) == 0,
                    after_end: false,
                }),
                2 => Record::Deferred(Deferred {
                    event,
                    name,
                    position,
                }),
                3 => Record::Accepted(Accepted { command: event }),
                4 | 5 => Record::DeadlineSet(DeadlineSet {
                    deadline: deadline(),
                    due: Timestamp::from_micros(self.below(9).cast_signed()).unwrap(),
                }),
                6 => Record::DeadlineCancelled(DeadlineCancelled {
                    deadline: deadline(),
                }),
                7 => Record::DeadlineFired(DeadlineFired {
                    setting: event,
                    deadline: deadline(),
                    due: Timestamp::EPOCH,
                }),
                8 => match self.below(3) {
                    0 => Record::Ended(Ended {}),
                    1 => Record::Resumed(Resumed {
                        skipped: Some(event),
                    }),
                    _ => Record::Resumed(Resumed { skipped: None }),
                },
                _ => Record::Quarantined(Quarantined {
                    on: Some(event),
                    reason: "a bug".to_owned(),
                    class: Class::Applying,
                    attempts: 1,
                }),
            }
        }
    }

    #[test]
    fn what_is_added_up_after_each_record_is_the_sum_of_all_instances() {
        let (mut agenda, mut numbers) = (Agenda::default(), Numbers(1));
        let nothing = Json::parse("{}").unwrap();
        for number in 1..=3_000 {
            let position = Position::new(number);
            let stream = StreamId::new("payment", &numbers.below(7).to_string()).unwrap();
            let record = numbers.record(position);
            let event = record.encode(numbers.id(), &nothing).unwrap();
            let at = Placement::new(Revision::FIRST, position, Timestamp::EPOCH);
            agenda
                .fold(&StoredEvent::placed(&stream, event, at))
                .unwrap();
            assert_eq!(agenda, agenda.clone().summed(), "after {number}");
            let due = Timestamp::from_micros(4).unwrap();
            let all = agenda.instances.iter();
            let is_due = all.filter(|(_, duties)| duties.next_due().is_some_and(|at| at <= due));
            let mut found = agenda.due(due);
            found.sort();
            assert!(is_due.map(|(id, _)| id).eq(&found), "after {number}");
        }
    }
}
