use super::BreakKind;
use crate::{Digest, Revision, StoredEvent};

/// By how many places at most events are looked for that were moved up over deleted ones.
const MOVED: i64 = 64;

/// A stream's hashes, as far as the walk has come.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) last: Revision,
    link: Link,
    /// The revisions that were left out, from and to.
    gap: Option<(Revision, Revision)>,
    suspect: Option<Box<Suspect>>,
    /// By how many places the events from here on were moved back, since some are gone or were inserted before them.
    moved: i64,
    /// The first break of each kind, in the order of their finding.
    pub(super) breaks: Vec<(Revision, BreakKind)>,
}

/// What the next event's hash is computed behind.
#[derive(Debug, Clone, Copy)]
enum Link {
    Known(Option<Digest>),
    /// The event before it isn't where it was.
    Lost,
}

/// The first event whose hash doesn't fit: what follows may tell what happened.
#[derive(Debug)]
struct Suspect {
    event: StoredEvent,
    before: Option<Digest>,
    /// The hash that it should have.
    computed: Digest,
    /// Which of the breaks it is, until it is explained.
    unexplained: Option<usize>,
}

impl Chain {
    pub(super) fn new() -> Self {
        Self {
            last: Revision::EMPTY,
            link: Link::Known(None),
            gap: None,
            suspect: None,
            moved: 0,
            breaks: Vec::new(),
        }
    }

    /// Takes the stream's next event in the log; `unhashed` says what it is that it has no hash, if it should.
    pub(super) fn take(&mut self, event: &StoredEvent, unhashed: Option<BreakKind>) {
        let revision = event.envelope.revision;
        if revision <= self.last {
            return self.take_back(revision);
        }
        if revision > self.last.next() {
            self.found(self.last.next(), BreakKind::Missing);
            self.gap = Some((self.last.next(), revision));
            // What it was written behind isn't there to compute its hash with.
            self.link = Link::Known(event.hash);
        } else if let Link::Known(before) = self.link {
            let hash = self.check(event, before, unhashed);
            self.link = Link::Known(hash);
        } else {
            self.link = Link::Known(event.hash);
        }
        self.last = revision;
    }

    /// An event that the log has behind later ones of its stream.
    fn take_back(&mut self, revision: Revision) {
        let left_out = (self.gap).filter(|(from, to)| (*from..*to).contains(&revision));
        if let Some((from, _)) = left_out {
            // It isn't gone, then.
            self.breaks
                .retain(|found| *found != (from, BreakKind::Missing));
            self.found(from, BreakKind::Swapped);
        } else {
            self.found(revision, BreakKind::Inserted);
        }
        self.link = Link::Lost;
    }

    /// Answers with the hash that the next event was written behind.
    fn check(
        &mut self,
        event: &StoredEvent,
        before: Option<Digest>,
        unhashed: Option<BreakKind>,
    ) -> Option<Digest> {
        let hash = event.hash;
        let unlike = match hash {
            Some(_) => BreakKind::Changed,
            None => unhashed?,
        };
        let revision = event.envelope.revision;
        let written = revision.number().saturating_add_signed(self.moved);
        let computed = Digest::of_stored(before, Revision::new(written), event);
        if hash == Some(computed) {
            return hash;
        }
        let Some(suspect) = &mut self.suspect else {
            let unexplained = self.found(revision, unlike);
            self.suspect = Some(Box::new(Suspect {
                event: event.clone(),
                before,
                computed,
                unexplained,
            }));
            return hash;
        };
        let explained = suspect.unexplained.zip(suspect.explain(event, before));
        let Some((index, explained)) = explained else {
            // Right behind a break it may be the break's consequence.
            if suspect.event.envelope.revision.next() != revision {
                self.found(revision, BreakKind::Changed);
            }
            return hash;
        };
        suspect.unexplained = None;
        let (own, swapped) = (suspect.event.envelope.revision, suspect.event.hash);
        self.breaks.remove(index);
        self.moved += explained.moved;
        self.found(own, explained.kind);
        match explained.kind {
            BreakKind::Swapped => swapped,
            _ => hash,
        }
    }

    /// Notes a break, unless there is one of its kind; answers with its place if it is new.
    pub(super) fn found(&mut self, revision: Revision, kind: BreakKind) -> Option<usize> {
        let known = self.breaks.iter().any(|(_, known)| *known == kind);
        (!known).then(|| {
            self.breaks.push((revision, kind));
            self.breaks.len() - 1
        })
    }
}

/// What happened at a suspect, and by how many places that moved what comes after.
struct Explained {
    kind: BreakKind,
    moved: i64,
}

impl Suspect {
    /// What happened to it, if a later event whose hash doesn't fit, stored behind one with the hash `before`, tells.
    fn explain(&self, event: &StoredEvent, before: Option<Digest>) -> Option<Explained> {
        let (own, other) = (self.event.envelope.revision, event.envelope.revision);
        let fits = |event: &StoredEvent, before, revision| {
            event.hash == Some(Digest::of_stored(before, revision, event))
        };
        let explained = |kind, moved| Some(Explained { kind, moved });
        if fits(event, self.before, own) {
            // The one that belongs here stands there. Does this one belong there?
            let there = if own.next() == other {
                event.hash
            } else {
                before
            };
            if fits(&self.event, there, other) {
                return explained(BreakKind::Swapped, 0);
            }
            let inserted = other.number() - own.number();
            return explained(BreakKind::Inserted, -inserted.cast_signed());
        }
        if fits(event, Some(self.computed), other) {
            // All is right but its own hash.
            return explained(BreakKind::Changed, 0);
        }
        let written = |by: i64| Revision::new(other.number().saturating_add_signed(by));
        let gone = (1..=MOVED).find(|by| fits(event, before, written(*by)))?;
        explained(BreakKind::Missing, gone)
    }
}
