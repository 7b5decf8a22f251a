use std::collections::HashMap;

use super::chain::Chain;
use super::sealed::{Covered, Seals};
use super::{Break, BreakKind, Verification};
use crate::audit::Seal;
use crate::audit::seal::{Noted, Running};
use crate::{EventStore, LogQuery, Position, Revision, StoreError, StoredEvent, StreamId};

/// A walk through the log.
pub(super) struct Walk<'s, S: ?Sized> {
    store: &'s S,
    chains: HashMap<StreamId, (u64, Chain)>,
    /// Of the whole log, and of it since the last seal as that seal has it.
    running: Running,
    since_seal: Running,
    seals: Seals,
    covered: Option<Covered>,
    /// Whether something was found since the last seal, and at all.
    broken: bool,
    broken_before: bool,
    kept: Vec<Seal>,
    last: Option<StoredEvent>,
    /// From where on events have a hash, as the store says.
    hashed_from: Option<Position>,
    result: Verification,
}

impl<'s, S: EventStore + ?Sized> Walk<'s, S> {
    pub(super) async fn of(store: &'s S, kept: &[Seal]) -> Result<Verification, StoreError> {
        let head = store.head().await?;
        let mut kept = kept.to_vec();
        // The next one last, to be taken from the end.
        kept.sort_by_key(|seal| std::cmp::Reverse(seal.position));
        let mut walk = Self {
            store,
            chains: HashMap::new(),
            running: Running::START,
            since_seal: Running::START,
            seals: Seals::until(head)?,
            covered: None,
            broken: false,
            broken_before: false,
            kept,
            last: None,
            hashed_from: store.hashed_from().await?,
            result: Verification {
                events: 0,
                unhashed: 0,
                head: None,
                sealed_to: Position::START,
                unlike: Vec::new(),
                breaks: Vec::new(),
            },
        };
        walk.covered = walk.seals.next(store).await?;
        let mut query = LogQuery::all().until(head);
        loop {
            let page = store.read_log(query.clone()).await?;
            for event in page.events {
                walk.pass(event.position).await?;
                walk.take(event);
            }
            if page.end {
                break;
            }
            query.after = page.looked_to;
        }
        walk.pass(Position::END).await?;
        Ok(walk.end())
    }

    /// Settles what lies before this position, which the walk has come to.
    async fn pass(&mut self, position: Position) -> Result<(), StoreError> {
        while let Some(seal) = self.kept.pop_if(|seal| seal.position < position) {
            self.compare(seal);
        }
        while let Some(covered) = self.covered.take_if(|next| next.sealed.position < position) {
            self.settle(&covered);
            self.covered = self.seals.next(self.store).await?;
        }
        Ok(())
    }

    fn take(&mut self, event: StoredEvent) {
        let unhashed = self.unhashed(event.position);
        self.result.events += 1;
        self.result.unhashed += u64::from(event.hash.is_none());
        let (stream, order) = (event.envelope.stream.clone(), self.result.events);
        let new = || (order, Chain::new());
        let (_, chain) = self.chains.entry(stream).or_insert_with(new);
        let before = chain.breaks.len();
        chain.take(&event, unhashed);
        self.broken |= chain.breaks.len() > before;
        self.running.take(&event);
        let noted = self.since_seal.take(&event);
        self.see(&event, noted);
        self.last = Some(event);
    }

    /// What an event without a hash is at this position, if it should have one. Behind the first hash of a log none is
    /// without; before it, the store may know better.
    fn unhashed(&self, position: Position) -> Option<BreakKind> {
        if self.result.events > self.result.unhashed {
            return Some(BreakKind::Inserted);
        }
        let from = self.hashed_from.filter(|from| position >= *from);
        from.map(|_| BreakKind::Changed)
    }

    /// Compares an event with what its seal noted.
    fn see(&mut self, event: &StoredEvent, noted: Noted) {
        let Some(covered) = (self.covered.as_mut()).filter(|next| next.covers(event.position))
        else {
            return;
        };
        let found = match covered.see(event, noted) {
            Some(true) => return,
            Some(false) => BreakKind::Rewritten,
            None => BreakKind::Inserted,
        };
        self.found(&event.envelope.stream, event.envelope.revision, found);
    }

    /// Notes what only seals tell, where the stream's own hashes don't tell more.
    fn found(&mut self, stream: &StreamId, revision: Revision, kind: BreakKind) {
        self.broken = true;
        let order = self.result.events;
        let new = || (order, Chain::new());
        let (_, chain) = self.chains.entry(stream.clone()).or_insert_with(new);
        if chain.breaks.is_empty() {
            chain.found(revision, kind);
        }
    }

    /// The walk has passed what a seal of the log covers.
    fn settle(&mut self, covered: &Covered) {
        for (stream, revision) in covered.missing() {
            self.found(&stream, revision, BreakKind::Missing);
        }
        let Some(seal) = covered.sealed.seal() else {
            return;
        };
        if self.since_seal.0 != seal.hash && !self.broken {
            self.found(&seal.stream, seal.revision, BreakKind::Rewritten);
        }
        self.result.sealed_to = seal.position;
        // So that the next seal tells of what it covers itself.
        self.since_seal = Running(seal.hash);
        self.broken_before |= self.broken;
        self.broken = false;
    }

    /// The walk has passed what a seal covers that was kept elsewhere.
    fn compare(&mut self, seal: Seal) {
        let reached = self.last.as_ref().map(|event| event.position) == Some(seal.position);
        if reached && self.running.0 == seal.hash {
            return;
        }
        if !self.broken && !self.broken_before {
            let chain = self.chains.get(&seal.stream);
            let last = chain.map_or(Revision::EMPTY, |(_, chain)| chain.last);
            if last < seal.revision {
                self.found(&seal.stream, last.next(), BreakKind::Missing);
            } else {
                self.found(&seal.stream, seal.revision, BreakKind::Rewritten);
            }
        }
        self.result.unlike.push(seal);
    }

    fn end(self) -> Verification {
        let Self {
            chains,
            running,
            last,
            mut result,
            ..
        } = self;
        result.head = last.map(|event| Seal {
            position: event.position,
            hash: running.0,
            stream: event.envelope.stream.clone(),
            revision: event.envelope.revision,
        });
        let mut broken: Vec<_> = chains
            .into_iter()
            .filter(|(_, (_, chain))| !chain.breaks.is_empty())
            .collect();
        broken.sort_by_key(|(_, (order, _))| *order);
        let breaks = broken.into_iter().flat_map(|(stream, (_, chain))| {
            let found = chain.breaks.into_iter();
            found.map(move |(revision, kind)| Break {
                stream: stream.clone(),
                revision,
                kind,
            })
        });
        result.breaks = breaks.collect();
        result
    }
}
