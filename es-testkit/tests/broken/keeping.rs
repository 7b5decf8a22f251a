//! Flaws of what is kept: payloads, names, times and snapshots, laws 10 and 14.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use es_core::{
    Append, Appended, Clock, EventStore, Json, Placement, Position, Revision, Snapshot,
    SnapshotStore, StoredEvent, StreamId, StreamPage, StreamQuery, Timestamp,
};
use es_testkit::conformance::{Declared, Profile};

use crate::store::{Answer, Beneath, Flaw};

fn changed(json: &Json, change: impl FnOnce(&str) -> String) -> Json {
    Json::from_stored(change(json.as_str()))
}

/// Payloads lose their spaces.
#[derive(Default)]
pub(crate) struct Reformats;

impl Flaw for Reformats {
    fn shown(&self, mut event: StoredEvent) -> StoredEvent {
        event.payload = changed(&event.payload, |text| text.replace(' ', ""));
        event
    }
}

/// Numbers are read as floats, and printed.
#[derive(Default)]
pub(crate) struct RoundsFloats;

impl Flaw for RoundsFloats {
    fn shown(&self, mut event: StoredEvent) -> StoredEvent {
        event.payload = changed(&event.payload, |text| {
            text.replace("0.30000000000000004", "0.3")
        });
        event
    }
}

/// NUL doesn't come back, nor what follows.
#[derive(Default)]
pub(crate) struct EndsAtNul;

impl Flaw for EndsAtNul {
    fn shown(&self, mut event: StoredEvent) -> StoredEvent {
        let cut = |text: &str| text.split("\\u0000").next().unwrap_or_default().to_owned();
        event.payload = changed(&event.payload, cut);
        event.envelope.metadata = changed(&event.envelope.metadata, cut);
        event
    }
}

/// What doesn't fit the column is cut off.
#[derive(Default)]
pub(crate) struct CutsPayloads;

impl Flaw for CutsPayloads {
    fn shown(&self, mut event: StoredEvent) -> StoredEvent {
        if event.payload.as_str().len() > 65_535 {
            event.payload = Json::from_stored("\"…\"");
        }
        event
    }
}

fn millis(time: Timestamp) -> Timestamp {
    Timestamp::from_micros(time.micros() / 1_000 * 1_000).unwrap()
}

/// Times have milliseconds.
#[derive(Default)]
pub(crate) struct Milliseconds;

impl Flaw for Milliseconds {
    fn shown(&self, mut event: StoredEvent) -> StoredEvent {
        event.envelope.effective_at = event.envelope.effective_at.map(millis);
        event.envelope.recorded_at = millis(event.envelope.recorded_at);
        event
    }
}

/// Names are trimmed.
#[derive(Default)]
pub(crate) struct TrimsNames;

impl Flaw for TrimsNames {
    fn shown(&self, mut event: StoredEvent) -> StoredEvent {
        event.name = event.name.trim().into();
        event
    }
}

/// Versions have sixteen bits.
#[derive(Default)]
pub(crate) struct NarrowVersions;

impl Flaw for NarrowVersions {
    fn shown(&self, mut event: StoredEvent) -> StoredEvent {
        event.version &= 0xffff;
        event
    }
}

/// Streams are found by a key that more than one has.
trait Key: Default + Send + Sync + 'static {
    fn key(stream: &StreamId) -> String;
}

#[derive(Default)]
pub(crate) struct LowerCase;

impl Key for LowerCase {
    fn key(stream: &StreamId) -> String {
        stream.id().to_lowercase()
    }
}

#[derive(Default)]
pub(crate) struct Cut;

impl Key for Cut {
    fn key(stream: &StreamId) -> String {
        stream.id().chars().take(255).collect()
    }
}

/// Streams with the same key are one.
#[derive(Default)]
pub(crate) struct OneStream<K>(std::marker::PhantomData<K>);

fn one<K: Key>(stream: &StreamId) -> StreamId {
    StreamId::new(stream.category(), &K::key(stream)).unwrap()
}

impl<K: Key> Flaw for OneStream<K> {
    fn append<'a>(&'a self, beneath: &'a Beneath, mut append: Append) -> Answer<'a, Appended> {
        append.stream = one::<K>(&append.stream);
        beneath.store.append(append)
    }

    fn read_stream<'a>(
        &'a self,
        beneath: &'a Beneath,
        mut query: StreamQuery,
    ) -> Answer<'a, StreamPage> {
        query.stream = one::<K>(&query.stream);
        beneath.store.read_stream(query)
    }
}

/// The clock is a millisecond fast.
#[derive(Default)]
pub(crate) struct FastClock;

impl Flaw for FastClock {
    fn told(&self, at: Placement) -> Placement {
        let fast = at.recorded_at.saturating_add(Duration::from_millis(1));
        Placement::new(at.revision, at.position, fast)
    }
}

/// Record time is whatever the clock shows.
#[derive(Default)]
pub(crate) struct TrustsTheClock(Mutex<HashMap<Position, Timestamp>>);

impl Flaw for TrustsTheClock {
    fn append<'a>(&'a self, beneath: &'a Beneath, append: Append) -> Answer<'a, Appended> {
        Box::pin(async move {
            let now = beneath.clock.now();
            let appended = beneath.store.append(append).await?;
            let mut times = self.0.lock().unwrap();
            times.extend(appended.placements().iter().map(|at| (at.position, now)));
            Ok(appended)
        })
    }

    fn told(&self, at: Placement) -> Placement {
        let recorded_at = self.0.lock().unwrap()[&at.position];
        Placement::new(at.revision, at.position, recorded_at)
    }

    fn shown(&self, mut event: StoredEvent) -> StoredEvent {
        if let Some(time) = self.0.lock().unwrap().get(&event.position) {
            event.envelope.recorded_at = *time;
        }
        event
    }
}

/// Record time is whatever the clock shows, along a stream too, where it was said not to be.
#[derive(Default)]
pub(crate) struct TrustsTheClockOfStreams(TrustsTheClock);

impl Flaw for TrustsTheClockOfStreams {
    fn append<'a>(&'a self, beneath: &'a Beneath, append: Append) -> Answer<'a, Appended> {
        self.0.append(beneath, append)
    }

    fn told(&self, at: Placement) -> Placement {
        self.0.told(at)
    }

    fn shown(&self, event: StoredEvent) -> StoredEvent {
        self.0.shown(event)
    }

    fn profile(&self, profile: Profile) -> Profile {
        profile.declares(Declared::RecordTimeOfStream)
    }
}

/// Record time never decreases, and it was said that it does.
#[derive(Default)]
pub(crate) struct ModestlyTimed;

impl Flaw for ModestlyTimed {
    fn profile(&self, profile: Profile) -> Profile {
        profile.declares(Declared::RecordTimeOfStream)
    }
}

/// The state of a snapshot loses its spaces.
#[derive(Default)]
pub(crate) struct ReformatsSnapshots;

impl Flaw for ReformatsSnapshots {
    fn keep_snapshot<'a>(&'a self, beneath: &'a Beneath, mut snapshot: Snapshot) -> Answer<'a, ()> {
        snapshot.state = changed(&snapshot.state, |text| text.replace(' ', ""));
        beneath.store.keep_snapshot(snapshot)
    }
}

/// The newest snapshot, above the revision too.
#[derive(Default)]
pub(crate) struct NewestOfAll;

impl Flaw for NewestOfAll {
    fn load_snapshot<'a>(
        &'a self,
        beneath: &'a Beneath,
        stream: &'a StreamId,
        _: Revision,
    ) -> Answer<'a, Option<Snapshot>> {
        beneath.store.load_snapshot(stream, Revision::new(u64::MAX))
    }
}

/// The first snapshot of a revision stays.
#[derive(Default)]
pub(crate) struct FirstStays;

impl Flaw for FirstStays {
    fn keep_snapshot<'a>(&'a self, beneath: &'a Beneath, snapshot: Snapshot) -> Answer<'a, ()> {
        Box::pin(async move {
            let there = beneath
                .store
                .load_snapshot(&snapshot.stream, snapshot.revision)
                .await?;
            if there.is_some_and(|there| there.revision == snapshot.revision) {
                return Ok(());
            }
            beneath.store.keep_snapshot(snapshot).await
        })
    }
}

/// Nothing is deleted.
#[derive(Default)]
pub(crate) struct KeepsDeleted;

impl Flaw for KeepsDeleted {
    fn delete_snapshots<'a>(&'a self, _: &'a Beneath, _: &'a StreamId) -> Answer<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}
