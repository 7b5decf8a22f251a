use std::collections::VecDeque;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::{Folded, Repository};
use crate::temporal::{Facts, decoded, fold};
use crate::{
    Aggregate, BoxStream, EventStore, InvalidStreamId, Known, Recorded, StoreError, StoredEvent,
    StreamId, StreamQuery, spans,
};

/// An event of an aggregate and the state after it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Moment<A: Aggregate> {
    /// The event.
    pub event: Recorded<A::Event>,
    /// The state after it.
    pub state: A,
}

pub(super) fn stream<A: Aggregate + Clone, S: EventStore>(
    store: &S,
    stream: Result<StreamId, InvalidStreamId>,
) -> BoxStream<'_, Result<Moment<A>, StoreError>> {
    let walk = stream.map(|stream| Walk {
        store,
        next: Some(StreamQuery::forwards(stream)),
        page: VecDeque::new(),
        folded: Folded::empty(),
    });
    let walk = match walk {
        Ok(walk) => walk,
        Err(error) => return stream::iter([Err(error.into())]).boxed(),
    };
    stream::try_unfold(walk, |mut walk| async move {
        Ok(walk.moment().await?.map(|moment| (moment, walk)))
    })
    .boxed()
}

/// The facts of an aggregate that takes corrections, in the order of the fold.
pub(super) fn corrected<A: Aggregate + Clone, S: EventStore>(
    repository: &Repository<A, S>,
    stream: Result<StreamId, InvalidStreamId>,
) -> BoxStream<'_, Result<Moment<A>, StoreError>> {
    let facts = async move {
        let entries = repository.entries(&stream?, Known::Head).await?;
        Facts::of::<A>(&entries)
    };
    let moments = |facts: Facts| {
        let mut state = A::initial();
        let moments = facts.into_iter().filter_map(move |fact| {
            let mut moment = || {
                fold(&mut state, [&fact])?;
                let event = decoded(&fact.event)?;
                Ok(event
                    .zip(state.clone())
                    .map(|(event, state)| Moment { event, state }))
            };
            moment().transpose()
        });
        stream::iter(moments)
    };
    stream::once(facts).map_ok(moments).try_flatten().boxed()
}

/// A walk along a stream, page by page.
struct Walk<'s, A, S> {
    store: &'s S,
    next: Option<StreamQuery>,
    page: VecDeque<StoredEvent>,
    folded: Folded<A>,
}

impl<A: Aggregate + Clone, S: EventStore> Walk<'_, A, S> {
    async fn moment(&mut self) -> Result<Option<Moment<A>>, StoreError> {
        loop {
            while let Some(stored) = self.page.pop_front() {
                self.folded.apply(&stored)?;
                // Decoded a second time, as the fold has consumed the first and events needn't be `Clone`.
                if let (Some(event), Some(state)) = (stored.decode()?, &self.folded.state) {
                    let event = Recorded::new(event, &stored.envelope)
                        .map_err(|reason| stored.undecodable(reason))?;
                    return Ok(Some(Moment {
                        event,
                        state: state.clone(),
                    }));
                }
            }
            let Some(query) = self.next.take() else {
                return Ok(None);
            };
            let page = spans::read_stream(self.store, query.clone()).await?;
            self.next = query.after(&page);
            self.page = page.events.into();
        }
    }
}
