//! What stands between a store and its server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use super::Database;

/// Passes everything on, counts how often the server is asked again after it answered, and may swallow its answers.
pub(crate) struct Proxy {
    pub(crate) url: String,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    round_trips: AtomicUsize,
    swallows: AtomicBool,
    swallowed: AtomicUsize,
}

impl Proxy {
    pub(crate) async fn start(database: &Database) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap();
        let (_, server) = database.url().split_once("//").unwrap();
        let server = server.split(['/', '?']).next().unwrap();
        let server = server.rsplit('@').next().unwrap().to_owned();
        let url = database.url().replace(&server, &here.to_string());
        let seen = Arc::<Seen>::default();
        let noted = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                let ((from_client, to_client), (from_server, to_server)) =
                    (client.into_split(), server.into_split());
                tokio::spawn(ask(from_client, to_server, Arc::clone(&noted)));
                tokio::spawn(answer(from_server, to_client, Arc::clone(&noted)));
            }
        });
        Self { url, seen }
    }

    /// How many round trips something takes.
    pub(crate) async fn count<T>(&self, work: impl Future<Output = T>) -> usize {
        let before = self.seen.round_trips.load(Ordering::SeqCst);
        work.await;
        self.seen.round_trips.load(Ordering::SeqCst) - before
    }

    /// From now on no answer comes, or those that come from now on do.
    pub(crate) fn swallow(&self, swallows: bool) {
        self.seen.swallows.store(swallows, Ordering::SeqCst);
    }

    /// How many answers, or parts of them, didn't come.
    pub(crate) fn swallowed(&self) -> usize {
        self.seen.swallowed.load(Ordering::SeqCst)
    }
}

async fn answer(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, seen: Arc<Seen>) {
    let mut buffer = vec![0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if seen.swallows.load(Ordering::SeqCst) {
            seen.swallowed.fetch_add(1, Ordering::SeqCst);
        } else if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

/// Each `Sync` that a client sends is a round trip: it waits for the answer before it goes on.
async fn ask(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, seen: Arc<Seen>) {
    let (mut buffer, mut stream) = (vec![0; 65_536], Vec::new());
    let mut started = false;
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        stream.extend_from_slice(&buffer[..length]);
        while let Some(message) = next(&mut stream, &mut started) {
            // `Sync` of the extended protocol, `Query` of the simple one.
            if message == b'S' || message == b'Q' {
                seen.round_trips.fetch_add(1, Ordering::SeqCst);
            }
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

/// Takes a whole message from what a client sent: its type, 0 for those at the beginning, which have none.
fn next(stream: &mut Vec<u8>, started: &mut bool) -> Option<u8> {
    let (message, at) = if *started {
        (*stream.first()?, 1)
    } else {
        (0, 0)
    };
    let length = stream.get(at..at + 4)?.try_into().unwrap();
    let end = at + usize::try_from(u32::from_be_bytes(length)).unwrap();
    if stream.len() < end {
        return None;
    }
    stream.drain(..end);
    *started = true;
    Some(message)
}
