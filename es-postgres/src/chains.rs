//! The last hashes of streams, as far as this process knows them: behind these it computes the hashes of what it appends,
//! which costs less here than in the database.
//!
//! They are never relied on: the database compares what was assumed with what is there.

use es_core::{Append, Digest, Expected, Revision, StreamId};

use crate::row::{Hash, place};

/// How many streams are remembered, each in a place that its text leads to. Two that meet in a place cost each other's memory.
const STREAMS: usize = 1_024;

/// The last hashes of the streams that were appended to last.
#[derive(Default)]
pub(crate) struct Chains {
    /// Empty until something is learnt, as most logs aren't tamper-evident.
    streams: Vec<Option<Last>>,
}

/// The last event of a stream.
struct Last {
    stream: StreamId,
    revision: Revision,
    hash: Digest,
}

/// The hashes of appends to streams that are as assumed.
#[derive(Default)]
pub(crate) struct Chained {
    /// Of each append the hash before it, if it is known.
    pub assumed: Vec<Option<Hash>>,
    /// Of each event its hash behind that.
    pub hashes: Vec<Option<Hash>>,
}

impl Chains {
    /// The revision and hash that the append's first event stands behind, if its stream is as it expects and known to end there.
    fn before(&self, append: &Append) -> Option<(Revision, Digest)> {
        let revision = match append.expected {
            Expected::NoStream => Revision::EMPTY,
            Expected::Exact(revision) => revision,
            Expected::Any | Expected::StreamExists => return None,
        };
        if revision == Revision::EMPTY {
            return Some((revision, Digest::from_bytes([0; 32])));
        }
        let last = self.streams.get(place(append.stream.as_str(), STREAMS))?;
        let last = last.as_ref()?;
        let known = last.revision == revision && last.stream == append.stream;
        known.then_some((revision, last.hash))
    }

    /// The hashes of events with these digests, if any of them has one before it that is known.
    pub(crate) fn chain(&self, appends: &[&Append], digests: &[Hash]) -> Option<Chained> {
        let mut chained = Chained::default();
        let mut digests = digests.iter();
        for append in appends {
            let mut before = self.before(append);
            chained.assumed.push(before.map(|(_, hash)| Hash(hash)));
            for digest in digests.by_ref().take(append.events.len()) {
                before = before.map(|(revision, hash)| digest.behind(revision, hash));
                chained.hashes.push(before.map(|(_, hash)| Hash(hash)));
            }
        }
        let known = chained.assumed.iter().any(Option::is_some);
        known.then_some(chained)
    }

    /// Notes that the stream's last event has this revision and hash.
    pub(crate) fn learn(&mut self, stream: &StreamId, revision: Revision, hash: Digest) {
        if self.streams.is_empty() {
            self.streams.resize_with(STREAMS, || None);
        }
        let last = &mut self.streams[place(stream.as_str(), STREAMS)];
        match last {
            Some(last) if last.stream == *stream => (last.revision, last.hash) = (revision, hash),
            _ => {
                *last = Some(Last {
                    stream: stream.clone(),
                    revision,
                    hash,
                });
            }
        }
    }
}

impl Hash {
    /// Where an event with this digest stands behind one with that revision and hash, and its own hash there.
    pub(crate) fn behind(self, revision: Revision, hash: Digest) -> (Revision, Digest) {
        let revision = revision.next();
        (revision, self.0.behind(Some(hash), revision))
    }
}
