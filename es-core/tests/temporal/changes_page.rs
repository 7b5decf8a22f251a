//! What `docs/time.md` says of what differs, would differ and was corrected is so, too.

use es_core::{At, Diff, Impact, Recorded, Timestamp};

use crate::bank::Deposited;
use crate::corrections::revision as r;
use crate::ledger::{Ledger, LedgerEvent};
use crate::page::{asked, compare, listed, may, story, table};

#[tokio::test]
async fn each_visit_is_so() {
    let (accounts, ada) = (story().await, "ada".to_owned());
    let visited = async |at: At| {
        let mut seen = Vec::new();
        let see = |event: &Recorded<LedgerEvent>, state: &Ledger| {
            seen.push(format!("{}: {}", event.revision, state.balance));
        };
        accounts.visit(&ada, at, see).await.unwrap();
        vec![listed(&seen)]
    };
    let answers = asked! {
        At::NOW => |at| visited(at).await;
        At::known(r(4)) => |at| visited(at).await;
        At::effective(may(3)).known_at(may(5)) => |at| visited(at).await;
    };
    compare("the visits", &answers);
}

/// All changes, in a line.
fn told(diff: &Diff) -> Vec<String> {
    let text: Vec<String> = (diff.changes().iter())
        .map(|change| format!("`{change}`"))
        .collect();
    let text = if diff.is_empty() {
        "nothing".to_owned()
    } else {
        text.join(", ")
    };
    vec![text, format!("`{}`", diff.to_json_patch())]
}

#[tokio::test]
async fn each_difference_is_so() {
    let (accounts, ada) = (story().await, "ada".to_owned());
    let answers = asked! {
        accounts.diff(&ada, may(3), may(4)) => |asked| told(&asked.await.unwrap());
        accounts.diff(&ada, At::effective(may(2)), At::effective(may(3))) =>
            |asked| told(&asked.await.unwrap());
        accounts.diff(&ada, may(7), At::NOW) => |asked| told(&asked.await.unwrap());
    };
    compare("the differences", &answers);
}

#[tokio::test]
async fn each_effect_is_so() {
    let (accounts, ada) = (story().await, "ada".to_owned());
    let correct = || accounts.correct(&ada).by("auditor").because("a question");
    let shown = |impact: Impact<Ledger>| -> Vec<String> {
        let balance = |state: &Option<Ledger>| state.as_ref().unwrap().balance;
        let effects: Vec<String> = (impact.effects.iter())
            .map(|effect| {
                let (before, after) = (balance(&effect.before), balance(&effect.after));
                let fate = format!("{:?}", effect.fate).to_lowercase();
                format!("{} {fate}: {before} → {after}", effect.event.revision)
            })
            .collect();
        vec![listed(&effects)]
    };
    let answers = asked! {
        accounts.what_if(&ada).without(r(2)) => |asked| shown(asked.await.unwrap());
        accounts.what_if(&ada).also(Deposited { cents: 5 }, may(2)) =>
            |asked| shown(asked.await.unwrap());
        correct().replace(r(5), Deposited { cents: 1 }).dry_run() =>
            |asked| shown(asked.await.unwrap());
        correct().retract(r(7)).dry_run() => |asked| shown(asked.await.unwrap());
    };
    compare("the effects", &answers);
}

#[tokio::test]
async fn the_trail_is_so() {
    let (accounts, ada) = (story().await, "ada".to_owned());
    let trail = accounts.audit(&ada).await.unwrap();
    let rows = table("the trail");
    assert_eq!(rows.len(), trail.entries().len());
    for (row, entry) in rows.iter().zip(trail.entries()) {
        let code = |text: &str| format!("`{text}`");
        let day = |at: Timestamp| (1..=7).find(|day| may(*day) == at).unwrap();
        let or_nothing = |text: Option<String>| text.unwrap_or_default();
        assert_eq!(
            row[..],
            [
                entry.revision.to_string(),
                code(&entry.name),
                or_nothing(entry.fact.as_deref().map(code)),
                or_nothing(entry.effective_at.map(|at| format!("{} May", day(at)))),
                or_nothing(entry.corrects.map(|at| at.to_string())),
                or_nothing(entry.corrected_by.map(|at| at.to_string())),
            ]
        );
    }
}
