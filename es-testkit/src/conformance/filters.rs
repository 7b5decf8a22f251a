//! How the log is read, and how far a read has looked: laws 9 and 10.

use es_core::{AnyStore, EventStore, Expected, Filter, LogQuery, Position, StoredEvent, StreamId};

use super::Failure;
use super::bench::{Bench, append, log_pages, whole};
use super::failure::{Fact, holds, same};

/// A log of two categories with three names in turn, in small appends.
async fn mixed(bench: &Bench) -> Result<(AnyStore, Vec<StoredEvent>), Failure> {
    let store = bench.handle().await?;
    for index in 0..30 {
        let category = ["account", "invoice"][index % 2];
        let stream = StreamId::new(category, &format!("{}", index % 4))?;
        let count = 1 + index % 2;
        let name = ["opened", "paid", "closed"][index % 3];
        let events = (0..count).map(|_| bench.named(name)).collect();
        append(&store, &stream, Expected::Any, events).await?;
    }
    let log = whole(&store).await?.log().to_vec();
    Ok((store, log))
}

fn filters() -> Vec<Filter> {
    let all = Filter::all;
    vec![
        all(),
        all().category("account"),
        all().category("invoice"),
        all().category("account").category("invoice"),
        all().category("absent"),
        all().name("paid"),
        all().name("paid").name("closed"),
        all().name("absent"),
        all().category("account").name("opened"),
        all()
            .category("account")
            .category("invoice")
            .name("opened")
            .name("paid"),
        all().category("invoice").name("absent"),
    ]
}

/// The events of `log` that the query asks for, whatever its limit.
fn expected(log: &[StoredEvent], query: &LogQuery) -> Vec<StoredEvent> {
    let between =
        |event: &&StoredEvent| query.after < event.position && event.position <= query.until;
    let passes = |event: &&StoredEvent| {
        query
            .filter
            .passes(event.envelope.stream.category(), &event.name)
    };
    log.iter().filter(between).filter(passes).cloned().collect()
}

pub(crate) async fn the_log_is_read_by_category_and_by_name(bench: &Bench) -> Fact {
    let (store, log) = mixed(bench).await?;
    for filter in filters() {
        let query = LogQuery::all().filter(filter.clone());
        let events = log_pages(&store, query.clone()).await?;
        same(
            format!("events that pass {filter:?}"),
            events,
            expected(&log, &query),
        )?;
    }
    Ok(())
}

pub(crate) async fn the_log_is_read_between_positions(bench: &Bench) -> Fact {
    let (store, log) = mixed(bench).await?;
    let at = |index: usize| log[index].position;
    let last = log[log.len() - 1].position;
    let beyond = Position::new(last.number() + 1_000);
    for filter in [
        Filter::all(),
        Filter::all().category("account").name("paid"),
    ] {
        for (after, until) in [
            (Position::START, Position::START),
            (Position::START, at(0)),
            (Position::START, at(17)),
            (at(3), at(3)),
            (at(3), at(4)),
            (at(3), at(30)),
            (at(30), at(3)),
            (at(30), Position::END),
            (last, Position::END),
            (beyond, Position::END),
            (at(5), beyond),
            (Position::new(i64::MAX as u64 + 1), Position::END),
            (Position::END, Position::END),
        ] {
            let query = LogQuery::after(after).until(until).filter(filter.clone());
            let events = log_pages(&store, query.clone()).await?;
            let what = format!("events after {after} until {until} that pass {filter:?}");
            same(what, events, expected(&log, &query))?;
        }
    }
    Ok(())
}

pub(crate) async fn the_log_is_read_in_pages(bench: &Bench) -> Fact {
    let (store, log) = mixed(bench).await?;
    for filter in filters() {
        for limit in [1, 2, 7, log.len(), log.len() + 1, usize::MAX] {
            let query = LogQuery::all().filter(filter.clone()).limit(limit);
            let page = store.read_log(query.clone()).await?;
            let count = page.events.len();
            holds(count <= limit, || {
                format!("a page of {limit} has {count} events")
            })?;
            let events = log_pages(&store, query.clone()).await?;
            same(
                format!("events in pages of {limit} that pass {filter:?}"),
                events,
                expected(&log, &query),
            )?;
        }
    }
    Ok(())
}

pub(crate) async fn a_filtered_read_tells_how_far_it_looked(bench: &Bench) -> Fact {
    let (store, log) = mixed(bench).await?;
    let head = store.head().await?;
    for filter in filters() {
        for limit in [1, 2, 5, 1_000] {
            for until in [Position::END, log[25].position] {
                let mut query = LogQuery::all()
                    .filter(filter.clone())
                    .limit(limit)
                    .until(until);
                while !looks_far_enough(&store, &log, head, &mut query).await? {}
            }
        }
    }
    Ok(())
}

/// Reads a page, compares what it says of itself with the log, and moves the query on; whether it was the last.
async fn looks_far_enough(
    store: &AnyStore,
    log: &[StoredEvent],
    head: Position,
    query: &mut LogQuery,
) -> Result<bool, Failure> {
    let page = store.read_log(query.clone()).await?;
    let (after, end, looked_to) = (query.after, query.until.min(head), page.looked_to);
    let what = format!("after {after} until {end}, filter {:?}", query.filter);
    let passed = expected(log, &query.clone().until(looked_to.min(query.until)));
    same(
        format!("events up to where the read looked, {what}"),
        page.events,
        passed,
    )?;
    let within = after <= looked_to && looked_to <= end.max(after);
    holds(within, || format!("looked to {looked_to}, {what}"))?;
    holds(!page.end || looked_to >= end, || {
        format!("the end, but looked to {looked_to} only, {what}")
    })?;
    holds(page.end || looked_to > after, || {
        format!("neither the end nor any progress, {what}")
    })?;
    query.after = looked_to;
    Ok(page.end)
}

pub(crate) async fn a_read_of_nothing_looks_to_the_end(bench: &Bench) -> Fact {
    let empty = bench.handle().await?.read_log(LogQuery::all()).await?;
    same(
        "an empty log",
        (empty.events.len(), empty.looked_to, empty.end),
        (0, Position::START, true),
    )?;
    let (store, _) = mixed(bench).await?;
    let head = store.head().await?;
    for after in [Position::START, head] {
        let query = LogQuery::after(after).filter(Filter::all().name("absent"));
        let page = store.read_log(query).await?;
        same(
            "a read that nothing passes",
            (page.events.len(), page.looked_to, page.end),
            (0, head, true),
        )?;
    }
    let beyond = Position::new(head.number() + 1_000);
    let page = store.read_log(LogQuery::after(beyond)).await?;
    same(
        "a read beyond the head",
        (page.events.len(), page.looked_to, page.end),
        (0, beyond, true),
    )
}
