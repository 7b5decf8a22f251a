//! The servers start, die and come back, and nothing of them is left.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use es_servers::{Nats, NatsCluster, Postgres, needs_own_nats, needs_own_postgres};

/// Tells a process that it is the child of a test.
const CHILD: &str = "ES_SERVERS_TEST_CHILD";

fn address(url: &str) -> &str {
    let (_, address) = url.rsplit_once("//").unwrap();
    let (_, address) = address.rsplit_once('@').unwrap_or(("", address));
    address.split('/').next().unwrap()
}

fn answers(url: &str) -> bool {
    TcpStream::connect(address(url)).is_ok()
}

/// Whether a process is there that isn't only a remainder.
fn runs(id: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{id}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap().starts_with(" Z"))
}

/// The folder in which a process works.
fn folder(id: u32) -> std::path::PathBuf {
    std::fs::read_link(format!("/proc/{id}/cwd")).unwrap()
}

/// Waits for what must happen.
fn soon(what: &str, is: impl Fn() -> bool) {
    for _ in 0..3_000 {
        if is() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what}: not within 30 seconds");
}

/// A process of this test that was killed: its server's id and folder, from what it printed.
fn killed_child(test: &str) -> (u32, std::path::PathBuf) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(CHILD, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let id = loop {
        let line = lines.next().expect("the child ended by itself").unwrap();
        if let Some((_, id)) = line.split_once("server ") {
            break id.parse().unwrap();
        }
    };
    let folder = folder(id);
    assert!(runs(id));
    child.kill().unwrap();
    child.wait().unwrap();
    (id, folder)
}

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Says which server it has, and keeps it.
fn wait_for_death(id: u32) -> ! {
    println!("server {id}");
    std::io::stdout().flush().unwrap();
    loop {
        std::thread::park();
    }
}

fn nothing_is_left(id: u32, folder: &Path) {
    soon("the server's end", || !runs(id));
    soon("the folder's end", || !folder.exists());
}

needs_own_postgres! {
    #[test]
    fn a_postgres_server_answers_until_it_is_dropped() {
        let server = Postgres::start().unwrap();
        let id = server.id().unwrap();
        let (url, folder) = (server.url().to_owned(), folder(id));
        // A request for encryption, which this server answers with "no".
        let mut stream = TcpStream::connect(address(&url)).unwrap();
        stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).unwrap();
        let mut answer = [0];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"N");
        drop(server);
        assert!(!answers(&url));
        assert!(!runs(id));
        assert!(!folder.exists());
    }

    #[test]
    fn a_killed_postgres_server_comes_back_on_its_port() {
        let mut server = Postgres::start().unwrap();
        let id = server.id().unwrap();
        let url = server.url().to_owned();
        let mut session = TcpStream::connect(address(&url)).unwrap();
        server.kill().unwrap();
        assert!(!runs(id));
        assert_eq!(server.id(), None);
        // Those that it started are dead too.
        let mut nothing = Vec::new();
        assert_eq!(session.read_to_end(&mut nothing).unwrap_or_default(), 0);
        server.restart().unwrap();
        assert!(answers(&url));
        assert_eq!(server.url(), url);
        assert_ne!(server.id(), Some(id));
    }

    #[test]
    fn a_setting_that_the_server_refuses_is_told_with_its_log() {
        let error = Postgres::start_with(&["no_such_setting=1"], None).unwrap_err();
        assert!(error.to_string().contains("no_such_setting"), "{error}");
    }

    #[test]
    fn no_postgres_server_is_left_by_a_process_that_was_killed() {
        if is_child() {
            wait_for_death(Postgres::shared().id().unwrap());
        }
        let (id, folder) = killed_child("no_postgres_server_is_left_by_a_process_that_was_killed");
        nothing_is_left(id, &folder);
    }
}

needs_own_nats! {
    #[test]
    fn a_nats_server_answers_until_it_is_dropped() {
        let server = Nats::start().unwrap();
        let id = server.id().unwrap();
        let (url, folder) = (server.url().to_owned(), folder(id));
        let stream = TcpStream::connect(address(&url)).unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        assert!(line.contains("\"jetstream\":true"), "{line}");
        drop(server);
        assert!(!answers(&url));
        assert!(!runs(id));
        assert!(!folder.exists());
    }

    #[test]
    fn a_killed_nats_server_comes_back_on_its_port() {
        let mut server = Nats::start().unwrap();
        let url = server.url().to_owned();
        server.kill().unwrap();
        assert!(!answers(&url));
        server.restart().unwrap();
        assert!(answers(&url));
    }

    #[test]
    fn a_nats_cluster_outlives_one_of_its_three() {
        let mut cluster = NatsCluster::start().unwrap();
        let ids: Vec<_> = cluster.nodes().iter().map(|node| node.id().unwrap()).collect();
        assert_eq!(ids.len(), 3);
        cluster.named("es-2").unwrap().kill().unwrap();
        assert!(cluster.named("es-4").is_none());
        let running: Vec<_> = cluster.nodes().iter().map(|node| answers(node.url())).collect();
        assert_eq!(running, [true, false, true]);
        cluster.named("es-2").unwrap().restart().unwrap();
        assert!(cluster.nodes().iter().all(|node| answers(node.url())));
        drop(cluster);
        assert!(!ids.into_iter().any(runs));
    }

    #[test]
    fn no_nats_server_is_left_by_a_process_that_was_killed() {
        if is_child() {
            wait_for_death(Nats::shared().id().unwrap());
        }
        let (id, folder) = killed_child("no_nats_server_is_left_by_a_process_that_was_killed");
        nothing_is_left(id, &folder);
    }
}
