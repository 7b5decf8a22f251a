//! Waking subscribers: the server tells of every message as it is stored, so that nobody polls.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::Subscriber;
use es_core::{Position, StoreError};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::error::{Fault, Refusal, Trouble};
use crate::log::Log;
use crate::read::nanoseconds;
use crate::wire::{Wire, answers};

/// How often the server says that there is nothing to say. Three that don't come: it has forgotten us.
const HEARTBEAT: Duration = Duration::from_secs(1);
const SILENCE: Duration = Duration::from_secs(3);
/// How often the head is looked at while the server doesn't tell us anything, and how often it is asked to again after it
/// said no.
const LOOK: Duration = Duration::from_secs(1);
/// How long the server keeps what nobody listens to.
const IDLE: Duration = Duration::from_secs(30);

/// Tells whoever waits that there may be something new. It listens only while somebody does.
pub(crate) struct Watcher {
    wire: Wire,
    log: String,
    ticks: Arc<watch::Sender<Tick>>,
    running: Arc<Mutex<bool>>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Tick {
    /// Whether the server tells us: what is stored from now on isn't missed.
    listening: bool,
    /// Changes with all that may be new.
    count: u64,
}

#[derive(Serialize)]
struct Create<'c> {
    stream_name: &'c str,
    config: Config<'c>,
}

#[derive(Serialize)]
struct Config<'c> {
    deliver_policy: &'static str,
    deliver_subject: &'c str,
    ack_policy: &'static str,
    replay_policy: &'static str,
    headers_only: bool,
    idle_heartbeat: u64,
    num_replicas: usize,
    mem_storage: bool,
    inactive_threshold: u64,
}

#[derive(Deserialize)]
struct Created {
    error: Option<Refusal>,
}

answers!(Created);

impl Log {
    pub(crate) async fn wait_past(&self, position: Position) -> Result<(), StoreError> {
        let mut ticks = self.watcher.listen();
        let gone = |_| StoreError::from(Fault::Disconnected);
        let seen = loop {
            let listening = ticks.wait_for(|tick| tick.listening);
            let told = tokio::time::timeout(LOOK, listening).await;
            let seen = told.map(|told| told.map(|tick| tick.count));
            // Once we are told, no append is missed from here on; one that came before is found by looking.
            if self.head().await? > position {
                return Ok(());
            }
            if let Ok(seen) = seen {
                break seen.map_err(gone)?;
            }
        };
        let told = ticks.wait_for(|tick| tick.count != seen).await;
        told.map(drop).map_err(gone)
    }
}

impl Watcher {
    pub(crate) fn new(wire: Wire, log: String) -> Self {
        Self {
            wire,
            log,
            ticks: Arc::new(watch::Sender::new(Tick::default())),
            running: Arc::default(),
        }
    }

    fn listen(&self) -> watch::Receiver<Tick> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let ticks = self.ticks.subscribe();
        if !*running {
            *running = true;
            let task = Task {
                wire: self.wire.clone(),
                log: self.log.clone(),
                ticks: Arc::clone(&self.ticks),
                running: Arc::clone(&self.running),
            };
            tokio::spawn(task.run());
        }
        ticks
    }
}

/// Listens for as long as somebody waits.
struct Task {
    wire: Wire,
    log: String,
    ticks: Arc<watch::Sender<Tick>>,
    running: Arc<Mutex<bool>>,
}

impl Task {
    async fn run(self) {
        let (mut tries, mut said) = (self.wire.tries(), false);
        loop {
            match self.begin().await {
                Ok((listener, lost)) => {
                    (tries, said) = (self.wire.tries(), false);
                    // What came while we didn't listen is told as well.
                    self.tick(true);
                    self.pass_on(listener, lost).await;
                    self.tick(false);
                }
                Err(trouble) => {
                    let log = &*self.log;
                    // Once each time that it begins: whoever waits looks by himself.
                    if said {
                        tracing::debug!(log, %trouble, "the server still doesn't tell of new events");
                    } else {
                        tracing::warn!(log, %trouble, "the server doesn't tell of new events; they are looked for");
                        said = true;
                    }
                    if !trouble.may_pass() {
                        tokio::time::sleep(LOOK).await;
                    }
                }
            }
            if self.ends() {
                return;
            }
            if !tries.pause().await {
                tries = self.wire.tries();
            }
        }
    }

    async fn begin(&self) -> Result<(Subscriber, watch::Receiver<u64>), Trouble> {
        let lost = self.wire.lost();
        let inbox = self.wire.inbox();
        let listener = self.wire.subscribe(&inbox).await?;
        let create = Create {
            stream_name: &self.log,
            config: Config {
                deliver_policy: "new",
                deliver_subject: &inbox,
                ack_policy: "none",
                replay_policy: "instant",
                headers_only: true,
                idle_heartbeat: nanoseconds(HEARTBEAT),
                num_replicas: 1,
                mem_storage: true,
                inactive_threshold: nanoseconds(IDLE),
            },
        };
        let api = format!("CONSUMER.CREATE.{}", self.log);
        self.wire.try_ask::<Created>(&api, &create).await?;
        Ok((listener, lost))
    }

    /// Until the server is silent, the connection breaks or nobody waits any more.
    async fn pass_on(&self, mut listener: Subscriber, mut lost: watch::Receiver<u64>) {
        loop {
            let message = tokio::select! {
                biased;
                message = tokio::time::timeout(SILENCE, listener.next()) => message,
                _ = lost.changed() => return,
            };
            match message {
                Ok(Some(message)) if message.status.is_none() => self.tick(true),
                Ok(Some(_)) if self.ticks.receiver_count() > 0 => {}
                _ => return,
            }
        }
    }

    fn tick(&self, listening: bool) {
        self.ticks.send_modify(|tick| {
            tick.listening = listening;
            tick.count += 1;
        });
    }

    fn ends(&self) -> bool {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock: nobody begins to wait between the look and the end.
        *running = self.ticks.receiver_count() > 0;
        !*running
    }
}
