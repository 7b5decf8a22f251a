//! For authors of stores: appends that wait together share a commit, and each has a result of its own.
//!
//! A store that pays for each commit (an `fsync`, a round trip) lets one worker write: it takes a request from its queue,
//! [collects](Batch::collect) what else waits there, tries to commit all of it, and [settles](Batch::settle) the batch by
//! what came of that. An append that comes alone mustn't be kept: whether a worker lets those come who mostly ask together
//! is the store's to measure. How requests are queued, and how they are committed, is the store's own business: there is
//! neither a thread nor a task in here.
//!
//! ```
//! use es_core::batch::{Attempt, Batch, Bounds, Request};
//! use es_core::{Cause, StoreError};
//! use std::sync::mpsc::{Sender, channel};
//!
//! /// A number to be written, and the way back to whoever wants it written.
//! struct Write(u32, Sender<Result<u32, StoreError>>);
//!
//! impl Request for Write {
//!     type Done = u32;
//!     fn bytes(&self) -> usize {
//!         4
//!     }
//!     fn answer(self, done: u32) {
//!         let _ = self.1.send(Ok(done));
//!     }
//!     fn fail(self, error: StoreError) {
//!         let _ = self.1.send(Err(error));
//!     }
//! }
//!
//! /// A database that refuses 13, and then all that would be committed with it.
//! fn commit(writes: &[Write]) -> Attempt<u32> {
//!     match writes.iter().find(|write| write.0 == 13) {
//!         Some(_) => Attempt::Refused(StoreError::Backend("it is 13".into())),
//!         None => Attempt::Committed(writes.iter().map(|write| write.0 * 10).collect()),
//!     }
//! }
//!
//! let (answers, answered) = channel();
//! let mut queue = [7, 13, 9].map(|number| Write(number, answers.clone())).into_iter();
//! let first = queue.next().ok_or("nothing waits")?;
//! let mut batches = vec![Batch::collect(first, Bounds::DEFAULT, || queue.next())];
//! while let Some(batch) = batches.pop() {
//!     let attempt = commit(batch.requests());
//!     batches.extend(batch.settle(attempt));
//! }
//! let answers: Vec<_> = answered.try_iter().map(Result::ok).collect();
//! assert_eq!(answers, [Some(70), None, Some(90)]);
//! # Ok::<(), Cause>(())
//! ```

use crate::StoreError;

/// What is done in a batch, with the way back to whoever asked for it.
///
/// Implemented by a store for what its queue holds. Whoever asked may be gone when the answer comes; then the answer is
/// dropped.
pub trait Request: Sized {
    /// What is known of a request when the commit that holds it has succeeded. A refused append is one of these: it is
    /// judged, and changes nothing.
    type Done;

    /// How large it is, to bound a batch.
    fn bytes(&self) -> usize;

    /// Tells whoever asked what was done.
    fn answer(self, done: Self::Done);

    /// Tells whoever asked that it wasn't done, or perhaps not.
    fn fail(self, error: StoreError);
}

/// How much a batch holds at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bounds {
    /// How many requests.
    pub requests: usize,
    /// A batch that holds this many bytes takes no more.
    pub bytes: usize,
}

impl Bounds {
    /// 1,024 requests or 16 MiB: beyond that, a commit's own price no longer shows.
    pub const DEFAULT: Self = Self {
        requests: 1_024,
        bytes: 16 << 20,
    };
}

/// Requests that are committed together, in the order in which they waited.
#[derive(Debug)]
pub struct Batch<R> {
    requests: Vec<R>,
}

/// What came of trying to commit a batch.
pub enum Attempt<D> {
    /// All is committed, with what was done of each request in order.
    Committed(Vec<D>),
    /// It failed for all alike, as when the database is away: each is told by a value of its own.
    Failed(Box<dyn Fn() -> StoreError + Send>),
    /// Nothing is written, and one of the requests is to blame.
    Refused(StoreError),
}

impl<R: Request> Batch<R> {
    /// The first request and those that `next` gives, until it gives none or the bounds are reached.
    pub fn collect(first: R, bounds: Bounds, mut next: impl FnMut() -> Option<R>) -> Self {
        let mut bytes = first.bytes();
        let mut requests = vec![first];
        while requests.len() < bounds.requests
            && bytes < bounds.bytes
            && let Some(request) = next()
        {
            bytes += request.bytes();
            requests.push(request);
        }
        Self { requests }
    }

    /// What is to be committed, in order.
    pub fn requests(&self) -> &[R] {
        &self.requests
    }

    /// Answers each request, and gives back what has to be tried again: where one of several was to blame, each by
    /// itself, the last of them first, so that they are done in order when they are popped.
    #[must_use = "what is given back isn't answered yet"]
    pub fn settle(self, attempt: Attempt<R::Done>) -> Vec<Self> {
        match attempt {
            Attempt::Committed(done) => {
                for (request, done) in self.requests.into_iter().zip(done) {
                    request.answer(done);
                }
            }
            Attempt::Failed(error) => {
                for request in self.requests {
                    request.fail(error());
                }
            }
            Attempt::Refused(error) => match <[R; 1]>::try_from(self.requests) {
                Ok([request]) => request.fail(error),
                Err(requests) => {
                    let alone = |request| Self {
                        requests: vec![request],
                    };
                    return requests.into_iter().rev().map(alone).collect();
                }
            },
        }
        Vec::new()
    }
}

impl<D> std::fmt::Debug for Attempt<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Committed(_) => "Committed",
            Self::Failed(_) => "Failed",
            Self::Refused(_) => "Refused",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::{Attempt, Batch, Bounds, Request};
    use crate::StoreError;

    /// A request of so many bytes.
    struct Sized(usize, Sender<(usize, Result<usize, String>)>);

    impl Request for Sized {
        type Done = usize;

        fn bytes(&self) -> usize {
            self.0
        }

        fn answer(self, done: usize) {
            let _ = self.1.send((self.0, Ok(done)));
        }

        fn fail(self, error: StoreError) {
            let _ = self.1.send((self.0, Err(error.to_string())));
        }
    }

    type Answers = Receiver<(usize, Result<usize, String>)>;

    fn batches(sizes: &[usize], bounds: Bounds) -> (Vec<Batch<Sized>>, Answers) {
        let (sender, answers) = channel();
        let mut queue = sizes.iter().map(|size| Sized(*size, sender.clone()));
        let mut batches = Vec::new();
        while let Some(first) = queue.next() {
            batches.push(Batch::collect(first, bounds, || queue.next()));
        }
        (batches, answers)
    }

    fn sizes(batch: &Batch<Sized>) -> Vec<usize> {
        batch.requests().iter().map(Request::bytes).collect()
    }

    #[test]
    fn a_batch_is_bounded_in_count_and_bytes_and_keeps_the_order() {
        let bounds = Bounds {
            requests: 3,
            bytes: 10,
        };
        let (batches, _answers) = batches(&[1, 2, 3, 4, 9, 1, 50, 1], bounds);
        let batches: Vec<_> = batches.iter().map(sizes).collect();
        assert_eq!(batches, [vec![1, 2, 3], vec![4, 9], vec![1, 50], vec![1]]);
    }

    #[test]
    fn each_request_of_a_commit_has_its_own_answer() {
        let (mut batches, answers) = batches(&[1, 2, 3], Bounds::DEFAULT);
        let batch = batches.remove(0);
        let again = batch.settle(Attempt::Committed(vec![10, 20, 30]));
        assert!(again.is_empty());
        let answers: Vec<_> = answers.try_iter().collect();
        assert_eq!(answers, [(1, Ok(10)), (2, Ok(20)), (3, Ok(30))]);
    }

    #[test]
    fn a_commit_that_fails_for_all_is_told_to_each() {
        let (mut batches, answers) = batches(&[1, 2], Bounds::DEFAULT);
        let away = || StoreError::Unavailable("it is away".into());
        let again = batches.remove(0).settle(Attempt::Failed(Box::new(away)));
        assert!(again.is_empty());
        assert_eq!(
            answers
                .try_iter()
                .filter(|(_, answer)| answer.is_err())
                .count(),
            2
        );
    }

    #[test]
    fn where_one_is_to_blame_each_is_tried_by_itself_in_order() {
        let (mut batches, answers) = batches(&[1, 2, 3], Bounds::DEFAULT);
        let refused = || Attempt::Refused(StoreError::Backend("2 is to blame".into()));
        let mut again = batches.remove(0).settle(refused());
        assert_eq!(answers.try_iter().count(), 0);
        while let Some(batch) = again.pop() {
            let attempt = match sizes(&batch)[..] {
                [2] => refused(),
                [size] => Attempt::Committed(vec![size * 10]),
                _ => panic!("not by itself"),
            };
            assert!(batch.settle(attempt).is_empty());
        }
        let answers: Vec<_> = answers
            .try_iter()
            .map(|(size, answer)| (size, answer.ok()))
            .collect();
        assert_eq!(answers, [(1, Some(10)), (2, None), (3, Some(30))]);
    }
}
