//! The program tells the same on every store, which its URL chooses.

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
    ]
    .iter()
    .chain(QUESTIONS)
    {
        let (expected, told) = (sqlite.run(command), ask(command));
        assert_eq!((told.code, &told.out), (expected.code, &expected.out));
    }
    let accounts = ask(&["accounts"]);
    assert!(accounts.out.ends_with(" 40 accounts\n"), "{accounts:?}");
    is_corrected_the_same(&sqlite, &ask);

    let again = other.import(sample::CSV, &["--store", url]);
    assert_eq!((again.code, again.tally()), (0, [0, 2_982, 0]));
    assert_ne!(ask(&["accounts"]).out, accounts.out);
    assert_eq!(ask(&["accounts"]).out, sqlite.ask(&["accounts"]));
    assert!(!other.db().exists());

    // The whole log in a line, which it is compared with.
    let seal = ask(&["audit", "seal"]);
    assert_eq!(seal.code, 0, "{seal:?}");
    let checked = ask(&["audit", "check", seal.out.trim()]);
    assert!(
        checked.code == 0 && checked.out.ends_with(" events, nothing found\n"),
        "{checked:?}"
    );
}

/// Asked before and after the corrections.
const QUESTIONS: &[&[&str]] = &[
    &["balance", "1023", "--on", "2024-03-01"],
    &["balance", "1023", "--on", "2024-03-01", "--at", "75"],
    &[
        "statement",
        "1023",
        "--from",
        "2024-02-01",
        "--to",
        "2024-03-31",
    ],
    &["diff", "1023", "--from", "2024-02-01", "--to", "2024-03-01"],
    &[
        "what-if",
        "1004",
        "--without",
        "R000534",
        "--credit",
        "1@2024-12-01",
    ],
    &["chart", "1023"],
    &["report"],
    &["verify"],
];

/// Corrects the past, is refused to, and compares what is told of it with what SQLite's is.
fn is_corrected_the_same(sqlite: &Bank, ask: &dyn Fn(&[&str]) -> Ran) {
    let reason = ["--reason", "a slip"];
    let day = [
        "--date",
        "2024-06-26",
        "--before",
        "R001428",
        "--type",
        "credit",
        "--amount",
        "159.21",
    ];
    for correction in [
        &["correct", "1004", "R000427", "--balance", "1272.01"][..],
        &[
            "correct",
            "1017",
            "R001604",
            "--amount",
            "18.25",
            "--dry-run",
        ],
        &["correct", "1017", "R001604", "--amount", "18.25"],
        &[&["insert", "1009", "R001427"], &day[..]].concat(),
        &[&["insert", "1009", "R001427"], &day[..]].concat(),
        &["retract", "1023", "R000290"],
        &["retract", "1023", "R000290"],
        &["correct", "1023", "R000290", "--amount", "1"],
    ] {
        let correction = [correction, &reason].concat();
        let (expected, told) = (sqlite.run(&correction), ask(&correction));
        assert_eq!(
            (told.code, &told.out, &told.err),
            (expected.code, &expected.out, &expected.err)
        );
    }
    for question in QUESTIONS {
        let (expected, told) = (sqlite.run(question), ask(question));
        assert_eq!(
            (told.code, &told.out),
            (expected.code, &expected.out),
            "{question:?}"
        );
    }
    // Who, why and what was corrected; when is each store's own.
    let trail = |out: String| -> Vec<String> {
        let said = |line: &str| line.split_once(' ').unwrap().1.to_owned();
        out.lines().map(said).collect()
    };
    let audit = ["audit", "1023"];
    assert_eq!(trail(ask(&audit).out), trail(sqlite.ask(&audit)));
    // What was known when all was imported stands.
    let imported = ask(&audit).out;
    let (known, _) = imported.lines().nth(74).unwrap().split_once(' ').unwrap();
    let as_known = ask(&["balance", "1023", "--known-at", known]);
    assert_eq!(as_known.out, sqlite.ask(&["balance", "1023", "--at", "75"]));
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
        // One replica is had, and nothing was written before; what that risks is said.
        let one = bank.import(sample::CSV, &["--store", server.url()]);
        assert_eq!((one.code, one.tally()), (0, [2_982, 0, 0]));
        assert!(one.err.contains("WARN a power loss may take what this server acknowledged last"), "{one:?}");
        assert!(one.out.starts_with("file.csv: 2982 rows\n"), "{one:?}");
    }
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
    let told = bank.refuse(&["--store", "memory:", "accounts"]);
    assert!(told.contains("gone when it ends"), "{told}");
}
