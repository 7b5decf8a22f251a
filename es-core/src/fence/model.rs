//! Any three versions in any partitions, against what must always hold.

use std::collections::BTreeMap;

use super::tests::{event, key};
use super::{Charge, Fence, FenceState, FenceStep};
use crate::{Partition, Position, StoredEvent};

/// A source of choices that is the same in every run.
struct Choices(u64);

impl Choices {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(self.0 % u64::from(bound)).unwrap()
    }
}

/// A database with a log, and what came of it.
#[derive(Default)]
struct World {
    log: Vec<StoredEvent>,
    rows: Vec<Fence>,
    /// By version and key: the positions that its data holds.
    data: BTreeMap<(u32, String), Vec<Position>>,
    /// The positions whose effect was had.
    effects: Vec<Position>,
    halts: u32,
}

impl World {
    fn append(&mut self, stream: u64) {
        self.log.push(event(self.log.len() as u64 + 1, stream));
    }

    fn begin(&mut self, version: u32, count: u32) {
        let first = Partition::all(count).next().unwrap();
        let Charge::New(row) = Fence::charge(&self.rows, version, first, None).unwrap() else {
            panic!("it is new");
        };
        let others = Partition::all(count).map(|partition| Fence {
            partition: partition.number(),
            ..row
        });
        self.rows.extend(others);
    }

    /// A transaction of a partition, with so many events at most; whether there was anything to do.
    fn step(&mut self, version: u32, partition: Partition, batch: usize) -> bool {
        let is_own = |row: &&Fence| row.version == version && row.partition == partition.number();
        let Some(held) = self.rows.iter().find(is_own).copied() else {
            return false;
        };
        if matches!(held.state, FenceState::Halted | FenceState::Retired) {
            return false;
        }
        let is_next = |event: &&StoredEvent| {
            event.position > held.checkpoint.position && partition.holds(key(event))
        };
        let events: Vec<_> = self
            .log
            .iter()
            .filter(is_next)
            .take(batch)
            .cloned()
            .collect();
        let looked_to = match events.last() {
            Some(last) if events.len() == batch => last.position,
            _ => Position::new(self.log.len() as u64),
        };
        let mut plan = held.plan(&self.rows, &events, looked_to, key, |_| false);
        if plan.taken == events.len() {
            let place = plan.after.checkpoint.position.max(looked_to);
            plan.after.checkpoint.position = place;
        }
        for step in &plan.steps {
            match *step {
                FenceStep::Handle { event, replay } => self.handle(version, event, replay),
                FenceStep::Park { .. } => panic!("nothing is parked"),
                FenceStep::Halt => self.halt(version, partition),
                FenceStep::TakeOver => {}
            }
        }
        if plan
            .steps
            .iter()
            .any(|step| matches!(step, FenceStep::TakeOver))
        {
            self.take_over(version);
        }
        let own = self.rows.iter_mut().find(|row| is_own(&&**row)).unwrap();
        let moved = *own != plan.after;
        *own = plan.after;
        moved
    }

    fn handle(&mut self, version: u32, event: &StoredEvent, replay: bool) {
        let data = self.data.entry((version, key(event).to_owned()));
        data.or_default().push(event.position);
        if !replay {
            self.effects.push(event.position);
        }
    }

    fn halt(&mut self, version: u32, partition: Partition) {
        self.halts += 1;
        for row in &mut self.rows {
            if row.version == version && row.partition != partition.number() {
                assert_eq!(row.state, FenceState::Ready);
                row.state = FenceState::Succeeding;
            } else if row.version < version && row.state != FenceState::Retired {
                let had_effects = row.state.had_effects();
                row.state = if had_effects {
                    FenceState::Halted
                } else {
                    FenceState::Retired
                };
            }
        }
    }

    /// No key is shown with less than before.
    fn take_over(&mut self, version: u32) {
        let answered = Fence::answering(&self.rows).unwrap();
        for ((_, key), before) in self.data.iter().filter(|((of, _), _)| *of == answered) {
            let after = &self.data[&(version, key.clone())];
            assert!(
                after.starts_with(before),
                "{key}: {after:?} after {before:?}"
            );
        }
        for row in self.rows.iter_mut().filter(|row| row.version < version) {
            row.state = FenceState::Retired;
        }
    }

    /// All of this version's partitions go on until there is nothing to do.
    fn finish(&mut self, version: u32, count: u32) {
        for _ in 0..1_000 {
            let moved = Partition::all(count).map(|one| self.step(version, one, 3));
            if !moved.fold(false, |any, moved| any | moved) {
                return;
            }
        }
        panic!("it never comes to an end: {:?}", self.rows);
    }
}

/// Three versions in as many partitions as chance says, one after the other or at once, some of which stop half-way.
fn three_versions(seed: u64) -> World {
    let mut choices = Choices(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut world = World::default();
    let counts: Vec<u32> = (0..3).map(|_| 1 + choices.below(4)).collect();
    let mut begun = 0;
    for round in 0..300 {
        if round == 0 || (begun < 3 && choices.below(60) == 0) {
            begun += 1;
            world.begin(begun, counts[begun as usize - 1]);
        }
        for _ in 0..choices.below(4) {
            world.append(choices.below(9).into());
        }
        let version = 1 + choices.below(begun);
        let count = counts[version as usize - 1];
        let partition = Partition::all(count).nth(choices.below(count) as usize);
        // Some never come: their process is dead.
        let partition = partition.unwrap();
        if (seed + u64::from(version)) % 5 == u64::from(partition.number()) {
            let is_its =
                |row: &&mut Fence| row.version == version && row.partition == partition.number();
            world
                .rows
                .iter_mut()
                .filter(is_its)
                .for_each(|row| row.expired = true);
        } else {
            world.step(version, partition, 1 + choices.below(5) as usize);
        }
    }
    // Nobody is in charge of the older ones any more.
    for row in world.rows.iter_mut().filter(|row| row.version < begun) {
        row.expired = true;
    }
    world.finish(begun, counts[begun as usize - 1]);
    assert_eq!(Fence::answering(&world.rows), Some(begun), "seed {seed}");
    world
}

#[test]
fn every_event_has_its_effect_once_and_every_key_its_order_from_version_to_version() {
    let mut halts = 0;
    for seed in 1..400 {
        let mut world = three_versions(seed);
        let newest = world.rows.iter().map(|row| row.version).max().unwrap();
        let mut held: Vec<Position> = Vec::new();
        for ((_, key), positions) in world.data.iter().filter(|((of, _), _)| *of == newest) {
            assert!(positions.is_sorted(), "{key}, seed {seed}");
            held.extend(positions);
        }
        held.sort();
        world.effects.sort();
        let all: Vec<_> = world.log.iter().map(|event| event.position).collect();
        assert_eq!(held, all, "seed {seed}");
        assert_eq!(world.effects, all, "seed {seed}");
        halts += world.halts;
    }
    assert!(halts > 200, "only {halts} versions were halted");
}
