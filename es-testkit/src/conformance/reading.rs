//! Law 8: what was acknowledged is read; and how streams are read, which is part of law 10.

use es_core::{AnyStore, EventStore, Revision, StoredEvent, StreamId, StreamQuery};
use tokio::task::JoinSet;

use super::Failure;
use super::bench::{Bench, pages, read, revisions_of, stream, whole};
use super::failure::{Fact, holds, same};

/// Every way of reading shows these events last.
async fn is_read(store: &AnyStore, stream: &StreamId, appended: &es_core::Appended) -> Fact {
    let last = appended.last();
    let stored = read(store, stream).await?;
    let place = |event: &StoredEvent| (event.envelope.revision, event.position);
    let at = Some((last.revision, last.position));
    same("the stream's last event", stored.last().map(place), at)?;
    let newest = StreamQuery::backwards(stream.clone()).limit(1);
    let newest = store.read_stream(newest).await?;
    same("the newest event", newest.events.first().map(place), at)?;
    let id = stored.last().map(|event| event.envelope.id);
    let found = match id {
        Some(id) => store.find(stream, id).await?,
        None => None,
    };
    same("the event by its id", found.as_ref().map(place), at)?;
    let head = store.head().await?;
    holds(head >= last.position, || {
        format!("the head is {head} after {}", last.position)
    })?;
    let log = whole(store).await?;
    let found = log
        .log()
        .iter()
        .any(|event| event.position == last.position);
    holds(found, || {
        format!("position {} is not in the log", last.position)
    })
}

pub(crate) async fn an_acknowledged_append_is_read_from_every_handle(bench: &Bench) -> Fact {
    let (handles, stream) = (bench.handles(3).await?, stream("1")?);
    for index in 0..15 {
        let appended = bench
            .grow(&handles[index % 3], &stream, 1 + index % 2)
            .await?;
        for reader in &handles {
            is_read(reader, &stream, &appended).await?;
        }
    }
    Ok(())
}

pub(crate) async fn an_acknowledged_append_is_read_while_others_append(bench: &Bench) -> Fact {
    let mut tasks = JoinSet::new();
    for writer in 0..8 {
        let (bench, stream) = (bench.clone(), stream(&writer.to_string())?);
        let (writes, reads) = (bench.handle().await?, bench.handle().await?);
        tasks.spawn(async move {
            for _ in 0..6 {
                let appended = bench.grow(&writes, &stream, 2).await?;
                is_read(&reads, &stream, &appended).await?;
            }
            Ok::<_, Failure>(())
        });
    }
    let done = bench.soon("writers that read", tasks.join_all()).await?;
    done.into_iter().collect()
}

/// A handle, and a stream of ten events among others.
async fn ten(bench: &Bench) -> Result<(AnyStore, StreamId), Failure> {
    let (store, ten) = (bench.handle().await?, stream("ten")?);
    for count in [1, 2, 3, 4] {
        bench.grow(&store, &ten, count).await?;
        bench.grow(&store, &stream("other")?, 1).await?;
    }
    Ok((store, ten))
}

pub(crate) async fn streams_are_read_forwards_and_backwards(bench: &Bench) -> Fact {
    let (store, ten) = ten(bench).await?;
    let forwards = pages(&store, StreamQuery::forwards(ten.clone())).await?;
    same(
        "revisions forwards",
        revisions_of(&forwards),
        (1..=10).collect(),
    )?;
    let mut backwards = pages(&store, StreamQuery::backwards(ten)).await?;
    same(
        "revisions backwards",
        revisions_of(&backwards),
        (1..=10).rev().collect(),
    )?;
    backwards.reverse();
    same("the events both ways", backwards, forwards)
}

pub(crate) async fn a_stream_is_read_from_a_revision(bench: &Bench) -> Fact {
    let (store, ten) = ten(bench).await?;
    for from in [0, 1, 2, 9, 10, 11, 99, i64::MAX as u64, u64::MAX] {
        let query = StreamQuery::forwards(ten.clone()).from(Revision::new(from));
        let forwards = revisions_of(&pages(&store, query).await?);
        let expected = (from.max(1)..=10).collect();
        same(
            format!("revisions forwards from {from}"),
            forwards,
            expected,
        )?;
        let query = StreamQuery::backwards(ten.clone()).from(Revision::new(from));
        let backwards = revisions_of(&pages(&store, query).await?);
        let expected = (1..=from.min(10)).rev().collect();
        same(
            format!("revisions backwards from {from}"),
            backwards,
            expected,
        )?;
    }
    Ok(())
}

pub(crate) async fn a_stream_is_read_in_pages(bench: &Bench) -> Fact {
    let (store, ten) = ten(bench).await?;
    let all = read(&store, &ten).await?;
    for query in [
        StreamQuery::forwards(ten.clone()),
        StreamQuery::backwards(ten.clone()),
    ] {
        for limit in [1, 3, 5, 9, 10, 11, usize::MAX] {
            let (mut paged, mut next) = (Vec::new(), Some(query.clone().limit(limit)));
            while let Some(query) = next {
                let page = store.read_stream(query.clone()).await?;
                let (count, end) = (page.events.len(), page.end);
                holds(count <= limit, || {
                    format!("a page of {limit} has {count} events")
                })?;
                holds(count > 0 || end, || {
                    "a page without events isn't the end".into()
                })?;
                next = query.after(&page);
                paged.extend(page.events);
                let rest = all.len().saturating_sub(paged.len());
                holds(!end || rest == 0, || {
                    format!("the end was told {rest} events before it")
                })?;
                holds(paged.len() <= all.len(), || {
                    "pages overlap or do not end".into()
                })?;
            }
            let mut sorted = paged.clone();
            sorted.sort_by_key(|event| event.envelope.revision);
            same(format!("events in pages of {limit}"), &sorted, &all)?;
        }
    }
    // One event more, and what was the last page isn't any more.
    let query = StreamQuery::forwards(ten.clone()).limit(10);
    let last = store.read_stream(query.clone().limit(100)).await?;
    same("the end of a stream read whole", last.end, true)?;
    bench.grow(&store, &ten, 1).await?;
    let page = store.read_stream(query).await?;
    same(
        "the end of ten events of eleven",
        (page.events.len(), page.end),
        (10, false),
    )
}

pub(crate) async fn an_event_is_found_by_its_id_in_its_stream_only(bench: &Bench) -> Fact {
    let (store, ten) = ten(bench).await?;
    let other = stream("other")?;
    for event in read(&store, &ten).await? {
        let id = event.envelope.id;
        same(
            "an event in another stream",
            store.find(&other, id).await?,
            None,
        )?;
        same(
            "the event by its id",
            store.find(&ten, id).await?,
            Some(event),
        )?;
    }
    same("an absent id", store.find(&ten, bench.id()).await?, None)?;
    let absent = stream("absent")?;
    same(
        "an absent stream",
        store.find(&absent, bench.id()).await?,
        None,
    )
}
