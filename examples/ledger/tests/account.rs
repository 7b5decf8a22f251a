//! What an account decides, without a store.

use es_testkit::Spec;
use ledger::{
    Account, AccountEvent, Cents, Credited, Debited, Entry, EntryRefused, Kind, Overdraft, Refusal,
};

fn entry(kind: Kind, cents: i64) -> Entry {
    Entry {
        kind,
        cents: Cents(cents),
        stated: Some(Cents(1)),
        reference: "R1".to_owned(),
    }
}

fn credited(cents: i64) -> Credited {
    Credited {
        cents: Cents(cents),
        stated: Some(Cents(1)),
        reference: "R1".to_owned(),
    }
}

fn debited(cents: i64) -> Debited {
    Debited {
        cents: Cents(cents),
        stated: Some(Cents(1)),
        reference: "R1".to_owned(),
        covered: false,
    }
}

/// On the condition that the balance covers it.
fn covered(cents: i64) -> Debited {
    Debited {
        covered: true,
        ..debited(cents)
    }
}

fn refused(kind: Kind, cents: i64, refusal: Refusal) -> EntryRefused {
    EntryRefused {
        kind,
        cents: Cents(cents),
        stated: Some(Cents(1)),
        reference: "R1".to_owned(),
        refusal,
    }
}

#[test]
fn an_account_begins_with_its_first_entry() {
    Account::given(())
        .when(|account| account.book(&entry(Kind::Credit, 50_00), Overdraft::Refused))
        .then(credited(50_00))
        .then_state_with(|account| account.balance() == Cents(50_00) && account.entries() == 1);
}

#[test]
fn money_comes_and_goes() {
    Account::given(credited(50_00))
        .when(|account| account.book(&entry(Kind::Debit, 20_00), Overdraft::Refused))
        .then(covered(20_00))
        .then_state_with(|account| account.balance() == Cents(30_00) && account.entries() == 2);
}

#[test]
fn an_overdraft_is_allowed_unless_it_is_said_otherwise() {
    Account::given(credited(50_00))
        .when(|account| account.book(&entry(Kind::Debit, 50_01), Overdraft::Allowed))
        .then(debited(50_01))
        .then_state_with(|account| account.balance() == Cents(-1));
    Account::given(credited(50_00))
        .when(|account| account.book(&entry(Kind::Debit, 50_01), Overdraft::Refused))
        .then_rejected(Refusal::Overdraft {
            balance: Cents(50_00),
        })
        .then_state_with(|account| account.balance() == Cents(50_00) && account.entries() == 1);
}

#[test]
fn all_of_a_balance_may_go() {
    Account::given(credited(50_00))
        .when(|account| account.book(&entry(Kind::Debit, 50_00), Overdraft::Refused))
        .then(covered(50_00));
}

#[test]
fn a_credit_is_no_overdraft_where_money_is_owed() {
    Account::given(debited(50_00))
        .when(|account| account.book(&entry(Kind::Credit, 10_00), Overdraft::Refused))
        .then(credited(10_00))
        .then_state_with(|account| account.balance() == Cents(-40_00));
}

#[test]
fn a_refusal_is_a_fact_that_leaves_the_balance_alone() {
    let refusal = Refusal::Overdraft {
        balance: Cents(50_00),
    };
    Account::given(credited(50_00))
        .when(|account| account.settle(&entry(Kind::Debit, 80_00), Overdraft::Refused))
        .then(refused(Kind::Debit, 80_00, refusal))
        .then_state_with(|account| {
            account.balance() == Cents(50_00) && account.entries() == 1 && account.refused() == 1
        });
}

#[test]
fn a_balance_stays_within_what_can_be_counted() {
    for (given, kind) in [
        (AccountEvent::from(credited(i64::MAX)), Kind::Credit),
        (AccountEvent::from(debited(i64::MAX)), Kind::Debit),
    ] {
        let sign = if kind == Kind::Credit { 1 } else { -1 };
        let balance = Cents(sign * i64::MAX);
        Account::given(given)
            .when(|account| account.book(&entry(kind, 2), Overdraft::Allowed))
            .then_rejected(Refusal::OutOfRange { balance })
            .then_state_with(|account| account.balance() == balance);
    }
}

#[test]
fn the_latest_day_is_that_of_the_entries_and_not_of_their_recording() {
    let day = "1993-03-01T00:00:00Z".parse().unwrap();
    let before = "1993-02-01T00:00:00Z".parse().unwrap();
    Account::given(())
        .effective_at(day)
        .given(credited(1))
        .effective_at(before)
        .given(credited(1))
        .then_state_with(|account| account.latest() == Some(day));
}

#[test]
fn what_is_stored_today_is_read_for_ever() {
    Account::given(())
        .given_stored("account.credited", 1, r#"{"cents":60000,"stated":60000,"reference":"t1"}"#)
        .given_stored("account.debited", 1, r#"{"cents":70000,"reference":"t2"}"#)
        .given_stored(
            "account.entry-refused",
            1,
            r#"{"kind":"debit","cents":1,"reference":"t3","refusal":{"overdraft":{"balance":-10000}}}"#,
        )
        .then_state_with(|account| {
            account.balance() == Cents(-10_000) && account.entries() == 2 && account.refused() == 1
        });
}
