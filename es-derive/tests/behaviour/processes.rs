use es_core::{
    Aggregate, Apply, Command, Compensate, Event, Expire, Handle, NoError, Process, React,
    Reaction, Recorded, Rejected, Role, SentBy, SetBy, Timestamp,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.placed", formerly = "order.made")]
struct Placed {}

mod payment {
    use es_core::Event;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
    #[event(name = "payment.received", version = 2)]
    pub(crate) struct Received {
        #[event(since = 2)]
        pub(crate) order: Option<String>,
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.closed")]
struct Closed {}

#[derive(Default, Aggregate)]
#[aggregate(name = "order", id = String, event = OrderEvent, error = NoError)]
#[event(Closed)]
struct Order;

impl Apply<Closed> for Order {
    fn apply(&mut self, _: Closed) {}
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(aggregate = Order)]
struct Close {
    #[command(id)]
    order: String,
}

impl Handle<Close> for Order {
    type Events = Closed;
    fn handle(&self, _: &Close) -> Result<Closed, NoError> {
        Ok(Closed {})
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "fulfilment.begun")]
struct Begun {}

struct Due;

#[derive(Debug, Default, Aggregate, Process)]
#[aggregate(name = "fulfilment", id = String, event = FulfilmentEvent, error = NoError)]
#[event(Begun)]
#[process(restarts)]
#[input(Placed, starts)]
#[input(payment::Received)]
#[input(Closed, ends)]
#[command(Close, name = "order.close")]
#[deadline(Due, name = "due")]
struct Fulfilment;

impl Apply<Begun> for Fulfilment {
    fn apply(&mut self, _: Begun) {}
}

macro_rules! reacts {
    ($($event:ty),*) => {
        $(impl React<$event> for Fulfilment {
            fn key(event: &Recorded<$event>) -> Option<String> {
                Some(event.stream.id().to_owned())
            }
            fn react(&self, event: &Recorded<$event>) -> Result<Reaction<Self>, NoError> {
                let order = event.stream.id().to_owned();
                Ok(Reaction::of(self).emit(Begun {}).send(Close { order }).set(Due, Timestamp::EPOCH))
            }
        })*
    };
}

reacts!(Placed, payment::Received, Closed);

impl Expire<Due> for Fulfilment {
    fn expire(&self, _: &String, _: Timestamp) -> Result<Reaction<Self>, NoError> {
        Ok(Reaction::of(self).cancel(Due))
    }
}

impl Compensate<Close> for Fulfilment {
    fn compensate(&self, _: &Rejected<Close>) -> Result<Reaction<Self>, NoError> {
        Ok(Reaction::of(self).end())
    }
}

#[test]
fn a_process_lists_what_is_written_with_its_roles() {
    let inputs: Vec<_> = (Fulfilment::INPUTS.iter())
        .map(|input| (input.descriptor.name, input.descriptor.version, input.role))
        .collect();
    let expected = [
        ("order.placed", 1, Role::Starts),
        ("payment.received", 2, Role::Continues),
        ("order.closed", 1, Role::Ends),
    ];
    assert_eq!(inputs, expected);
    assert_eq!(
        Fulfilment::INPUTS[0].descriptor.former_names,
        ["order.made"]
    );
    const { assert!(Fulfilment::RESTARTS) };
}

#[test]
fn commands_and_deadlines_have_the_names_that_are_written() {
    let commands: Vec<_> = (Fulfilment::COMMANDS.iter())
        .map(|line| line.name)
        .collect();
    assert_eq!(commands, ["order.close"]);
    let deadlines: Vec<_> = (Fulfilment::DEADLINES.iter())
        .map(|line| line.name)
        .collect();
    assert_eq!(deadlines, ["due"]);
    assert_eq!(<Close as SentBy<Fulfilment>>::NAME, "order.close");
    assert_eq!(<Due as SetBy<Fulfilment>>::NAME, "due");
}
