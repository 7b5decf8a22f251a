//! A second opinion on what an append comes to: the rules once more, in the plainest way, on lists of ids.

use std::collections::HashMap;

use es_core::{Append, Appended, EventId, Expected, Limits, StoreError, StreamId};

use super::Failure;
use super::failure::{Fact, holds, shown};

/// What an append comes to, as far as the rules determine it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Written, or written before; its first revision.
    Placed {
        first: u64,
        repeated: bool,
    },
    Conflict {
        actual: u64,
    },
    IdReused,
    Invalid,
}

/// Streams as lists of ids, in the order of their revisions.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    limits: Limits,
    streams: HashMap<StreamId, Vec<EventId>>,
}

impl Model {
    pub(crate) fn new(limits: Limits) -> Self {
        let streams = HashMap::new();
        Self { limits, streams }
    }

    pub(crate) fn ids(&self, stream: &StreamId) -> &[EventId] {
        self.streams.get(stream).map_or(&[], |ids| ids)
    }

    /// What the append comes to in this state.
    pub(crate) fn judge(&self, append: &Append) -> Answer {
        let events = &append.events;
        let too_large = events
            .iter()
            .any(|event| event.payload.as_str().len() > self.limits.payload_bytes);
        if events.is_empty() || too_large {
            return Answer::Invalid;
        }
        let stored = self.ids(&append.stream);
        let wanted: Vec<_> = events.iter().map(|event| event.id).collect();
        let place = stored.windows(wanted.len()).position(|ids| ids == wanted);
        let actual = stored.len() as u64;
        let met = match append.expected {
            Expected::Any => true,
            Expected::NoStream => actual == 0,
            Expected::StreamExists => actual > 0,
            Expected::Exact(revision) => revision.number() == actual,
        };
        match place {
            Some(place) => Answer::Placed {
                first: place as u64 + 1,
                repeated: true,
            },
            None if wanted.iter().any(|id| stored.contains(id)) => Answer::IdReused,
            None if met => Answer::Placed {
                first: actual + 1,
                repeated: false,
            },
            None => Answer::Conflict { actual },
        }
    }

    /// Judges the append and takes it in.
    pub(crate) fn append(&mut self, append: &Append) -> Answer {
        let answer = self.judge(append);
        if let Answer::Placed {
            repeated: false, ..
        } = answer
        {
            let stream = self.streams.entry(append.stream.clone()).or_default();
            stream.extend(append.events.iter().map(|event| event.id));
        }
        answer
    }
}

/// What a store answered, in the model's terms.
pub(crate) fn answer(answer: &Result<Appended, StoreError>) -> Result<Answer, Failure> {
    match answer {
        Ok(appended) => Ok(Answer::Placed {
            first: appended.placements()[0].revision.number(),
            repeated: appended.is_repeated(),
        }),
        Err(StoreError::Conflict(conflict)) => Ok(Answer::Conflict {
            actual: conflict.actual.number(),
        }),
        Err(StoreError::IdReused { .. }) => Ok(Answer::IdReused),
        Err(StoreError::Invalid(_)) => Ok(Answer::Invalid),
        Err(error) => Err(Failure::new(format!(
            "an append was answered {}",
            shown(error)
        ))),
    }
}

/// Concurrent appends with their answers, which are to be those of some order one by one.
///
/// Accepted appends have an order, that of their positions. A refused or repeated one changes nothing, so it is enough
/// that some state between them explains it.
pub(crate) fn explain(limits: Limits, answered: &[(Append, Result<Appended, StoreError>)]) -> Fact {
    let mut model = Model::new(limits);
    let mut states = vec![model.clone()];
    let mut accepted: Vec<_> = answered
        .iter()
        .filter_map(|(append, answer)| Some((append, answer.as_ref().ok()?)))
        .filter(|(_, appended)| !appended.is_repeated())
        .collect();
    accepted.sort_by_key(|(_, appended)| appended.position());
    for (append, appended) in accepted {
        let first = appended.placements()[0].revision.number();
        let expected = model.append(append);
        let actual = Answer::Placed {
            first,
            repeated: false,
        };
        holds(actual == expected, || {
            let Append {
                stream,
                expected: by,
                ..
            } = append;
            format!("an append to {stream} that expects it {by}: was {actual:?}, is {expected:?}")
        })?;
        states.push(model.clone());
    }
    for (append, result) in answered {
        let actual = answer(result)?;
        let repeated_or_refused = !matches!(
            actual,
            Answer::Placed {
                repeated: false,
                ..
            }
        );
        let explained = states.iter().any(|state| state.judge(append) == actual);
        holds(explained || !repeated_or_refused, || {
            let Append {
                stream, expected, ..
            } = append;
            format!(
                "no order explains {actual:?} for an append to {stream} that expects it {expected}"
            )
        })?;
    }
    Ok(())
}
