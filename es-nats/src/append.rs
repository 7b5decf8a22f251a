//! Writing: an append is one message, which the server takes only after the message that the append was judged after.
//!
//! Of a stream with one replica the server checks that and writes in one step. Of a replicated one, servers before 2.9.21
//! check it when they begin to replicate, so that two appends under way at once both pass. So an append also has an id,
//! made of what it was judged after, and the server takes the first only: that is checked when it is written. A log may
//! get its replicas while it is open, so every append has an id. A copy of an append, sent again because no answer came,
//! is refused by the same two checks.

use async_nats::HeaderMap;
use es_core::{Append, Appended, Digest, Expected, Limits, Revision, StoreError, Verdict};
use serde::Deserialize;
use tokio::time::timeout_at;

use crate::error::{Fault, Refusal, Trouble};
use crate::history::{Entry, History, Told};
use crate::log::Log;
use crate::message::{self, Head, MAX_EVENTS};
use crate::subject;
use crate::wire::Tries;

/// What of a message's size isn't the append's: the headers with the longest subject that there is, and what surrounds one
/// event.
const RESERVED: usize = 2_048;
/// What the headers take beside the subject: their names and two numbers.
const HEADERS: usize = 128;

/// An append on its way.
struct Attempt<'a> {
    append: &'a Append,
    subject: &'a str,
    tries: Tries,
    /// Whether it may have been written, as far as the server hasn't said that it wasn't.
    sent: bool,
}

/// What became of a message.
enum Published {
    At(u64),
    /// Another is the stream's last by now, or is about to be.
    Overtaken,
}

#[derive(Deserialize)]
struct Acknowledgement {
    error: Option<Refusal>,
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    duplicate: bool,
}

impl Attempt<'_> {
    /// What comes of it with this error: once it was sent, only what its stream says tells that it isn't there.
    fn error(&self, error: StoreError) -> StoreError {
        match error {
            error if !self.sent => error,
            StoreError::Conflict(_) | StoreError::IdReused { .. } => error,
            StoreError::Unavailable(cause) | StoreError::Backend(cause) => {
                StoreError::Unknown(cause)
            }
            error => StoreError::Unknown(error.into()),
        }
    }
}

impl Acknowledgement {
    /// What a server's answer to a publish says.
    fn read(answer: &[u8]) -> Result<Published, Trouble> {
        let answer: Self =
            serde_json::from_slice(answer).map_err(|_| Trouble::Perhaps(Fault::NotUnderstood))?;
        match answer.error {
            None if answer.duplicate => Ok(Published::Overtaken),
            None => Ok(Published::At(answer.seq)),
            Some(refusal) if refusal.is_overtaken() => Ok(Published::Overtaken),
            Some(refusal) => Err(Trouble::Refused(refusal)),
        }
    }
}

/// The limits of an append where a message may have so many bytes.
pub(crate) fn limits(max_payload: usize) -> Limits {
    let bytes = max_payload.saturating_sub(RESERVED);
    let mut limits = Limits::DEFAULT;
    limits.events = MAX_EVENTS;
    limits.append_bytes = limits.append_bytes.min(bytes);
    limits.payload_bytes = limits.payload_bytes.min(bytes);
    limits.metadata_bytes = limits.metadata_bytes.min(bytes / 2);
    limits
}

impl Log {
    /// Dropped at any point, it has sent the whole message or nothing.
    pub(crate) async fn append(&self, append: Append) -> Result<Appended, StoreError> {
        let max_payload = self.wire.max_payload();
        append.check(&limits(max_payload))?;
        let subject = subject::of_stream(&self.name, &append.stream);
        let (bytes, limit) = (
            message::size(&append, self.tamper_evident),
            max_payload.saturating_sub(HEADERS + subject.len()),
        );
        if bytes > limit {
            return Err(es_core::Invalid::AppendTooLarge { bytes, limit }.into());
        }
        let deadline = self.wire.deadline();
        let mut attempt = Attempt {
            append: &append,
            subject: &subject,
            tries: Tries::until(deadline),
            sent: false,
        };
        // Whatever it waits for, its turn included.
        let appended = timeout_at(deadline, self.append_in_turn(&mut attempt)).await;
        let appended = appended.unwrap_or_else(|_| Err(self.wire.late().into()));
        appended.map_err(|error| attempt.error(error))
    }

    async fn append_in_turn(&self, attempt: &mut Attempt<'_>) -> Result<Appended, StoreError> {
        let entry = self.streams.entry(&attempt.append.stream);
        let mut history = entry.history.lock().await;
        let appended = self.append_after(attempt, &entry, &mut history).await;
        self.streams.grown(&entry, &history);
        appended
    }

    async fn append_after(
        &self,
        attempt: &mut Attempt<'_>,
        entry: &Entry,
        history: &mut History,
    ) -> Result<Appended, StoreError> {
        let (append, subject) = (attempt.append, attempt.subject);
        let mut fresh = false;
        if !history.known && !expects_nothing(append.expected) {
            Box::pin(self.refresh(subject, history)).await?;
            fresh = true;
        }
        loop {
            let verdict = append.judge(history.revision(), |id| Ok(history.find(id)));
            match verdict {
                Ok(Verdict::Repeated(appended)) => return Ok(appended),
                Ok(Verdict::Accepted) => {}
                // What isn't so now may be so by what others appended.
                Err(_) if !fresh => {
                    Box::pin(self.refresh(subject, history)).await?;
                    fresh = true;
                    continue;
                }
                Err(refusal) => return Err(refusal),
            }
            let (last, head) = (history.last(), self.head_of(append, history));
            let hashes = self.hashes(append, history);
            let message = message::encode(append, &head, &hashes);
            let before = std::mem::replace(&mut attempt.sent, true);
            match self.publish(subject, head.previous, message).await {
                Ok(Published::At(sequence)) => {
                    let told = Told { sequence, head };
                    let ids = append.events.iter().map(|event| event.id);
                    history.add(told, ids, hashes.last().copied())?;
                    self.saw(sequence);
                    return Ok(Appended::new(head.placements(sequence)));
                }
                Ok(Published::Overtaken) => {
                    attempt.sent = before;
                    Box::pin(self.refresh(subject, history)).await?;
                    fresh = true;
                    // It is on its way: nobody can tell yet what it is.
                    if history.last() == last && !attempt.tries.pause().await {
                        return Err(Fault::Contended.into());
                    }
                }
                Err(trouble) => {
                    attempt.sent = before || matches!(trouble, Trouble::Perhaps(_));
                    attempt.tries.again(trouble).await?;
                    // Perhaps it is there.
                    if attempt.sent {
                        Box::pin(self.refresh(subject, history)).await?;
                    }
                    fresh = attempt.sent;
                }
            }
            self.streams.grown(entry, history);
        }
    }

    /// What the message says if it is the next of its stream.
    fn head_of(&self, append: &Append, history: &History) -> Head {
        Head {
            previous: history.last(),
            first: history.revision().next(),
            // Clocks step back; along a stream record time doesn't.
            recorded_at: self.clock.now().max(history.recorded_at()),
            events: append.events.len(),
        }
    }

    /// The hash of each event, behind the stream's last one, where the log has hashes. Whatever becomes of its settings, a
    /// stream that has hashes goes on with them.
    fn hashes(&self, append: &Append, history: &History) -> Vec<Digest> {
        let previous = history.hash();
        if !self.tamper_evident && previous.is_none() {
            return Vec::new();
        }
        let first = history.revision().next();
        Digest::of_events(previous, &append.stream, first, &append.events)
    }

    async fn publish(
        &self,
        subject: &str,
        previous: u64,
        message: Vec<u8>,
    ) -> Result<Published, Trouble> {
        let mut headers = HeaderMap::new();
        let number = previous.to_string();
        // A message comes before one append only, whatever its stream; before a stream's first there is none.
        let id = if previous == 0 { subject } else { &number };
        headers.insert("Nats-Msg-Id", id);
        headers.insert("Nats-Expected-Last-Subject-Sequence", number.as_str());
        let answer = self
            .wire
            .request(subject.to_owned(), Some(headers), message.into())
            .await?;
        Acknowledgement::read(&answer.payload)
    }
}

/// Whether the append can be tried without knowing its stream.
fn expects_nothing(expected: Expected) -> bool {
    matches!(
        expected,
        Expected::NoStream | Expected::Exact(Revision::EMPTY)
    )
}

#[cfg(test)]
mod tests {
    use super::{Acknowledgement, Published};
    use crate::error::Trouble;

    fn read(answer: &str) -> Result<Published, Trouble> {
        Acknowledgement::read(answer.as_bytes())
    }

    fn refusal(code: u16, err_code: u32, description: &str) -> String {
        format!(
            r#"{{"error":{{"code":{code},"err_code":{err_code},"description":"{description}"}},"stream":"es","seq":0}}"#
        )
    }

    /// The first two of every server, the others of clustered ones since 2.12, which judge before they replicate.
    #[test]
    fn whoever_was_faster_overtakes_however_the_server_says_it() {
        for overtaken in [
            r#"{"stream":"es","seq":7,"duplicate":true}"#.to_owned(),
            refusal(400, 10_071, "wrong last sequence: 7"),
            refusal(400, 10_164, "wrong last sequence"),
            refusal(409, 10_158, "duplicate message id is in process"),
        ] {
            let read = read(&overtaken);
            assert!(matches!(read, Ok(Published::Overtaken)), "{overtaken}");
        }
        let taken = read(r#"{"stream":"es","seq":7}"#);
        assert!(matches!(taken, Ok(Published::At(7))));
    }

    #[test]
    fn what_a_server_has_no_room_for_now_may_pass_and_what_it_refuses_does_not() {
        for (answer, passes) in [
            (refusal(429, 10_167, "too many requests"), true),
            (refusal(503, 10_023, "insufficient resources"), true),
            (refusal(400, 10_054, "message size exceeds maximum"), false),
            (
                refusal(400, 10_109, "invalid operation on sealed stream"),
                false,
            ),
        ] {
            let Err(trouble @ Trouble::Refused(_)) = read(&answer) else {
                panic!("{answer}");
            };
            assert_eq!(trouble.may_pass(), passes, "{answer}");
        }
        for answer in ["", "no", "[]"] {
            assert!(matches!(read(answer), Err(Trouble::Perhaps(_))), "{answer}");
        }
    }
}
