//! Connections that break at the worst moment.

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use es_core::{Append, EventStore, Expected, Position, Revision, StoreError};
use es_nats::NatsStore;
use es_servers::Nats;
use support::{events, fresh_name, log, stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Stands between a store and its server, and can lose what passes.
struct Proxy {
    address: SocketAddr,
    mode: Arc<AtomicU8>,
}

/// Everything passes.
const PASS: u8 = 0;
/// The next append reaches the server; its answer is lost, and the connection with it. Then everything passes again.
const LOSE_ANSWER: u8 = 1;
/// As before, but then nobody gets through any more.
const LOSE_ALL: u8 = 2;
/// Nobody gets through.
const SHUT: u8 = 3;

impl Proxy {
    async fn before(server: &str) -> Self {
        let server = server.rsplit('/').next().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mode = Arc::new(AtomicU8::new(PASS));
        let proxy = Self {
            address,
            mode: Arc::clone(&mode),
        };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if mode.load(Ordering::SeqCst) != SHUT {
                    let server = TcpStream::connect(&server).await.unwrap();
                    tokio::spawn(pass(client, server, Arc::clone(&mode)));
                }
            }
        });
        proxy
    }

    fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    fn set(&self, mode: u8) {
        self.mode.store(mode, Ordering::SeqCst);
    }
}

/// Passes bytes both ways until the connection is cut.
async fn pass(mut client: TcpStream, mut server: TcpStream, mode: Arc<AtomicU8>) {
    let (mut sent, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    let mut cut = false;
    loop {
        tokio::select! {
            read = client.read(&mut sent) => {
                let Ok(length @ 1..) = read else { return };
                let passed = &sent[..length];
                let now = mode.load(Ordering::SeqCst);
                // Only appends have this header.
                let header = b"Nats-Expected-Last-Subject-Sequence";
                let appends = passed.windows(header.len()).any(|window| window == header);
                cut |= appends && matches!(now, LOSE_ANSWER | LOSE_ALL);
                if now == SHUT || server.write_all(passed).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                // The server has it: this is the answer.
                if cut {
                    let next = if mode.load(Ordering::SeqCst) == LOSE_ALL { SHUT } else { PASS };
                    mode.store(next, Ordering::SeqCst);
                    return;
                }
                if client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn open(url: &str, name: &str, timeout: u64) -> NatsStore {
    let timeout = Duration::from_millis(timeout);
    let options = NatsStore::options().name(name).timeout(timeout);
    options.open(url).await.unwrap()
}

es_servers::needs_nats! {
    #[tokio::test]
    async fn a_lost_acknowledgement_is_not_a_conflict() {
        let (server, name) = (Nats::shared().url(), fresh_name());
        let proxy = Proxy::before(server).await;
        let store = open(&proxy.url(), &name, 10_000).await;
        for (expected, revision) in [
            (Expected::NoStream, 2),
            (Expected::Exact(Revision::new(2)), 4),
            (Expected::Any, 6),
            (Expected::StreamExists, 8),
        ] {
            proxy.set(LOSE_ANSWER);
            let append = Append::new(stream(1), expected, events(2));
            let appended = store.append(append.clone()).await.unwrap();
            assert_eq!(appended.revision(), Revision::new(revision));
            assert_eq!(proxy.mode.load(Ordering::SeqCst), PASS, "no answer was lost");
            let again = store.append(append).await.unwrap();
            assert_eq!(again.placements(), appended.placements());
        }
        let direct = open(server, &name, 10_000).await;
        assert_eq!(log(&direct).await.len(), 8);
    }

    #[tokio::test]
    async fn an_append_that_may_be_written_is_unknown_and_its_repeat_is_written_once() {
        let (server, name) = (Nats::shared().url(), fresh_name());
        let proxy = Proxy::before(server).await;
        let store = open(&proxy.url(), &name, 300).await;
        let first = store.append(Append::new(stream(1), Expected::NoStream, events(1))).await;
        assert_eq!(first.unwrap().revision(), Revision::FIRST);
        proxy.set(LOSE_ALL);
        let append = Append::new(stream(1), Expected::Exact(Revision::FIRST), events(2));
        let lost = store.append(append.clone()).await.unwrap_err();
        assert!(matches!(lost, StoreError::Unknown(_)), "{lost:?}");
        let direct = open(server, &name, 10_000).await;
        let again = direct.append(append.clone()).await.unwrap();
        assert!(again.is_repeated());
        assert_eq!(again.revision(), Revision::new(3));
        assert_eq!(log(&direct).await.len(), 3);
        // The way is free again: the store that lost it finds it as well.
        proxy.set(PASS);
        let patient = async {
            loop {
                if let Ok(appended) = store.append(append.clone()).await {
                    return appended;
                }
            }
        };
        let again = tokio::time::timeout(Duration::from_mins(1), patient).await.unwrap();
        assert_eq!(again.revision(), Revision::new(3));
        assert_eq!(log(&direct).await.len(), 3);
    }

    /// Whatever comes after it was sent: it isn't said that nothing was written.
    #[tokio::test]
    async fn an_append_that_may_be_written_is_unknown_whatever_its_stream_turns_out_to_hold() {
        let (server, name) = (Nats::shared().url(), fresh_name());
        let proxy = Proxy::before(server).await;
        let store = open(&proxy.url(), &name, 60_000).await;
        proxy.set(LOSE_ALL);
        let append = Append::new(stream(1), Expected::NoStream, events(2));
        let appending = tokio::spawn({
            let store = store.clone();
            async move { store.append(append).await }
        });
        while proxy.mode.load(Ordering::SeqCst) != SHUT {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // It is written. What follows it isn't ours, so that its stream can't be read.
        let bare = async_nats::connect(server).await.unwrap();
        let answer = bare.request(format!("{name}.task.1"), "foreign".into()).await.unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&answer.payload).unwrap();
        assert_eq!(answer["seq"], 2);
        proxy.set(PASS);
        let lost = appending.await.unwrap().unwrap_err();
        assert!(matches!(lost, StoreError::Unknown(_)), "{lost:?}");
    }

    #[tokio::test]
    async fn an_append_that_finds_no_server_is_unavailable_and_writes_nothing() {
        let (server, name) = (Nats::shared().url(), fresh_name());
        let proxy = Proxy::before(server).await;
        let store = open(&proxy.url(), &name, 300).await;
        proxy.set(SHUT);
        // The connection ends with the first that passes.
        let head = store.head().await.unwrap_err();
        assert!(matches!(head, StoreError::Unavailable(_)), "{head:?}");
        let append = Append::new(stream(1), Expected::NoStream, events(2));
        let refused = store.append(append.clone()).await.unwrap_err();
        assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
        let direct = open(server, &name, 10_000).await;
        assert_eq!(direct.head().await.unwrap(), Position::START);
        let appended = direct.append(append).await.unwrap();
        assert!(!appended.is_repeated());
    }

    /// One after the other, each with all of its time, they would take longer than anybody waits.
    #[tokio::test]
    async fn appends_that_wait_for_each_other_run_out_of_time_together() {
        const APPENDS: usize = 200;
        let (server, name) = (Nats::shared().url(), fresh_name());
        let proxy = Proxy::before(server).await;
        let store = open(&proxy.url(), &name, 500).await;
        proxy.set(SHUT);
        assert!(store.head().await.is_err());
        let appends = (0..APPENDS).map(|_| store.append(Append::new(stream(1), Expected::Any, events(1))));
        let answers = futures_util::future::join_all(appends);
        let answers = tokio::time::timeout(Duration::from_mins(1), answers).await;
        for answer in answers.expect("they wait one after the other") {
            assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
        }
        let direct = open(server, &name, 10_000).await;
        assert_eq!(direct.head().await.unwrap(), Position::START);
    }

    #[tokio::test]
    async fn patience_without_an_end_is_as_good_as_any() {
        let options = NatsStore::options().name(fresh_name()).timeout(Duration::MAX);
        let store = options.open(Nats::shared().url()).await.unwrap();
        let append = Append::new(stream(1), Expected::Any, events(1));
        assert_eq!(store.append(append).await.unwrap().revision(), Revision::FIRST);
        assert_eq!(log(&store).await.len(), 1);
    }

    #[tokio::test]
    async fn where_nobody_is_nothing_is_opened() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let refused = NatsStore::open(format!("nats://ada:hunter2@{address}")).await.unwrap_err();
        assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
        assert!(!format!("{refused:?}").contains("hunter2"));
        let refused = NatsStore::open("nats://ada:hunter2@[nowhere").await.unwrap_err();
        assert!(matches!(refused, StoreError::Invalid(_)), "{refused:?}");
        assert!(!format!("{refused:?}").contains("hunter2"));
    }

    #[tokio::test]
    async fn a_connection_that_must_be_encrypted_is_not_made_in_the_open() {
        let options = NatsStore::options().name(fresh_name()).require_tls();
        let refused = options.open(Nats::shared().url()).await.unwrap_err();
        assert!(matches!(refused, StoreError::Backend(_) | StoreError::Unavailable(_)), "{refused:?}");
    }
}
