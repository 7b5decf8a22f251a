use std::fmt::Write as _;

use es_core::{
    AuditEntry, AuditTrail, CausationTree, EventId, EventStore, LogQuery, Position, Revision,
    StreamId,
};
use es_memory::MemoryStore;
use serde_json::Value;

use crate::bank::{Accounts, Deposited, Withdrawn, ada, clocked, day, open};
use crate::corrections::revision;
use crate::ledger::Ledgers;

async fn ids(store: &MemoryStore) -> Vec<EventId> {
    let log = store.read_log(LogQuery::all()).await.unwrap().events;
    log.iter().map(|event| event.envelope.id).collect()
}

/// Opened by Ada, a deposit of 100 that is corrected to 70 and back, another that stays corrected, and a forgotten one.
async fn corrected() -> Ledgers {
    let (store, _) = clocked();
    let ledgers = Ledgers::new(store);
    let opening = ledgers
        .create(&ada(), open())
        .by("ada")
        .effective_at(day(1));
    opening.correlated("case 7").await.unwrap();
    for (cents, on) in [(100, 2), (50, 4)] {
        let deposit = ledgers.execute(&ada(), |_| Deposited { cents });
        deposit.by("teller-3").effective_at(day(on)).await.unwrap();
    }
    let correct = |why: &str| ledgers.correct(&ada()).by("auditor").because(why);
    let seventy = Deposited { cents: 70 };
    correct("70, \"it\" says,\nand not 100")
        .replace(revision(2), seventy)
        .await
        .unwrap();
    correct("\"100\" after all")
        .retract(revision(4))
        .await
        .unwrap();
    let forgotten = correct("forgotten\nat the time").insert(Deposited { cents: 1 }, day(3));
    forgotten.correlated("case 7").await.unwrap();
    correct("2")
        .replace(revision(3), Deposited { cents: 2 })
        .await
        .unwrap();
    ledgers
}

#[tokio::test]
async fn a_trail_says_who_when_why_and_what_was_corrected_by_what() {
    let ledgers = corrected().await;
    let trail = ledgers.audit(&ada()).await.unwrap();
    let told: Vec<_> = (trail.entries().iter())
        .map(|entry| {
            let number = |revision: Option<Revision>| revision.map(Revision::number);
            (
                entry.revision.number(),
                &*entry.name,
                entry.actor.as_deref().unwrap(),
                entry.fact.as_deref(),
                number(entry.corrects),
                number(entry.corrected_by),
            )
        })
        .collect();
    let fact = Some("account.deposited");
    assert_eq!(
        told,
        [
            (1, "account.opened", "ada", None, None, None),
            (2, "account.deposited", "teller-3", None, None, None),
            (3, "account.deposited", "teller-3", None, None, Some(7)),
            (4, "es.replaced", "auditor", fact, Some(2), Some(5)),
            (5, "es.retracted", "auditor", None, Some(4), None),
            (6, "es.inserted", "auditor", fact, None, None),
            (7, "es.replaced", "auditor", fact, Some(3), None),
        ]
    );
    let entry = &trail.entries()[5];
    assert_eq!(entry.reason.as_deref(), Some("forgotten\nat the time"));
    assert_eq!(
        (entry.recorded_at, entry.effective_at),
        (day(1), Some(day(3)))
    );
    assert_eq!(
        trail.to_string().lines().last().unwrap(),
        "1970-01-02T00:00:00Z account/ada 7 es.replaced (account.deposited), corrects 3, by auditor: 2"
    );
    assert_eq!(
        trail.to_string().lines().nth(5).unwrap(),
        "1970-01-02T00:00:00Z account/ada 6 es.inserted (account.deposited), effective 1970-01-04T00:00:00Z, of case 7, \
         by auditor: forgotten\\nat the time"
    );
}

/// Nobody writes a line into the trail that looks as if it were another entry's.
#[tokio::test]
async fn what_somebody_says_stays_on_the_line_of_its_entry() {
    let (store, _) = clocked();
    let accounts = Accounts::new(store);
    let forged = "1970-01-02T00:00:00Z account/ada 2 account.withdrawn, by eve";
    let said = |mark: &str| format!("fine{mark}{forged}");
    let first = accounts.create(&ada(), open()).by(said("\r\n"));
    let first = first.correlated(said("\u{2028}"));
    first.because(said("\n\u{202e}\u{1b}[2K")).await.unwrap();
    let trail = accounts.audit(&ada()).await.unwrap();
    let told = trail.to_string();
    assert_eq!(
        told.chars().filter(|char| char.is_control()).count(),
        1,
        "{told}"
    );
    let line = format!(
        "1970-01-02T00:00:00Z account/ada 1 account.opened, of fine\\u{{2028}}{forged}, by fine\\r\\n{forged}: \
         fine\\n\\u{{202e}}\\u{{1b}}[2K{forged}\n"
    );
    assert_eq!(told, line);
    let id = ids(accounts.store()).await[0];
    let tree = CausationTree::around(accounts.store(), id).await.unwrap();
    assert_eq!(tree.to_string(), line);
    // What programs read holds what was said.
    assert_eq!(trail.entries()[0].actor, Some(said("\r\n")));
}

#[tokio::test]
async fn a_trail_is_json_lines_with_every_field_and_no_payload() {
    let ledgers = corrected().await;
    let trail = ledgers.audit(&ada()).await.unwrap();
    let mut text = Vec::new();
    trail.write_json_lines(&mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(!text.contains("Ada"), "the owner stands in a payload");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 7);
    let id = ids(ledgers.store()).await[3];
    assert_eq!(
        lines[3],
        serde_json::json!({
            "position": 4, "stream": "account/ada", "revision": 4, "id": id, "name": "es.replaced",
            "recorded_at": "1970-01-02T00:00:00Z", "effective_at": null, "actor": "auditor",
            "reason": "70, \"it\" says,\nand not 100", "caused_by": null, "correlation": null, "compensates": null,
            "corrects": 2, "fact": "account.deposited", "corrected_by": 5,
        })
    );
}

#[tokio::test]
async fn a_trail_as_csv_holds_what_the_json_lines_hold() {
    let ledgers = corrected().await;
    let trail = ledgers.audit(&ada()).await.unwrap();
    let (mut text, mut lines) = (Vec::new(), Vec::new());
    trail.write_csv(&mut text).unwrap();
    trail.write_json_lines(&mut lines).unwrap();
    let mut reader = csv::Reader::from_reader(&text[..]);
    let columns = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let lines = String::from_utf8(lines).unwrap();
    assert_eq!(rows.len(), 7);
    for (row, line) in rows.iter().zip(lines.lines()) {
        let line: serde_json::Map<String, Value> = serde_json::from_str(line).unwrap();
        assert_eq!(columns.len(), line.len());
        for (column, cell) in columns.iter().zip(row) {
            let told = match &line[column] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                value => value.to_string(),
            };
            assert_eq!(cell, told, "{column}");
        }
    }
}

#[tokio::test]
async fn what_belongs_together_is_told_across_streams_in_the_order_of_the_log() {
    let ledgers = corrected().await;
    let bob = "bob".to_owned();
    ledgers
        .create(&bob, open())
        .correlated("case 7")
        .await
        .unwrap();
    for (id, case) in [(&bob, "case 8"), (&ada(), "case 7")] {
        let deposit = ledgers.execute(id, |_| Deposited { cents: 1 });
        deposit.effective_at(day(9)).correlated(case).await.unwrap();
    }
    let trail = AuditTrail::of_correlation(ledgers.store(), "case 7")
        .await
        .unwrap();
    let told: Vec<_> = (trail.entries().iter())
        .map(|entry| (entry.position.number(), entry.stream.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (1, "account/ada"),
            (6, "account/ada"),
            (8, "account/bob"),
            (10, "account/ada")
        ]
    );
    let nothing = AuditTrail::of_correlation(ledgers.store(), "case 9")
        .await
        .unwrap();
    assert_eq!(nothing.into_iter().collect::<Vec<AuditEntry>>(), []);
}

#[tokio::test]
async fn a_compensation_names_what_it_undoes_and_both_stay_facts() {
    let (store, _) = clocked();
    let accounts = Accounts::new(store);
    accounts.create(&ada(), open()).await.unwrap();
    accounts
        .execute(&ada(), |_| Deposited { cents: 100 })
        .await
        .unwrap();
    let undone = ids(accounts.store()).await[1];
    let cancelled = accounts.execute(&ada(), |_| Withdrawn { cents: 100 });
    cancelled
        .compensating(undone)
        .because("returned")
        .await
        .unwrap();
    let trail = accounts.audit(&ada()).await.unwrap();
    assert_eq!(trail.entries()[2].compensates, Some(undone));
    let told = format!("account.withdrawn, compensates {undone}: returned");
    assert!(trail.entries()[2].to_string().ends_with(&told), "{trail}");
    assert_eq!(trail.entries()[1].corrected_by, None);
    assert_eq!(accounts.load(&ada()).await.unwrap().slips, [100, -100]);
}

/// Ada's opening leads to Bob's and to a deposit of hers; Bob's to a deposit of his; and one that belongs to nothing.
async fn story() -> (Accounts, Vec<EventId>) {
    let (store, _) = clocked();
    let accounts = Accounts::new(store);
    let bob = "bob".to_owned();
    accounts.create(&ada(), open()).await.unwrap();
    let first = ids(accounts.store()).await[0];
    accounts
        .create(&bob, open())
        .caused_by(first)
        .await
        .unwrap();
    accounts.create(&"eve".to_owned(), open()).await.unwrap();
    let second = ids(accounts.store()).await[1];
    let deposit = |_: &crate::bank::Account| Deposited { cents: 1 };
    accounts
        .execute(&ada(), deposit)
        .caused_by(first)
        .await
        .unwrap();
    accounts
        .execute(&bob, deposit)
        .caused_by(second)
        .await
        .unwrap();
    let ids = ids(accounts.store()).await;
    (accounts, ids)
}

fn drawn(tree: &CausationTree) -> String {
    tree.events().iter().fold(String::new(), |mut text, event| {
        let _ = write!(text, "{}:{} ", event.depth, event.entry.position);
        text
    })
}

#[tokio::test]
async fn causation_is_followed_across_aggregates_as_a_tree() {
    let (accounts, ids) = story().await;
    let store = accounts.store();
    for id in [ids[0], ids[1], ids[3], ids[4]] {
        let tree = CausationTree::around(store, id).await.unwrap();
        assert_eq!(drawn(&tree), "0:1 1:2 2:5 1:4 ");
    }
    let below = CausationTree::below(store, ids[1]).await.unwrap();
    assert_eq!(drawn(&below), "0:2 1:5 ");
    assert_eq!(
        below.to_string(),
        format!(
            "1970-01-02T00:00:00Z account/bob 1 account.opened, caused by {}\n  1970-01-02T00:00:00Z account/bob 2 \
             account.deposited, caused by {}\n",
            ids[0], ids[1]
        )
    );
    let alone = CausationTree::around(store, ids[2]).await.unwrap();
    assert_eq!(drawn(&alone), "0:3 ");
    let nothing = CausationTree::around(store, EventId::random())
        .await
        .unwrap();
    assert_eq!(nothing.events(), []);
}

#[tokio::test]
async fn a_cause_that_comes_later_is_not_followed() {
    let (store, _) = clocked();
    let accounts = Accounts::new(store);
    let stream = StreamId::new("account", "ada").unwrap();
    // Known before it exists, as a key derives it.
    let (own, later) = (
        EventId::derived(&stream, "a", 0),
        EventId::derived(&stream, "b", 0),
    );
    accounts
        .create(&ada(), open())
        .once("a")
        .caused_by(later)
        .await
        .unwrap();
    let deposit = accounts.execute(&ada(), |_| Deposited { cents: 1 });
    deposit.once("b").caused_by(own).await.unwrap();
    let tree = CausationTree::around(accounts.store(), later)
        .await
        .unwrap();
    assert_eq!(drawn(&tree), "0:1 1:2 ");
    assert_eq!(accounts.store().head().await.unwrap(), Position::new(2));
}
