//! What may stand in a store's URL, and that no URL is said aloud.

mod support;

use ledger::sample;
use support::{Bank, Ran};

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
        (
            "postgres://ada:hunter2@localhost/bank?schema=pg_mine",
            "a schema's name has 1 to 63 bytes",
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
fn the_store_is_named_by_the_environment_where_nothing_else_names_one() {
    let bank = Bank::new();
    bank.import(sample::CSV, &["--db", "named.db"]);
    let run = |arguments: &[&str], url: &str| {
        let mut command = bank.command(arguments);
        Ran::new(command.env("LEDGER_STORE", url).output().unwrap())
    };
    let named = run(&["accounts"], "sqlite:named.db");
    assert!(
        named.code == 0 && named.out.ends_with(" 40 accounts\n"),
        "{named:?}"
    );
    // The command line goes before.
    for option in ["--db=named.db", "--store=sqlite:named.db"] {
        let told = run(&["accounts", option], "sqlite:other.db");
        assert_eq!((told.code, &told.out), (0, &named.out), "{told:?}");
    }
    let secret = "postgres://ada:hunter2@localhost:port/bank";
    for arguments in [
        &["accounts"][..],
        &["--help"],
        &["balance", "--help"],
        &["--wrong"],
    ] {
        let told = run(arguments, secret);
        assert!(
            !told.out.contains("hunter2") && !told.err.contains("hunter2"),
            "{told:?}"
        );
    }
    assert_eq!(run(&["accounts"], secret).code, 2);
}
