//! Given-when-then of what undoes an event in the open: what passes, and what each step fails with.

use std::panic::{AssertUnwindSafe, catch_unwind};

use es_core::{Aggregate, Apply, Command, Create, Event, EventId, Handle, Recorded};
use es_testkit::{CountingIds, Scenario, Spec};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.paid")]
struct Paid {
    cents: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.paid-back")]
struct PaidBack {
    cents: i64,
}

#[derive(Debug, PartialEq)]
struct NothingPaid;

impl std::fmt::Display for NothingPaid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nothing was paid")
    }
}

impl std::error::Error for NothingPaid {}

#[derive(Debug, Clone, PartialEq, Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = NothingPaid)]
#[event(Opened, initial)]
#[event(Paid)]
#[event(PaidBack, recorded)]
struct Account {
    paid: i64,
}

impl Create<Opened> for Account {
    fn create(_: Opened) -> Self {
        Self { paid: 0 }
    }
}

impl Apply<Paid> for Account {
    fn apply(&mut self, paid: Paid) {
        self.paid += paid.cents;
    }
}

/// What isn't linked to its payment isn't understood.
impl Apply<Recorded<PaidBack>> for Account {
    fn apply(&mut self, back: Recorded<PaidBack>) {
        if back.metadata.compensates.is_some() {
            self.paid -= back.cents;
        }
    }
}

impl Account {
    fn pay_back(&self, cents: i64) -> Result<PaidBack, NothingPaid> {
        if cents > self.paid {
            return Err(NothingPaid);
        }
        Ok(PaidBack { cents })
    }
}

#[derive(Debug, Command)]
#[command(aggregate = Account)]
struct PayBack {
    #[command(id)]
    account: String,
    #[command(compensates)]
    payment: Option<EventId>,
    cents: i64,
}

impl Handle<PayBack> for Account {
    type Events = PaidBack;
    fn handle(&self, command: &PayBack) -> Result<PaidBack, NothingPaid> {
        self.pay_back(command.cents)
    }
}

fn paid() -> Scenario<Account> {
    Account::given((Opened {}, Paid { cents: 30 }, Paid { cents: 40 }))
}

fn pay_back(payment: Option<EventId>) -> PayBack {
    PayBack {
        account: "ada".to_owned(),
        payment,
        cents: 40,
    }
}

/// The message with which this fails.
fn failure(test: impl FnOnce()) -> String {
    let caught = catch_unwind(AssertUnwindSafe(test)).expect_err("it should have failed");
    match caught.downcast::<String>() {
        Ok(message) => *message,
        Err(caught) => (*caught.downcast::<&str>().expect("a message")).to_owned(),
    }
}

#[test]
fn a_payment_is_paid_back_once_and_is_as_if_it_had_not_been() {
    paid()
        .compensating(Paid { cents: 40 })
        .when(|account| account.pay_back(40))
        .then(PaidBack { cents: 40 })
        .then_undone()
        .then_state(Account { paid: 30 })
        .then_rejected_again(NothingPaid)
        .compensating(Paid { cents: 30 })
        .when(|account| (account.paid > 0).then_some(PaidBack { cents: 30 }))
        .then(PaidBack { cents: 30 })
        .then_undone()
        .then_state_with(|account| account.paid == 0)
        .then_nothing_again()
        .compensating(Paid { cents: 30 })
        .when(|account| account.pay_back(30))
        .then_rejected(NothingPaid)
        .compensating(Paid { cents: 30 })
        .when(|_| ())
        .then_nothing();
}

#[test]
fn a_command_says_itself_what_it_undoes() {
    paid()
        .compensating(Paid { cents: 40 })
        .when_sent(|payment| pay_back(Some(payment)))
        .then(PaidBack { cents: 40 })
        .then_undone()
        .then_rejected_again(NothingPaid);
    let unlinked = failure(|| {
        let sent = paid().compensating(Paid { cents: 40 });
        let _ = sent
            .when_sent(|_| pay_back(None))
            .then(PaidBack { cents: 40 });
    });
    assert!(unlinked.contains("#[command(compensates)]"), "{unlinked}");
    let another = failure(|| {
        let sent = paid().compensating(Paid { cents: 40 });
        let _ = sent
            .when_sent(|_| pay_back(Some(CountingIds::nth(2))))
            .then(PaidBack { cents: 40 });
    });
    assert_eq!(another, "the command says that it undoes another event");
}

#[test]
fn what_did_not_happen_is_not_undone() {
    let text = failure(|| drop(paid().compensating(Paid { cents: 50 })));
    assert!(
        text.starts_with("this didn't happen, so nothing undoes it"),
        "{text}"
    );
}

#[test]
fn each_step_fails_with_what_came_instead() {
    let compensation = || {
        let compensating = paid().compensating(Paid { cents: 40 });
        compensating.when(|account| account.pay_back(35))
    };
    let other = failure(|| drop(compensation().then(PaidBack { cents: 40 })));
    assert!(other.starts_with("other events happened"), "{other}");
    let half = failure(|| drop(compensation().then(PaidBack { cents: 35 }).then_undone()));
    assert!(
        half.starts_with("the state is another than if neither had happened"),
        "{half}"
    );
    let again = failure(|| drop(compensation().then_nothing_again()));
    assert!(again.starts_with("nothing should have happened"), "{again}");
    let accepted = failure(|| drop(compensation().then_rejected(NothingPaid)));
    assert!(accepted.starts_with("it wasn't rejected"), "{accepted}");
    let never = || paid().compensating(Paid { cents: 40 }).when(|_| ());
    let never = failure(|| drop(never().then_nothing_again()));
    assert_eq!(never, "it wasn't undone a first time");
}
