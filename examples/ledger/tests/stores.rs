//! The program tells the same on every store, which its URL chooses, and says no URL aloud.

mod support;

use es_core::EventId;
use es_servers::{NatsCluster, Postgres};
use ledger::sample;
use support::{Bank, Ran};

/// Imports the sample by a URL, and compares what is told with what SQLite's is.
fn tells_the_same(url: &str) {
    let (sqlite, other) = (Bank::new(), Bank::new());
    let ask = |command: &[&str]| other.run(&[&["--store", url], command].concat());
    let none = ask(&["accounts"]);
    assert_eq!((none.code, none.out.as_str()), (2, ""), "{none:?}");
    assert!(none.err.contains("there are no accounts in "), "{none:?}");

    let imported = sqlite.import(sample::CSV, &[]);
    assert_eq!((imported.code, imported.tally()), (0, [2_982, 0, 0]));
    let ran = other.import(sample::CSV, &["--store", url]);
    assert_eq!(
        (ran.code, ran.tally(), ran.err.as_str()),
        (0, [2_982, 0, 0], "")
    );
    for command in [
        &["accounts"][..],
        &["verify"],
        &["statement", "1004"],
        &["balance", "1004", "--at", "10"],
    ] {
        let (expected, told) = (sqlite.run(command), ask(command));
        assert_eq!((told.code, &told.out), (expected.code, &expected.out));
    }
    let accounts = ask(&["accounts"]);
    assert!(accounts.out.ends_with(" 40 accounts\n"), "{accounts:?}");

    let again = other.import(sample::CSV, &["--store", url]);
    assert_eq!((again.code, again.tally()), (0, [0, 2_982, 0]));
    assert_eq!(ask(&["accounts"]).out, accounts.out);
    assert!(!other.db().exists());
}

/// A name that nothing else on the server has.
fn fresh() -> String {
    format!("ledger-{}", EventId::random())
}

es_servers::needs_postgres! {
    #[test]
    fn an_import_into_postgresql_tells_what_one_into_sqlite_does() {
        let server = Postgres::shared().url();
        let separator = if server.contains('?') { '&' } else { '?' };
        tells_the_same(&format!("{server}{separator}schema={}", fresh()));
    }

    #[test]
    fn schemas_are_ledgers_of_their_own() {
        let server = Postgres::shared().url();
        let separator = if server.contains('?') { '&' } else { '?' };
        let [first, second] = [fresh(), fresh()].map(|name| format!("{server}{separator}schema={name}"));
        let bank = Bank::new();
        assert_eq!(bank.import(sample::CSV, &["--store", &first]).code, 0);
        assert_eq!(bank.run(&["--store", &second, "accounts"]).code, 2);
    }
}

es_servers::needs_own_nats! {
    #[test]
    fn an_import_into_a_cluster_of_nats_tells_what_one_into_sqlite_does() {
        let cluster = NatsCluster::start().unwrap();
        tells_the_same(&format!("{}?log={}&replicas=3", cluster.url(), fresh()));
    }

    #[test]
    fn three_replicas_aren_t_had_from_one_server() {
        let server = es_servers::Nats::start().unwrap();
        let bank = Bank::new();
        let url = format!("{}?replicas=3", server.url());
        let ran = bank.import(sample::CSV, &["--store", &url]);
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
        // One replica is had, and nothing was written before.
        let one = bank.import(sample::CSV, &["--store", server.url()]);
        assert_eq!((one.code, one.tally()), (0, [2_982, 0, 0]));
    }
}

/// Refused, with nothing told and nothing made.
fn refused(bank: &Bank, arguments: &[&str], code: i32) -> Ran {
    let before = std::fs::read_dir(bank.folder()).unwrap().count();
    let ran = bank.run(arguments);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (code, ""),
        "{arguments:?}: {ran:?}"
    );
    assert!(!ran.err.contains("hunter2"), "{ran:?}");
    let after = std::fs::read_dir(bank.folder()).unwrap().count();
    assert_eq!(before, after, "{arguments:?}");
    ran
}

#[test]
fn a_url_that_isn_t_a_store_s_is_refused_and_not_quoted() {
    let bank = Bank::new();
    for (url, reason) in [
        (
            "mysql://ada:hunter2@localhost/bank",
            "an unknown scheme; the schemes are sqlite:",
        ),
        ("hunter2.db", "an unknown scheme"),
        ("postgres:hunter2", "an unknown scheme"),
        ("nats:hunter2", "an unknown scheme"),
        ("", "an unknown scheme"),
        ("sqlite:", "needs a file"),
        ("sqlite::memory:", "a store in memory is memory:"),
        ("memory:hunter2", "has nothing after it"),
        (
            "postgres://ada:hunter2@localhost:port/bank",
            "PostgreSQL's is postgres://",
        ),
        (
            "postgres://localhost/bank?pasword=hunter2",
            "PostgreSQL's is postgres://",
        ),
        ("nats://localhost?hunter2", "log=NAME and replicas=NUMBER"),
        (
            "nats://localhost?replicas=0",
            "log=NAME and replicas=NUMBER",
        ),
        (
            "nats://localhost?replicas=many",
            "log=NAME and replicas=NUMBER",
        ),
        (
            "nats://localhost?log=a&log=b",
            "log=NAME and replicas=NUMBER",
        ),
        ("nats://localhost?log=a.b", "can't name a log"),
        (
            "nats://ada:hunter2@localhost:port",
            "the server's address isn't one",
        ),
    ] {
        for command in [&["accounts"][..], &[]] {
            let ran = refused(&bank, &[&["--store", url], command].concat(), 2);
            assert!(ran.err.contains(reason), "{url}: {ran:?}");
        }
    }
}

#[test]
fn a_url_in_a_wrong_place_isn_t_quoted() {
    let bank = Bank::new();
    let url = "postgres://ada:hunter2@localhost/bank";
    for arguments in [
        &["--db", url, "accounts"][..],
        &["import", url],
        &["accounts", url],
        &["--stroe", url],
        &[url],
    ] {
        let ran = refused(&bank, arguments, 2);
        assert!(ran.err.contains("--store"), "{ran:?}");
    }
}

#[test]
fn a_file_and_a_url_are_one_too_many() {
    let bank = Bank::new();
    for arguments in [
        &["--db", "a.db", "--store", "sqlite:b.db", "accounts"][..],
        &["--db", "a.db", "import", "-", "--store", "sqlite:b.db"],
        &["--store", "memory:", "--db", "a.db"],
    ] {
        let ran = refused(&bank, arguments, 2);
        assert!(ran.err.contains("give one of them"), "{ran:?}");
    }
}

#[test]
fn a_server_that_can_t_be_reached_fails_as_a_store() {
    let bank = Bank::new();
    // Nobody listens on a port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    for url in [
        format!("postgres://ada:hunter2@127.0.0.1:{port}/bank"),
        format!("nats://ada:hunter2@127.0.0.1:{port}"),
    ] {
        let ran = refused(&bank, &["--store", &url, "accounts"], 3);
        assert!(ran.err.contains("unavailable"), "{ran:?}");
    }
}

#[test]
fn sqlite_s_url_names_the_file_that_db_does() {
    let bank = Bank::new();
    let ran = bank.import(sample::CSV, &["--store", "sqlite:ledger.db"]);
    assert_eq!((ran.code, ran.tally()), (0, [2_982, 0, 0]));
    let accounts = bank.ask(&["accounts"]);
    let whole = format!("sqlite://{}", bank.db().display());
    for url in ["sqlite://ledger.db", &whole] {
        assert_eq!(bank.ask(&["accounts", "--store", url]), accounts);
    }
    let none = refused(&bank, &["--store", "sqlite:other.db", "accounts"], 2);
    assert!(
        none.err.contains("there is no database other.db"),
        "{none:?}"
    );
}

#[test]
fn the_tour_in_memory_tells_what_the_one_on_sqlite_does() {
    let bank = Bank::new();
    let out = bank.ask(&["--store", "memory:"]);
    assert!(out.contains("is gone when the program ends"), "{out}");
    assert!(!bank.db().exists());
    let verify = "$ ledger --store memory: verify\n";
    let (_, found) = out.split_once(verify).unwrap();
    bank.ask(&[]);
    assert!(found.starts_with(&bank.run(&["verify"]).out), "{found}");
}

#[test]
fn memory_forgets_from_one_run_to_the_next() {
    let bank = Bank::new();
    let ran = bank.import(sample::CSV, &["--store", "memory:"]);
    assert_eq!((ran.code, ran.tally()), (0, [2_982, 0, 0]));
    let ran = refused(&bank, &["--store", "memory:", "accounts"], 2);
    assert!(ran.err.contains("gone when it ends"), "{ran:?}");
}
