//! `docs/time.md` says what is so: its story is appended, and each cell of its tables is asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use es_core::{
    At, EventStore, LogQuery, Position, Recorded, Repository, Revision, Sample, Samples, Timestamp,
};
use es_memory::MemoryStore;
use es_testkit::FixedClock;
use futures_util::TryStreamExt;

use crate::bank::{DAY, Deposited, Withdrawn, open};
use crate::corrections::revision as r;
use crate::ledger::{Ledger, LedgerEvent};

const PAGE: &str = include_str!("../../../docs/time.md");

/// The rows of the table under this comment, without its head.
pub(crate) fn table(name: &str) -> Vec<Vec<&'static str>> {
    let mark = format!("<!-- {name}");
    let (_, after) = PAGE
        .split_once(&mark)
        .unwrap_or_else(|| panic!("no table {name}"));
    let rows = after.lines().skip_while(|line| !line.starts_with('|'));
    let rows = rows.take_while(|line| line.starts_with('|')).skip(2);
    rows.map(cells).collect()
}

fn head(name: &str) -> Vec<&'static str> {
    let mark = format!("<!-- {name}");
    let (_, after) = PAGE.split_once(&mark).unwrap();
    cells(after.lines().find(|line| line.starts_with('|')).unwrap())
}

fn cells(line: &'static str) -> Vec<&'static str> {
    let line = line.trim_matches('|');
    line.split('|').map(str::trim).collect()
}

/// Days after 30 April.
pub(crate) fn may(day: u32) -> Timestamp {
    let april: Timestamp = "2026-04-30T00:00:00Z".parse().unwrap();
    april.saturating_add(DAY * day)
}

fn date(text: &str) -> Timestamp {
    let text = text.trim_start_matches("effective ");
    match text.split_once(' ').unwrap() {
        (day, "May") => may(day.parse().unwrap()),
        (_, month) => {
            assert_eq!((text, month), ("30 April", "April"));
            may(0)
        }
    }
}

/// The story, as it stands on the page.
pub(crate) async fn story() -> Repository<Ledger, MemoryStore> {
    let clock = Arc::new(FixedClock::at(may(1)));
    let store = MemoryStore::with_clock(Arc::clone(&clock));
    let accounts = Repository::<Ledger, _>::new(store).with_clock(Arc::clone(&clock));
    let ada = "ada".to_owned();
    for row in table("the story") {
        let [revision, recorded, entry, effective] = row[..] else {
            panic!("{row:?}");
        };
        clock.set(date(recorded));
        let on = (!effective.is_empty()).then(|| date(effective));
        let words: Vec<&str> = entry.split(' ').collect();
        let number = |text: &str| text.parse().unwrap();
        let deposit = |cents: &str| Deposited {
            cents: cents.parse().unwrap(),
        };
        let correct = accounts.correct(&ada).by("auditor").because("the story");
        let reached = match (&words[..], on) {
            (["opened"], Some(on)) => {
                let opening = accounts.create(&ada, open()).effective_at(on);
                opening.await.unwrap().revision()
            }
            (["deposited", cents], Some(on)) => {
                let deposit = accounts.execute(&ada, |_| deposit(cents));
                deposit.effective_at(on).await.unwrap().revision()
            }
            (["inserted", cents], Some(on)) => {
                correct.insert(deposit(cents), on).await.unwrap().revision()
            }
            (["replaced", target, "by", cents], on) => {
                let (target, event) = (r(number(target)), deposit(cents));
                let correct = match on {
                    Some(on) => correct.replace_at(target, event, on),
                    None => correct.replace(target, event),
                };
                correct.await.unwrap().revision()
            }
            (["retracted", target], None) => {
                correct.retract(r(number(target))).await.unwrap().revision()
            }
            _ => panic!("{row:?}"),
        };
        assert_eq!(reached, r(number(revision)));
    }
    clock.set(may(7));
    accounts
}

#[tokio::test]
async fn each_cell_of_the_grid_is_so() {
    let accounts = story().await;
    let (ada, head) = ("ada".to_owned(), head("the grid"));
    let rows = table("the grid");
    assert_eq!(rows.len(), 8);
    for row in rows {
        for (effective, cell) in head[1..].iter().zip(&row[1..]) {
            let at = At::effective(date(effective)).known_at(date(row[0]));
            let shown = match accounts.load_at(&ada, at).await {
                Ok(account) if account.slips.is_empty() => "–".to_owned(),
                Ok(account) => listed(&account.slips),
                Err(_) => "🗙".to_owned(),
            };
            assert_eq!(shown, *cell, "known on {}, {effective}", row[0]);
        }
    }
}

pub(crate) fn listed(numbers: &[impl ToString]) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    numbers.join(", ")
}

fn revisions(events: &[Recorded<LedgerEvent>]) -> String {
    let revisions: Vec<_> = events.iter().map(|event| event.revision).collect();
    listed(&revisions)
}

/// Asks what the first cell says in code, and compares with the others; every row is asked and every answer is there.
pub(crate) fn compare(name: &str, answers: &[(&str, Vec<String>)]) {
    let squeezed = |code: &str| -> String { code.chars().filter(|c| !c.is_whitespace()).collect() };
    let mut answers: BTreeMap<String, &Vec<String>> = answers
        .iter()
        .map(|(code, answer)| (squeezed(code), answer))
        .collect();
    for row in table(name) {
        let code = row[0].trim_matches('`');
        let answer = answers.remove(&squeezed(code));
        let answer = answer.unwrap_or_else(|| panic!("nobody asks `{code}`"));
        assert_eq!(row[1..], answer[..], "{code}");
    }
    assert!(answers.is_empty(), "not on the page: {:?}", answers.keys());
}

/// The code as it is written, and what comes of it.
macro_rules! asked {
    ($($code:expr => |$answer:ident| $shown:expr;)*) => {
        [$((stringify!($code), { let $answer = $code; $shown })),*]
    };
}

pub(crate) use asked;

macro_rules! balances {
    ($($code:expr;)*) => {
        [$((stringify!($code), vec![$code.await.unwrap().balance.to_string()])),*]
    };
}

#[tokio::test]
async fn each_state_is_so() {
    let (accounts, ada) = (story().await, "ada".to_owned());
    let answers = balances! {
        accounts.load(&ada);
        accounts.load_at(&ada, r(4));
        accounts.load_at(&ada, Position::new(5));
        accounts.load_as_of(&ada, may(3));
        accounts.load_effective(&ada, may(3));
        accounts.load_effective(&ada, may(2));
        accounts.load_at(&ada, At::effective(may(2)).known_at(may(3)));
        accounts.load_at(&ada, At::effective(may(2)).known_at(r(4)));
        accounts.load_at(&ada, At::effective(may(3)).known_at(Position::new(6)));
    };
    compare("the states", &answers);
}

#[tokio::test]
async fn the_events_are_so() {
    let (accounts, ada) = (story().await, "ada".to_owned());
    let answers = asked! {
        accounts.facts(&ada, At::NOW) => |asked| vec![revisions(&asked.await.unwrap())];
        accounts.facts(&ada, At::effective(may(2)).known_at(r(4))) =>
            |asked| vec![revisions(&asked.await.unwrap())];
        accounts.between(&ada, may(3), may(5)) => |asked| vec![revisions(&asked.await.unwrap())];
        accounts.between(&ada, may(5), may(3)) => |asked| vec![revisions(&asked.await.unwrap())];
        accounts.between(&ada, At::effective(may(2)), At::effective(may(3))) =>
            |asked| vec![revisions(&asked.await.unwrap())];
        accounts.history(&ada) => |asked| {
            let moments: Vec<_> = asked.map_ok(|moment| moment.event).try_collect().await.unwrap();
            vec![revisions(&moments)]
        };
    };
    compare("the events", &answers);
}

#[tokio::test]
async fn each_sample_is_so() {
    let (accounts, ada) = (story().await, "ada".to_owned());
    let shown = |samples: Vec<Sample<i64>>| -> Vec<String> {
        let shown =
            |sample: &Sample<i64>| sample.value.map_or("🗙".to_owned(), |it| it.to_string());
        samples.iter().map(shown).collect()
    };
    let balance = |account: &Ledger| account.balance;
    let answers = asked! {
        Samples::effective(may(0)..=may(7), DAY) =>
            |samples| shown(accounts.timeline(&ada, samples, balance).await.unwrap());
        Samples::recorded(may(0)..=may(7), DAY) =>
            |samples| shown(accounts.timeline(&ada, samples, balance).await.unwrap());
        Samples::effective(may(0)..=may(7), DAY).standing_at(At::known(may(4))) =>
            |samples| shown(accounts.timeline(&ada, samples, balance).await.unwrap());
    };
    compare("the timelines", &answers);
}

#[tokio::test]
async fn each_supposition_is_so() {
    let (accounts, ada) = (story().await, "ada".to_owned());
    let shown = |impact: es_core::Impact<Ledger>| -> Vec<String> {
        let shown = |state: Option<Ledger>| state.unwrap().balance.to_string();
        vec![shown(impact.before), shown(impact.after)]
    };
    let answers = asked! {
        accounts.what_if(&ada).without(r(2)) => |asked| shown(asked.await.unwrap());
        accounts.what_if(&ada).instead(r(5), Deposited { cents: 1 }) =>
            |asked| shown(asked.await.unwrap());
        accounts.what_if(&ada).also(Deposited { cents: 5 }, may(2)) =>
            |asked| shown(asked.await.unwrap());
        accounts.what_if(&ada).then(Deposited { cents: 40 }) => |asked| shown(asked.await.unwrap());
        accounts.what_if(&ada).at(At::effective(may(2)).known_at(r(3))).without(r(2)) =>
            |asked| shown(asked.await.unwrap());
    };
    compare("the suppositions", &answers);
}

#[tokio::test]
async fn each_refusal_is_so() {
    let (accounts, ada) = (story().await, "ada".to_owned());
    let correct = || accounts.correct(&ada).by("auditor").because("a question");
    let answers = asked! {
        correct().retract(r(3)) => |asked| vec![asked.await.unwrap_err().to_string()];
        correct().replace(r(4), Deposited { cents: 1 }) =>
            |asked| vec![asked.await.unwrap_err().to_string()];
        correct().replace(r(6), Deposited { cents: 1 }) =>
            |asked| vec![asked.await.unwrap_err().to_string()];
        correct().retract(r(8)) => |asked| vec![asked.await.unwrap_err().to_string()];
        correct().retract(r(1)) => |asked| vec![asked.await.unwrap_err().to_string()];
        correct().insert(Deposited { cents: 1 }, may(0)) =>
            |asked| vec![asked.await.unwrap_err().to_string()];
        correct().insert(Withdrawn { cents: 120 }, may(2)).insert(Withdrawn { cents: 60 }, may(3)) =>
            |asked| vec![asked.await.unwrap_err().to_string()];
    };
    compare("the refusals", &answers);
    assert_eq!(accounts.store().head().await.unwrap(), Position::new(7));
}

#[tokio::test]
async fn the_stored_form_is_so() {
    let accounts = story().await;
    let log = accounts
        .store()
        .read_log(LogQuery::all())
        .await
        .unwrap()
        .events;
    let rows = table("the stored form");
    assert_eq!(rows.len(), 3);
    for row in rows {
        let revision: u64 = row[0].parse().unwrap();
        let event = log
            .iter()
            .find(|event| event.envelope.revision == Revision::new(revision));
        let event = event.unwrap();
        let mut payload = event.payload.as_str().to_owned();
        for other in &log {
            payload = payload.replace(&other.envelope.id.to_string(), "…");
        }
        assert_eq!(
            row[1..],
            [format!("`{}`", event.name), format!("`{payload}`")]
        );
    }
}
