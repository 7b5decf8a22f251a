#[aggregate(name = "counter", id = u64, event = CounterEvent, error = NoError, corrections)]
#[event(Counted)]
pub(crate) struct Counter {
    count: u64,
}
