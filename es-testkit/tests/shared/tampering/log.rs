//! A log in a database, and who administers that.

use es_core::{
    Append, Digest, EventStore, Expected, Json, NewEvent, Seal, Sealer, StoredEvent, Timestamp,
    Verification,
};

use crate::support::{event, log, stream};

/// A database with a tamper-evident log, whose rows are edited. What is said in SQL is its own; the rest is alike.
pub(crate) trait Database: Sized {
    type Store: EventStore + Clone;

    /// What of an event is stored, but its place.
    const COLUMNS: &'static str;
    /// Each changes an event, with nothing else of it; the last two its hash.
    const CHANGES: &'static [&'static str];
    /// The rows of the first stream, and those of the seals.
    const FIRST: &'static str;
    const SEALS: &'static str;
    /// An id that no event has, and 32 bytes that are no event's hash.
    const NEW_ID: &'static str;
    const NO_HASH: &'static str;
    /// Takes away what says that the log has hashes.
    const UNMARK: &'static str;

    /// With an empty log.
    async fn fresh() -> Self;

    /// As a program finds it that is started now.
    async fn open(&self) -> Self::Store;

    /// As an administrator does it: without what refuses it.
    async fn edit(&self, sql: &str);

    /// Inserts an event into the first stream.
    fn insert(position: u64, revision: u64, hash: &str) -> String;

    fn hash(hash: Digest) -> String;

    fn instant(instant: Timestamp) -> String;
}

/// Three streams, `task/0` to `task/2`, each with four events; sealed after six events and after twelve:
///
/// | positions | 1 2 3 | 4 5 6 | 7 | 8 9 10 | 11 12 13 | 14 |
/// |---|---|---|---|---|---|---|
/// | revisions of the streams | 1 | 2 | seal | 3 | 4 | seal |
pub(crate) struct Log<D> {
    pub(crate) database: D,
    /// The last seal, which nobody can edit.
    pub(crate) kept: Seal,
}

pub(crate) fn twelve() -> Vec<NewEvent> {
    let event = |number| {
        let mut event = event(number);
        // Before and after PostgreSQL's own epoch, and where its time zones aren't whole minutes.
        event.effective_at = [
            "1993-06-30T00:00:00.000001Z",
            "0001-01-01T00:00:00.5Z",
            "2026-05-01T00:00:00Z",
        ]
        .get(number)
        .map(|instant| instant.parse().unwrap());
        if number % 2 == 1 {
            event.metadata = Json::parse(r#"{"actor":"ädä"}"#).unwrap();
        }
        event
    };
    (0..12).map(event).collect()
}

impl<D: Database> Log<D> {
    pub(crate) async fn written() -> Self {
        Self::with(&twelve()).await
    }

    pub(crate) async fn with(events: &[NewEvent]) -> Self {
        let database = D::fresh().await;
        let store = database.open().await;
        let mut sealer = Sealer::open(store.clone()).await.unwrap();
        for (number, event) in (0..).zip(events) {
            let append = Append::new(stream(number % 3), Expected::Any, vec![event.clone()]);
            store.append(append).await.unwrap();
            if number == 5 {
                sealer.seal().await.unwrap();
            }
        }
        let kept = sealer.seal().await.unwrap().unwrap();
        Self { database, kept }
    }

    pub(crate) async fn edit(&self, sql: &str) {
        self.database.edit(sql).await;
    }

    /// Computes the hashes of the first stream anew, so that each fits.
    pub(crate) async fn hash_anew(&self) {
        let mut previous = None;
        for event in log(&self.database.open().await).await {
            let envelope = &event.envelope;
            if envelope.stream == stream(0) {
                let (revision, position) = (envelope.revision, event.position.number());
                let hash = Digest::of_event(previous, &envelope.stream, revision, &new(&event));
                let set = D::hash(hash);
                self.edit(&format!(
                    "UPDATE events SET hash = {set} WHERE position = {position}"
                ))
                .await;
                previous = Some(hash);
            }
        }
    }

    pub(crate) async fn verify(&self, kept: &[Seal]) -> Verification {
        let store = self.database.open().await;
        Verification::of(&store, kept).await.unwrap()
    }

    /// What is found without a kept seal.
    pub(crate) async fn found(&self) -> Vec<String> {
        breaks(&self.verify(&[]).await)
    }

    pub(crate) async fn verify_with_the_kept_seal(&self) -> Verification {
        self.verify(std::slice::from_ref(&self.kept)).await
    }

    pub(crate) async fn found_by_the_kept_seal(&self) -> Vec<String> {
        breaks(&self.verify_with_the_kept_seal().await)
    }
}

fn new(event: &StoredEvent) -> NewEvent {
    let id = event.envelope.id;
    let mut new = NewEvent::new(id, event.name.clone(), event.version, event.payload.clone());
    new.metadata = event.envelope.metadata.clone();
    new.effective_at = event.envelope.effective_at;
    new
}

pub(crate) fn breaks(verification: &Verification) -> Vec<String> {
    let breaks = verification.breaks().iter();
    breaks.map(ToString::to_string).collect()
}
