//! A batch in which a stream would be folded anew more than once.

use std::collections::HashMap;

use super::fact::Key;
use super::step::Step;
use crate::{EventStore, Fold, StoreError, StoredEvent, StreamId, Timestamp};

/// What a batch has of a stream.
#[derive(Default)]
struct Share {
    /// How many of its events have the stream folded anew.
    late: usize,
    /// Where the last one is.
    last: usize,
    true_at: Option<Timestamp>,
}

/// What comes of a batch where each stream is folded anew once, at its last event, instead of at each that is late; `None`
/// where that makes no difference, or not all of it can be read: then each event is taken by itself, and the one to blame
/// is met.
///
/// What is kept of one stream is made of no other, and nobody is shown what is between the events of a batch.
pub(crate) async fn together<P: Fold + Default, S: EventStore + ?Sized>(
    store: &S,
    state: &P,
    events: &[StoredEvent],
) -> Result<Option<Vec<Step>>, StoreError> {
    if !P::REFOLDS {
        return Ok(None);
    }
    let shares = shares(state, events);
    if shares.values().all(|share| share.late < 2) {
        return Ok(None);
    }
    let mut steps = Vec::with_capacity(events.len());
    for (at, event) in events.iter().enumerate() {
        match shares.get(&event.envelope.stream) {
            Some(share) if share.late == 0 => steps.push(Step::Event(event.clone())),
            Some(share) if share.last == at => match Step::anew(store, event.clone()).await {
                Err(StoreError::Undecodable(_)) => return Ok(None),
                step => steps.push(step?),
            },
            _ => {}
        }
    }
    // On a state of its own, as one that failed half-way would be ahead in some streams and behind in others.
    let mut tried = P::default();
    let can_be_read = |step: &Step| step.fold_into(&mut tried).is_ok();
    Ok(steps.iter().all(can_be_read).then_some(steps))
}

fn shares<'e, P: Fold>(state: &P, events: &'e [StoredEvent]) -> HashMap<&'e StreamId, Share> {
    let mut shares: HashMap<&StreamId, Share> = HashMap::new();
    for (at, event) in events.iter().enumerate() {
        let share = shares.entry(&event.envelope.stream).or_default();
        let true_at = Some(Key::of(event).effective_at);
        // Behind what is folded, or will be by then.
        share.late += usize::from(state.is_late(event) || true_at < share.true_at);
        share.last = at;
        share.true_at = share.true_at.max(true_at);
    }
    shares
}
