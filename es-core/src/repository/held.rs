use std::ops::Deref;
use std::sync::Arc;

use super::Folded;
use super::cache::Cache;
use crate::StreamId;

/// A state that a command decides on.
pub(super) enum Held<A> {
    /// One that nobody else has.
    Own(Folded<A>),
    /// One that the cache keeps as well, or kept.
    Kept(Kept<A>),
}

/// A state in the cache. It is evicted when this is dropped: by an error, by a future that is dropped, or by a panic; unless
/// it was said to stay.
pub(super) struct Kept<A> {
    cache: Arc<Cache<A>>,
    stream: StreamId,
    folded: Arc<Folded<A>>,
    stays: bool,
}

impl<A> Held<A> {
    /// Puts a state that was just folded into the cache, if there is one and the stream has events.
    pub(super) fn new(cache: Option<&Arc<Cache<A>>>, stream: &StreamId, folded: Folded<A>) -> Self {
        match cache {
            Some(cache) if !folded.revision.is_empty() => {
                let folded = Arc::new(folded);
                cache.put(stream.clone(), Arc::clone(&folded));
                Self::Kept(Kept::new(cache, stream, folded))
            }
            _ => Self::Own(folded),
        }
    }

    /// The state that the cache keeps.
    pub(super) fn hot(cache: Option<&Arc<Cache<A>>>, stream: &StreamId) -> Option<Self> {
        let cache = cache?;
        let folded = cache.get(stream)?;
        Some(Self::Kept(Kept::new(cache, stream, folded)))
    }

    /// Leaves the state in the cache for the next command.
    pub(super) fn stay(&mut self) {
        if let Self::Kept(kept) = self {
            kept.stays = true;
        }
    }

    /// The state, to be moved on.
    pub(super) fn into_own(self) -> Folded<A> {
        match self {
            Self::Own(folded) => folded,
            Self::Kept(mut kept) => {
                kept.stays = true;
                let (cache, stream) = (Arc::clone(&kept.cache), kept.stream.clone());
                let folded = Arc::clone(&kept.folded);
                drop(kept);
                cache.own(&stream, folded)
            }
        }
    }

    /// A state to fold the news onto, while this one stays where it is: the newest that is known.
    pub(super) fn base(self) -> (Folded<A>, Option<Kept<A>>) {
        match self {
            Self::Own(folded) => (folded, None),
            Self::Kept(kept) => {
                let newer = (kept.cache.get(&kept.stream))
                    .filter(|newest| newest.revision > kept.folded.revision);
                let base = kept.cache.copy(newer.as_ref().unwrap_or(&kept.folded));
                (base, Some(kept))
            }
        }
    }
}

impl<A> Kept<A> {
    fn new(cache: &Arc<Cache<A>>, stream: &StreamId, folded: Arc<Folded<A>>) -> Self {
        Self {
            cache: Arc::clone(cache),
            stream: stream.clone(),
            folded,
            stays: false,
        }
    }
}

impl<A> Drop for Kept<A> {
    fn drop(&mut self) {
        if !self.stays {
            self.cache.evict(&self.stream, &self.folded);
        }
    }
}

impl<A> Deref for Held<A> {
    type Target = Folded<A>;

    fn deref(&self) -> &Folded<A> {
        match self {
            Self::Own(folded) => folded,
            Self::Kept(kept) => &kept.folded,
        }
    }
}
