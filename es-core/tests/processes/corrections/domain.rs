//! Customers order, and are charged; orders take corrections, and who charges is told of them.

use es_core::{
    Aggregate, Apply, Command, Compensate, Correctable, Corrected, Event, Handle, NoError, Process,
    React, Reaction, Reconsider, Recorded, Rejected,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.placed", version = 2)]
pub(crate) struct Placed {
    #[event(since = 2, renamed_from = "who")]
    pub customer: String,
    pub cents: i64,
}

/// It costs nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.given-away")]
pub(crate) struct GivenAway {
    pub customer: String,
}

/// The customer orders nothing any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.last-placed")]
pub(crate) struct LastPlaced {
    pub customer: String,
}

#[derive(Debug, Clone, Default, PartialEq, Aggregate)]
#[aggregate(name = "shop", id = String, event = ShopEvent, error = NoError, corrections)]
#[event(Placed)]
#[event(GivenAway)]
#[event(LastPlaced)]
pub(crate) struct Shop {
    pub orders: u64,
}

impl Apply<Placed> for Shop {
    fn apply(&mut self, _: Placed) {
        self.orders += 1;
    }
}
impl Apply<GivenAway> for Shop {
    fn apply(&mut self, _: GivenAway) {}
}
impl Apply<LastPlaced> for Shop {
    fn apply(&mut self, _: LastPlaced) {}
}
impl Correctable for Shop {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.charged")]
pub(crate) struct Charged {
    pub cents: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = NoError)]
#[event(Charged)]
pub(crate) struct Account {
    pub charged: Vec<i64>,
}

impl Apply<Charged> for Account {
    fn apply(&mut self, charged: Charged) {
        self.charged.push(charged.cents);
    }
}

/// Never refused and never without effect, so that a second one would be seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(aggregate = Account)]
pub(crate) struct Charge {
    #[command(id)]
    pub customer: String,
    pub cents: i64,
}

impl Handle<Charge> for Account {
    type Events = Charged;
    fn handle(&self, charge: &Charge) -> Result<Charged, NoError> {
        let cents = charge.cents;
        Ok(Charged { cents })
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "billing.asked")]
pub(crate) struct Asked {
    pub cents: i64,
}

/// It doesn't understand 13 cents, while [`bug`](crate::bug) is there.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("13 cents aren't understood")]
pub(crate) struct NotUnderstood;

fn charge<P>(state: &P, customer: &str, cents: i64) -> Result<Reaction<P>, NotUnderstood>
where
    P: Aggregate<Event: From<Asked>>,
    Charge: es_core::SentBy<P>,
{
    if cents == 13 && crate::bug::is_there() {
        return Err(NotUnderstood);
    }
    let customer = customer.to_owned();
    let asked = Reaction::of(state).emit(Asked { cents });
    Ok(asked.send(Charge { customer, cents }))
}

/// A process that charges each customer, as its attributes say.
macro_rules! charging {
    ($process:ident, $event:ident, $name:literal $(, $corrections:ident)?) => {
        #[derive(Debug, Clone, Default, PartialEq, Aggregate, Process)]
        #[aggregate(name = $name, id = String, event = $event, error = NotUnderstood)]
        #[process($($corrections)?)]
        #[event(Asked)]
        #[input(Placed, starts)]
        #[input(GivenAway, starts)]
        #[input(LastPlaced, ends)]
        #[command(Charge, name = "account.charge")]
        pub(crate) struct $process {
            pub asked: i64,
        }

        impl Apply<Asked> for $process {
            fn apply(&mut self, asked: Asked) {
                self.asked += asked.cents;
            }
        }

        impl React<Placed> for $process {
            fn key(placed: &Recorded<Placed>) -> Option<String> {
                (placed.customer != "nobody").then(|| placed.customer.clone())
            }
            fn react(&self, placed: &Recorded<Placed>) -> Result<Reaction<Self>, NotUnderstood> {
                charge(self, &placed.customer, placed.cents)
            }
        }

        impl React<GivenAway> for $process {
            fn key(given: &Recorded<GivenAway>) -> Option<String> {
                Some(given.customer.clone())
            }
            fn react(&self, _: &Recorded<GivenAway>) -> Result<Reaction<Self>, NotUnderstood> {
                Ok(Reaction::of(self))
            }
        }

        impl React<LastPlaced> for $process {
            fn key(last: &Recorded<LastPlaced>) -> Option<String> {
                Some(last.customer.clone())
            }
            fn react(&self, _: &Recorded<LastPlaced>) -> Result<Reaction<Self>, NotUnderstood> {
                Ok(Reaction::of(self))
            }
        }

        impl Compensate<Charge> for $process {
            fn compensate(&self, _: &Rejected<Charge>) -> Result<Reaction<Self>, NotUnderstood> {
                Ok(Reaction::of(self))
            }
        }
    };
}

charging!(Billing, BillingEvent, "billing", corrections);
charging!(Deaf, DeafEvent, "deaf");

/// What was charged stays charged; the difference is charged beside.
impl Reconsider<Placed> for Billing {
    fn reconsider(
        &self,
        corrected: &Recorded<Corrected<Placed>>,
    ) -> Result<Reaction<Self>, NotUnderstood> {
        let (before, after) = (corrected.before.as_ref(), corrected.after.as_ref());
        let cents = |placed: Option<&Recorded<Placed>>| placed.map_or(0, |placed| placed.cents);
        let Some(customer) = after.or(before).map(|placed| &placed.customer) else {
            return Ok(Reaction::of(self));
        };
        charge(self, customer, cents(after) - cents(before))
    }
}

/// 1 cent for the trouble.
impl Reconsider<GivenAway> for Billing {
    fn reconsider(
        &self,
        corrected: &Recorded<Corrected<GivenAway>>,
    ) -> Result<Reaction<Self>, NotUnderstood> {
        match &corrected.after {
            Some(given) => charge(self, &given.customer, 1),
            None => Ok(Reaction::of(self)),
        }
    }
}

impl Reconsider<LastPlaced> for Billing {
    fn reconsider(
        &self,
        _: &Recorded<Corrected<LastPlaced>>,
    ) -> Result<Reaction<Self>, NotUnderstood> {
        Ok(Reaction::of(self))
    }
}
