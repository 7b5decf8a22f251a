//! Writing: one task takes what waits, has the database judge it in order, and answers each.

use std::sync::Arc;

use es_core::batch::{Attempt, Bounds};
use es_core::wake::Head;
use es_core::{Append, Appended, StoreError};
use tokio::sync::mpsc::{Sender, channel};
use tokio::sync::oneshot;
use tracing::{Instrument, Span};

use crate::PostgresOptions;
use crate::call::ask;
use crate::chains::Chains;
use crate::error::{Failure, Fault, leaves_session, run};
use crate::hashed::Hashed;
use crate::inline::append_all;
use crate::lone::Lone;
use crate::queue::{Done, Queue, Request};
use crate::session::Session;
use crate::thread::{Thread, in_time};

/// How many appends wait in the queue before those who ask have to wait.
const QUEUE: usize = Bounds::DEFAULT.requests;
/// The way to the task that writes. It writes what is queued when this is dropped, and ends.
pub(crate) struct Writer {
    queue: Sender<Request>,
}

impl Writer {
    pub(crate) fn start(
        options: Arc<PostgresOptions>,
        statements: [String; 2],
        hashed: Hashed,
        thread: &Thread,
        head: Head,
    ) -> Self {
        let (queue, requests) = channel(QUEUE);
        let inline = options.inline.clone();
        let appender = Appender {
            options,
            statements,
            lone: Lone::default(),
            hashed,
            chains: Chains::default(),
            session: None,
            head,
            // The thread lives until what is queued is written.
            _thread: thread.clone(),
        };
        thread.start_task(appender.run(Queue::new(requests, inline)));
        Self { queue }
    }

    /// Either nothing was queued when the future is dropped, or all of the append is written or refused.
    pub(crate) async fn append(&self, append: Append) -> Result<Appended, StoreError> {
        self.request(|answer| Request::Append(append, answer)).await
    }

    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        self.request(Request::Close).await
    }

    async fn request<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Request,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let queued = self.queue.send(request(answer)).await;
        queued.map_err(|_| Fault::Closed)?;
        // The task answers everything that it takes, unless it died: then nobody knows.
        answered
            .await
            .map_err(|error| StoreError::Unknown(error.into()))?
    }
}

struct Appender {
    options: Arc<PostgresOptions>,
    statements: [String; 2],
    lone: Lone,
    hashed: Hashed,
    chains: Chains,
    session: Option<Session>,
    head: Head,
    _thread: Thread,
}

/// A span around a transaction: how many requests share it, and how many events they hold.
fn span(requests: &[Request]) -> Span {
    let events: usize = (requests.iter().filter_map(Request::append))
        .map(|append| append.events.len())
        .sum();
    tracing::debug_span!("es_postgres.commit", requests = requests.len(), events)
}

impl Appender {
    /// The task: it takes what waits, and what comes together with it.
    async fn run(mut self, mut queue: Queue) {
        while let Some(batch) = queue.batch().await {
            let mut batches = vec![batch];
            while let Some(batch) = batches.pop() {
                let span = span(batch.requests());
                let attempt = self.attempt(batch.requests()).instrument(span).await;
                batches.extend(batch.settle(attempt));
            }
        }
    }

    async fn attempt(&mut self, requests: &[Request]) -> Attempt<Done> {
        let appends: Vec<&Append> = requests.iter().filter_map(Request::append).collect();
        let appended = if appends.is_empty() {
            Ok(Vec::new())
        } else if self.options.inline.is_empty() {
            self.call(&appends).await
        } else {
            self.call_inline(&appends).await
        };
        match appended {
            Ok(appended) => self.committed(requests, appended),
            Err(Failure::Each(broken)) => {
                let error = broken.for_each();
                tracing::warn!(
                    requests = requests.len(),
                    error = &error as &dyn std::error::Error,
                    "a commit failed"
                );
                Attempt::Failed(Box::new(move || broken.for_each()))
            }
            Err(Failure::One(error)) => Attempt::Refused(error),
        }
    }

    /// What each request is answered, given what became of each append.
    fn committed(
        &self,
        requests: &[Request],
        appended: Vec<Result<Appended, StoreError>>,
    ) -> Attempt<Done> {
        let mut appended = appended.into_iter();
        let done = requests.iter().map(|request| match request.append() {
            None => Done::Close,
            Some(_) => Done::Append(appended.next().unwrap_or_else(|| Err(Fault::Answer.into()))),
        });
        let done: Vec<Done> = done.collect();
        // Before the answers, so that whoever has one finds that waiting for it is over.
        let positions = done.iter().filter_map(|done| match done {
            Done::Append(Ok(appended)) => Some(appended.position()),
            _ => None,
        });
        if let Some(position) = positions.max() {
            self.head.tell(position);
        }
        Attempt::Committed(done)
    }

    /// The session, with projections registered if there are any.
    async fn session(&mut self) -> Result<Session, Failure> {
        if let Some(session) = self.session.take().filter(Session::is_open) {
            return Ok(session);
        }
        let opened = Session::open(&self.options, &self.statements, Box::new(|_| ())).await;
        let session = opened.map_err(|error| Failure::Each(error.into()))?;
        if !self.options.inline.is_empty() {
            let settings = self.options.inline.settings();
            let setting = run(&session.client, &settings);
            let set = in_time(self.options.patience(), setting).await;
            set.map_err(|error| Failure::Each(error.into()))?;
        }
        Ok(session)
    }

    /// What became of each append, by one call that commits them all.
    async fn call(
        &mut self,
        appends: &[&Append],
    ) -> Result<Vec<Result<Appended, StoreError>>, Failure> {
        let session = self.session().await?;
        let patience = self.options.patience();
        let asking = ask(
            &session,
            appends,
            &mut self.lone,
            &self.hashed,
            &mut self.chains,
        );
        match tokio::time::timeout(patience, asking).await {
            Ok(Ok(answer)) => {
                self.session = Some(session);
                let answer = answer.map_err(Failure::unknown)?;
                let each = (0..).zip(appends);
                Ok(each
                    .map(|(place, append)| answer.of(place, append))
                    .collect())
            }
            Ok(Err(error)) => {
                if leaves_session(&error) {
                    self.session = Some(session);
                }
                Err(Failure::of(error))
            }
            // Nobody knows what the server does with it; another session won't be kept waiting by it.
            Err(late) => Err(Failure::unknown(late)),
        }
    }

    /// The same with what projections do, in a transaction that is committed when all have their say.
    async fn call_inline(
        &mut self,
        appends: &[&Append],
    ) -> Result<Vec<Result<Appended, StoreError>>, Failure> {
        let known = self.hashed.known();
        match self.try_inline(appends).await {
            // It was learnt just now.
            Err(_) if self.hashed.known() != known => self.try_inline(appends).await,
            appended => appended,
        }
    }

    async fn try_inline(
        &mut self,
        appends: &[&Append],
    ) -> Result<Vec<Result<Appended, StoreError>>, Failure> {
        let mut session = self.session().await?;
        let patience = self.options.patience();
        let appending = append_all(&mut session, &self.options.inline, appends, &self.hashed);
        let appended = match tokio::time::timeout(patience, appending).await {
            Ok(appended) => appended?,
            Err(late) => return Err(Failure::unknown(late)),
        };
        // One that failed isn't kept, whatever a handler did to it.
        self.session = Some(session);
        Ok(appended)
    }
}
