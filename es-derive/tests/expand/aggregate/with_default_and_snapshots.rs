#[aggregate(
    name = "counter",
    id = u64,
    event = CounterEvent,
    error = NoError,
    derive(Debug, Clone, Hash),
    snapshot(every = 100, fold = 2)
)]
#[event(Counted)]
pub(crate) struct Counter {
    count: u64,
}
