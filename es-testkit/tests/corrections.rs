//! Given-when-then of processes that are told of corrections, or aren't.

use std::panic::{AssertUnwindSafe, catch_unwind};

use es_core::{
    Aggregate, Apply, Command, Compensate, Correctable, Corrected, Event, Handle, NoError, Process,
    React, Reaction, Reconsider, Recorded, Rejected, Revision, Timestamp,
};
use es_testkit::{GivenLog, ProcessScenario};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.placed")]
struct Placed {
    customer: String,
    cents: i64,
}

#[derive(Debug, Default, Aggregate)]
#[aggregate(name = "order", id = String, event = OrderEvent, error = NoError, corrections)]
#[event(Placed)]
struct Order;

impl Apply<Placed> for Order {
    fn apply(&mut self, _: Placed) {}
}

impl Correctable for Order {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.charged")]
struct Charged {
    cents: i64,
}

#[derive(Debug, Default, Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = NoError)]
#[event(Charged)]
struct Account;

impl Apply<Charged> for Account {
    fn apply(&mut self, _: Charged) {}
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(aggregate = Account)]
struct Charge {
    #[command(id)]
    customer: String,
    cents: i64,
}

impl Handle<Charge> for Account {
    type Events = Charged;
    fn handle(&self, charge: &Charge) -> Result<Charged, NoError> {
        let cents = charge.cents;
        Ok(Charged { cents })
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "billing.noted")]
struct Noted {}

macro_rules! billing {
    ($process:ident, $event:ident, $name:literal $(, $corrections:ident)?) => {
        #[derive(Debug, Clone, Default, PartialEq, Aggregate, Process)]
        #[aggregate(name = $name, id = String, event = $event, error = NoError)]
        #[process($($corrections)?)]
        #[event(Noted)]
        #[input(Placed, starts)]
        #[command(Charge, name = "account.charge")]
        struct $process;

        impl Apply<Noted> for $process {
            fn apply(&mut self, _: Noted) {}
        }

        impl React<Placed> for $process {
            fn key(placed: &Recorded<Placed>) -> Option<String> {
                Some(placed.customer.clone())
            }
            fn react(&self, placed: &Recorded<Placed>) -> Result<Reaction<Self>, NoError> {
                Ok(Reaction::of(self).send(charge(&placed.customer, placed.cents)))
            }
        }

        impl Compensate<Charge> for $process {
            fn compensate(&self, _: &Rejected<Charge>) -> Result<Reaction<Self>, NoError> {
                Ok(Reaction::of(self))
            }
        }
    };
}

billing!(Billing, BillingEvent, "billing", corrections);
billing!(Deaf, DeafEvent, "deaf");

/// What was charged stays charged; what was too much or too little is charged beside.
impl Reconsider<Placed> for Billing {
    fn reconsider(
        &self,
        corrected: &Recorded<Corrected<Placed>>,
    ) -> Result<Reaction<Self>, NoError> {
        let facts = [(-1, &corrected.before), (1, &corrected.after)];
        let facts = facts.map(|(sign, fact)| fact.as_ref().map(|placed| (sign, placed)));
        let reaction = facts.into_iter().flatten();
        Ok(
            reaction.fold(Reaction::of(self), |reaction, (sign, placed)| {
                reaction.send(charge(&placed.customer, sign * placed.cents))
            }),
        )
    }
}

fn charge(customer: &str, cents: i64) -> Charge {
    let customer = customer.to_owned();
    Charge { customer, cents }
}

fn placed(customer: &str, cents: i64) -> Placed {
    let customer = customer.to_owned();
    Placed { customer, cents }
}

fn order() -> String {
    "17".to_owned()
}

#[test]
fn a_correction_is_answered_and_nothing_is_sent_again() {
    ProcessScenario::<Billing>::new()
        .given::<Order>(&order(), placed("ada", 100))
        .when_replaced::<Order>(&order(), Revision::FIRST, placed("ada", 70))
        .then(
            Reaction::new()
                .send(charge("ada", -100))
                .send(charge("ada", 70)),
        )
        .when_retracted::<Order>(&order(), Revision::new(2))
        .then(
            Reaction::new()
                .send(charge("ada", -70))
                .send(charge("ada", 100)),
        )
        .when_inserted::<Order>(&order(), placed("bob", 5), Timestamp::EPOCH)
        .then(Reaction::new().send(charge("bob", 5)))
        .then_running(&"bob".to_owned())
        .when_replaced::<Order>(&order(), Revision::FIRST, placed("eve", 100))
        .then(
            Reaction::new()
                .send(charge("ada", -100))
                .send(charge("eve", 100)),
        );
}

#[test]
fn a_process_without_the_word_ignores_corrections() {
    ProcessScenario::<Deaf>::new()
        .given::<Order>(&order(), placed("ada", 100))
        .when_replaced::<Order>(&order(), Revision::FIRST, placed("ada", 70))
        .then_ignored()
        .when_retracted::<Order>(&order(), Revision::new(2))
        .then_ignored()
        .when_inserted::<Order>(&order(), placed("bob", 5), Timestamp::EPOCH)
        .then_ignored();
}

#[test]
fn what_the_rules_refuse_is_not_given() {
    let given = GivenLog::new().given::<Order>(&order(), placed("ada", 100));
    let retracted = given.retracted::<Order>(&order(), Revision::FIRST);
    let refused = catch_unwind(AssertUnwindSafe(|| {
        drop(retracted.retracted::<Order>(&order(), Revision::FIRST));
    }));
    let message = refused.unwrap_err().downcast::<String>().unwrap();
    assert_eq!(
        *message,
        "the correction is refused: the event at revision 1 is corrected already, by the one at 2"
    );
    let nobody = GivenLog::new();
    let refused = catch_unwind(AssertUnwindSafe(|| {
        drop(nobody.retracted::<Order>(&order(), Revision::FIRST));
    }));
    let message = refused.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("order/17"), "{message}");
}
