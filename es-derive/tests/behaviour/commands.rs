use es_core::{Aggregate, Apply, Command, Event, EventId, Handle, HandleCreate, Handler, NoError};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "counted")]
struct Counted {
    by: u8,
}

#[derive(Default, Aggregate)]
#[aggregate(name = "counter", id = u64, event = CounterEvent, error = NoError)]
#[event(Counted)]
struct Counter {
    count: u64,
}

impl Apply<Counted> for Counter {
    fn apply(&mut self, event: Counted) {
        self.count += u64::from(event.by);
    }
}

#[derive(Command)]
#[command(aggregate = Counter)]
struct Count {
    by: u8,
    #[command(id)]
    r#type: u64,
}

impl Handle<Count> for Counter {
    type Events = Counted;

    fn handle(&self, command: &Count) -> Result<Counted, NoError> {
        Ok(Counted { by: command.by })
    }
}

#[derive(Command)]
#[command(aggregate = Counter, creates)]
struct Begin(u8, #[command(id)] u64);

impl HandleCreate<Begin> for Counter {
    type Events = Counted;

    fn handle_create(command: &Begin) -> Result<Counted, NoError> {
        Ok(Counted { by: command.0 })
    }
}

#[test]
fn a_command_knows_its_aggregate_and_its_handler() {
    let count = Count { by: 3, r#type: 17 };
    assert_eq!(count.target(), &17);
    let Handler::Existing(handle) = Count::HANDLER else {
        panic!("it is for an aggregate that exists");
    };
    assert_eq!(
        handle(&Counter::default(), &count).unwrap(),
        [CounterEvent::Counted(Counted { by: 3 })]
    );
}

#[test]
fn a_creating_command_is_handled_without_a_state() {
    let begin = Begin(4, 18);
    assert_eq!(begin.target(), &18);
    let Handler::New(handle) = Begin::HANDLER else {
        panic!("it creates");
    };
    assert_eq!(
        handle(&begin).unwrap(),
        [CounterEvent::Counted(Counted { by: 4 })]
    );
}

#[derive(Command)]
#[command(aggregate = Counter)]
struct Discount {
    #[command(id)]
    counter: u64,
    #[command(compensates)]
    r#type: EventId,
}

impl Handle<Discount> for Counter {
    type Events = ();

    fn handle(&self, _: &Discount) -> Result<(), NoError> {
        Ok(())
    }
}

#[derive(Command)]
#[command(aggregate = Counter, creates)]
struct BeginAnew(#[command(id)] u64, #[command(compensates)] Option<EventId>);

impl HandleCreate<BeginAnew> for Counter {
    type Events = Counted;

    fn handle_create(_: &BeginAnew) -> Result<Counted, NoError> {
        Ok(Counted { by: 0 })
    }
}

#[test]
fn a_command_says_what_it_undoes() {
    let event = EventId::random();
    let counter = 17;
    let discount = Discount {
        counter,
        r#type: event,
    };
    assert_eq!(discount.compensates(), Some(event));
    assert_eq!(BeginAnew(18, Some(event)).compensates(), Some(event));
    assert_eq!(BeginAnew(18, None).compensates(), None);
    assert_eq!(Begin(4, 18).compensates(), None);
}
