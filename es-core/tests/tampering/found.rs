//! Whatever one does to a log, somebody finds it.

use es_core::{BreakKind, EventId, Json, Position, Revision, Timestamp, Verification};
use es_memory::MemoryStore;
use proptest::prelude::*;

use crate::edited::{Edited, breaks, stream, written};

/// What is done to an event, or behind it.
#[derive(Debug, Clone, Copy)]
enum Edit {
    Payload,
    Metadata,
    Name,
    Version,
    Id,
    Effective,
    Recorded,
    Hash,
    NoHash,
    Delete,
    DeleteAndMoveUp,
    Swap,
    SwapRevisions,
    SwapPositions,
    Insert,
    InsertAndMoveDown,
}

impl Edit {
    const ALL: [Self; 16] = [
        Self::Payload,
        Self::Metadata,
        Self::Name,
        Self::Version,
        Self::Id,
        Self::Effective,
        Self::Recorded,
        Self::Hash,
        Self::NoHash,
        Self::Delete,
        Self::DeleteAndMoveUp,
        Self::Swap,
        Self::SwapRevisions,
        Self::SwapPositions,
        Self::Insert,
        Self::InsertAndMoveDown,
    ];

    /// Done to the event at `place`, and to the next one of its stream, if there must be two.
    fn done(self, log: &mut Edited, place: usize, next: Option<usize>) -> bool {
        let (stream, revision) = (
            log.0[place].envelope.stream.clone(),
            log.0[place].envelope.revision,
        );
        let event = &mut log.0[place];
        match self {
            Self::Payload => event.payload = Json::from_stored("{\"other\":1}"),
            Self::Metadata => event.envelope.metadata = Json::from_stored("{\"actor\":\"me\"}"),
            Self::Name => event.name = "task.renamed".into(),
            Self::Version => event.version += 1,
            Self::Id => event.envelope.id = EventId::random(),
            Self::Effective => event.envelope.effective_at = Some(Timestamp::EPOCH),
            Self::Recorded => event.envelope.recorded_at = Timestamp::EPOCH,
            Self::Hash => event.hash = Some(es_core::Digest::from_bytes([7; 32])),
            Self::NoHash => event.hash = None,
            Self::Delete | Self::DeleteAndMoveUp => {
                log.0.remove(place);
                if matches!(self, Self::DeleteAndMoveUp) {
                    log.moved(&stream, revision, -1);
                }
            }
            Self::Swap | Self::SwapRevisions | Self::SwapPositions => {
                let Some(next) = next else { return false };
                log.exchanged(self, place, next);
            }
            Self::Insert | Self::InsertAndMoveDown => {
                let mut inserted = event.clone();
                inserted.envelope.id = EventId::random();
                if matches!(self, Self::InsertAndMoveDown) {
                    log.moved(&stream, revision, 1);
                    // Behind all positions: only the order of the stream's own events matters to it.
                    for event in &mut log.0[place..] {
                        event.position = Position::new(event.position.number() + 1);
                    }
                    log.0.insert(place, inserted);
                } else {
                    let last = *log.of_stream(&stream).last().unwrap();
                    inserted.envelope.revision = log.0[last].envelope.revision.next();
                    inserted.position = Position::new(log.0.len() as u64 + 1);
                    log.0.push(inserted);
                }
            }
        }
        true
    }
}

impl Edited {
    fn moved(&mut self, of: &es_core::StreamId, from: Revision, by: i64) {
        for place in self.of_stream(of) {
            let revision = &mut self.0[place].envelope.revision;
            if *revision >= from {
                *revision = Revision::new(revision.number().saturating_add_signed(by));
            }
        }
    }

    fn exchanged(&mut self, edit: Edit, one: usize, other: usize) {
        let (mut first, mut second) = (self.0[one].clone(), self.0[other].clone());
        if !matches!(edit, Edit::SwapPositions) {
            std::mem::swap(&mut first.position, &mut second.position);
        }
        if !matches!(edit, Edit::SwapRevisions) {
            let (one, other) = (&mut first.envelope, &mut second.envelope);
            std::mem::swap(&mut one.revision, &mut other.revision);
        }
        if matches!(edit, Edit::Swap) {
            let (one, other) = (&mut first.envelope, &mut second.envelope);
            std::mem::swap(&mut one.recorded_at, &mut other.recorded_at);
        }
        (self.0[one], self.0[other]) = match edit {
            Edit::SwapPositions => {
                std::mem::swap(&mut first.envelope.revision, &mut second.envelope.revision);
                std::mem::swap(&mut first.position, &mut second.position);
                (second, first)
            }
            _ => (second, first),
        };
    }
}

/// What is left of a log whose hashes somebody took away, all of them.
fn without_hashes() -> Edited {
    let (mut log, _) = run(written(
        MemoryStore::new().tamper_evident(),
        &[0, 1, 0, 1],
        9,
    ));
    for event in &mut log.0 {
        event.hash = None;
    }
    log.0[2].payload = Json::from_stored("{\"other\":1}");
    log.0.truncate(4);
    log
}

#[test]
fn hashes_that_were_taken_from_all_events_are_found_where_the_store_knows_of_them() {
    let mut log = without_hashes();
    let found = run(log.verify(&[]));
    assert_eq!(breaks(&found), ["task/0 1: changed", "task/1 1: changed"]);
    // From the third on.
    log.1 = Some(Position::new(3));
    let found = run(log.verify(&[]));
    assert_eq!(breaks(&found), ["task/0 2: changed", "task/1 2: changed"]);
    let told = found.to_string();
    let events = "4 events, 4 of them without a hash: of these only seals tell\n";
    assert!(told.ends_with(&format!("changed\n{events}")), "{told}");
}

#[test]
fn a_check_says_how_many_events_no_hash_speaks_for() {
    let mut log = without_hashes();
    log.1 = None;
    let found = run(log.verify(&[]));
    assert!(found.is_clean(), "{found}");
    let told = "nothing found in 4 events, 4 of them without a hash: of these only seals tell\n";
    assert_eq!(found.to_string(), told);
}

fn run<T>(future: impl Future<Output = T>) -> T {
    futures_util::FutureExt::now_or_never(future).expect("nothing waits")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_is_done_to_one_event_is_found_in_its_stream(
        to in proptest::collection::vec(0_usize..4, 2..30),
        seal_after in 1_usize..12,
        place in any::<prop::sample::Index>(),
        edit in prop::sample::select(&Edit::ALL[..]),
    ) {
        let (mut log, kept) = run(written(MemoryStore::new().tamper_evident(), &to, seal_after));
        let clean = run(log.verify(std::slice::from_ref(&kept)));
        prop_assert!(clean.is_clean(), "{clean}");
        let of_streams: Vec<usize> = (0..4).flat_map(|number| log.of_stream(&stream(number))).collect();
        let place = of_streams[place.index(of_streams.len())];
        let of = log.0[place].envelope.stream.clone();
        let next = log.of_stream(&of).into_iter().find(|next| *next > place);
        prop_assume!(edit.done(&mut log, place, next));
        for kept in [&[][..], &[kept][..]] {
            let found = run(log.verify(kept));
            prop_assert!(found.breaks().iter().any(|found| found.stream == of), "{edit:?}: {found}");
        }
    }

    /// Who computes all hashes of a stream anew is found by the seals in the log, at the very event.
    #[test]
    fn hashes_that_were_computed_anew_are_found_at_the_first_event_that_differs(
        to in proptest::collection::vec(0_usize..4, 2..30),
        seal_after in 1_usize..12,
        place in any::<prop::sample::Index>(),
    ) {
        let (mut log, kept) = run(written(MemoryStore::new().tamper_evident(), &to, seal_after));
        let of_streams: Vec<usize> = (0..4).flat_map(|number| log.of_stream(&stream(number))).collect();
        let place = of_streams[place.index(of_streams.len())];
        let envelope = log.0[place].envelope.clone();
        log.0[place].payload = Json::from_stored("{\"other\":1}");
        log.hash_anew(&envelope.stream);
        let found = run(log.verify(&[kept]));
        let expected = format!("{} {}: rewritten", envelope.stream, envelope.revision);
        prop_assert_eq!(breaks(&found), [expected]);
        prop_assert_eq!(found.unlike().len(), 1);
    }

    /// Where a store computes no hashes, the seals tell the same.
    #[test]
    fn without_hashes_seals_tell_which_event_differs(
        to in proptest::collection::vec(0_usize..4, 2..30),
        seal_after in 1_usize..12,
        place in any::<prop::sample::Index>(),
    ) {
        let (mut log, kept) = run(written(MemoryStore::new(), &to, seal_after));
        let clean = run(log.verify(std::slice::from_ref(&kept)));
        prop_assert!(clean.is_clean(), "{clean}");
        prop_assert_eq!(clean.unhashed(), clean.events());
        let of_streams: Vec<usize> = (0..4).flat_map(|number| log.of_stream(&stream(number))).collect();
        let place = of_streams[place.index(of_streams.len())];
        let envelope = log.0[place].envelope.clone();
        log.0[place].payload = Json::from_stored("{\"other\":1}");
        let found = run(log.verify(&[kept]));
        let expected = format!("{} {}: rewritten", envelope.stream, envelope.revision);
        prop_assert_eq!(breaks(&found), [expected]);
    }

    /// A kept seal tells of a cut tail, whatever else is left.
    #[test]
    fn a_tail_that_was_cut_off_is_missing(
        to in proptest::collection::vec(0_usize..4, 2..30),
        seal_after in 1_usize..12,
        left in any::<prop::sample::Index>(),
    ) {
        let (mut log, kept) = run(written(MemoryStore::new().tamper_evident(), &to, seal_after));
        let sealed = usize::try_from(kept.position.number()).unwrap();
        log.0.truncate(left.index(sealed));
        let found: Verification = run(log.verify(std::slice::from_ref(&kept)));
        prop_assert!(found.breaks().iter().any(|found| found.kind == BreakKind::Missing), "{found}");
        prop_assert_eq!(found.unlike(), [kept]);
    }
}
