use std::fmt;

use super::definition::{SentBy, SetBy};
use crate::{Aggregate, Command, EncodeError, InvalidStreamId, Json, StreamId, Timestamp};

/// What a process decides about an input: events of its own, commands to be sent, deadlines, its end.
///
/// All of it is appended to the instance's stream at once, in the order in which it is said here, or not at all.
/// Commands are sent after that, in this order, each until it is answered. See [`Process`](crate::Process).
#[must_use = "a reaction is returned as the decision; dropped, it is lost"]
pub struct Reaction<P: Aggregate> {
    pub(super) steps: Vec<Step<P>>,
    pub(super) ends: bool,
}

/// A part of a reaction.
pub(super) enum Step<P: Aggregate> {
    Emit(P::Event),
    Send(Result<Sending, Unsendable>),
    Set(&'static str, Timestamp),
    Cancel(&'static str),
}

/// A command to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sending {
    pub(super) command: &'static str,
    pub(super) target: StreamId,
    pub(super) payload: Json,
}

/// Why a command can't be kept to be sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unsendable {
    #[error("the command `{command}` can't be encoded")]
    Payload {
        command: &'static str,
        #[source]
        error: EncodeError,
    },
    #[error("the id of the aggregate that the command `{command}` is for names no stream")]
    Target {
        command: &'static str,
        #[source]
        error: InvalidStreamId,
    },
}

impl<P: Aggregate> Reaction<P> {
    /// Nothing: the input is taken in, and nothing comes of it.
    pub fn new() -> Self {
        Self {
            steps: Vec::new(),
            ends: false,
        }
    }

    /// Nothing yet, of the process that says what comes next: what it doesn't list is refused where it is said.
    pub fn of(_: &P) -> Self {
        Self::new()
    }

    /// An event of the process's own happens.
    pub fn emit(mut self, event: impl Into<P::Event>) -> Self {
        self.steps.push(Step::Emit(event.into()));
        self
    }

    /// A command is sent.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "whoever sends a command has no more use for it"
    )]
    pub fn send<C: SentBy<P>>(mut self, command: C) -> Self {
        self.steps.push(Step::Send(sending::<P, C>(&command)));
        self
    }

    /// A deadline is set, in place of one of the same type.
    pub fn set<D: SetBy<P>>(mut self, _: D, due: Timestamp) -> Self {
        self.steps.push(Step::Set(D::NAME, due));
        self
    }

    /// A deadline is cancelled; nothing happens if it isn't set.
    pub fn cancel<D: SetBy<P>>(mut self, _: D) -> Self {
        self.steps.push(Step::Cancel(D::NAME));
        self
    }

    /// The instance is over: its deadlines are cancelled, and later inputs are ignored. What it has sent is sent.
    pub fn end(mut self) -> Self {
        self.ends = true;
        self
    }

    /// This, and behind it the other.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.steps.extend(other.steps);
        self.ends |= other.ends;
        self
    }

    /// Whether nothing comes of the input.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && !self.ends
    }
}

fn sending<P, C: SentBy<P>>(command: &C) -> Result<Sending, Unsendable> {
    let target = StreamId::of::<C::Aggregate>(Command::target(command));
    let target = target.map_err(|error| Unsendable::Target {
        command: C::NAME,
        error,
    })?;
    let payload = C::encoded(command).map_err(|error| Unsendable::Payload {
        command: C::NAME,
        error,
    })?;
    Ok(Sending {
        command: C::NAME,
        target,
        payload,
    })
}

impl<P: Aggregate> Default for Reaction<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Aggregate<Event: PartialEq>> PartialEq for Reaction<P> {
    fn eq(&self, other: &Self) -> bool {
        let same = |(one, other): (&Step<P>, &Step<P>)| match (one, other) {
            (Step::Emit(one), Step::Emit(other)) => one == other,
            (Step::Send(Ok(one)), Step::Send(Ok(other))) => one == other,
            (Step::Set(one, due), Step::Set(other, other_due)) => (one, due) == (other, other_due),
            (Step::Cancel(one), Step::Cancel(other)) => one == other,
            _ => false,
        };
        self.ends == other.ends
            && self.steps.len() == other.steps.len()
            && self.steps.iter().zip(&other.steps).all(same)
    }
}

/// Shows the payloads of commands: it is for tests.
impl<P: Aggregate<Event: fmt::Debug>> fmt::Debug for Reaction<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        for step in &self.steps {
            match step {
                Step::Emit(event) => list.entry(&format_args!("emit {event:#?}")),
                Step::Send(Ok(sending)) => list.entry(&format_args!(
                    "send `{}` to {}: {}",
                    sending.command,
                    sending.target,
                    sending.payload.as_str()
                )),
                Step::Send(Err(error)) => list.entry(&format_args!("send: {error}")),
                Step::Set(deadline, due) => list.entry(&format_args!("set `{deadline}` to {due}")),
                Step::Cancel(deadline) => list.entry(&format_args!("cancel `{deadline}`")),
            };
        }
        if self.ends {
            list.entry(&format_args!("end"));
        }
        list.finish()
    }
}
