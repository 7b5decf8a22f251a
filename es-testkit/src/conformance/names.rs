//! Law 10: names, versions, ids and streams come back, and are told apart exactly.

use es_core::{AnyStore, EventId, EventStore, Expected, Filter, LogQuery, NewEvent, StreamId};

use super::Failure;
use super::bench::{Bench, append, ids_of, json, log_pages, read, stream};
use super::failure::{Fact, same};

pub(crate) async fn event_names_versions_and_ids_come_back(bench: &Bench) -> Fact {
    let (store, stream) = (bench.handle().await?, stream("1")?);
    let longest = "n".repeat(NewEvent::MAX_NAME);
    let names = [
        "a",
        "account.money-deposited",
        "Account::Opened",
        "name with spaces ",
        " ",
        "it's \"quoted\" `so` %_* ; --",
        "дело.открыто.🏦",
        &longest,
    ];
    let ids = [[0; 16], [0xff; 16], *EventId::random().as_bytes()].map(EventId::from_bytes);
    let versions = [
        1,
        2,
        255,
        65_536,
        i32::MAX as u32,
        i32::MAX as u32 + 1,
        u32::MAX,
    ];
    let mut events = Vec::new();
    events.extend(names.map(|name| bench.named(name)));
    events.extend(versions.map(|version| NewEvent::new(bench.id(), "a", version, json("{}"))));
    events.extend(ids.map(|id| NewEvent::new(id, "a", 1, json("{}"))));
    append(&store, &stream, Expected::NoStream, events.clone()).await?;
    let stored = read(&store, &stream).await?;
    same("events", stored.len(), events.len())?;
    for (stored, event) in stored.iter().zip(&events) {
        let read = (stored.envelope.id, &stored.name, stored.version);
        same(
            "id, name, version",
            read,
            (event.id, &event.name, event.version),
        )?;
        let found = store.find(&stream, event.id).await?;
        same("the event by its id", found.as_ref(), Some(stored))?;
    }
    Ok(())
}

/// Appends an event to each stream and reads every stream again.
async fn are_kept_apart(bench: &Bench, store: &AnyStore, streams: &[StreamId]) -> Fact {
    let mut ids = Vec::new();
    for stream in streams {
        let event = bench.event();
        ids.push(event.id);
        let appended = append(store, stream, Expected::NoStream, vec![event]).await;
        appended.map_err(|error| Failure::from(error).after(format!("stream {stream:?}")))?;
    }
    for (stream, id) in streams.iter().zip(&ids) {
        let stored = read(store, stream).await?;
        same(format!("ids of {stream:?}"), ids_of(&stored), vec![*id])?;
        same("the event's stream", &stored[0].envelope.stream, stream)?;
        let found = store.find(stream, *id).await?;
        same("the event by its id", found, Some(stored[0].clone()))?;
    }
    let log = log_pages(store, LogQuery::all()).await?;
    let stored: Vec<_> = log.iter().map(|event| &event.envelope.stream).collect();
    same("streams in the log", stored, streams.iter().collect())
}

pub(crate) async fn streams_with_similar_names_are_kept_apart(bench: &Bench) -> Fact {
    let streams: Vec<_> = [
        ("account", "ada"),
        ("account", "Ada"),
        ("account", "ada "),
        ("account", " ada"),
        ("account", "ad"),
        ("account", "adaa"),
        ("account", "a_a"),
        ("account", "ad%"),
        ("account", "%"),
        ("account", "a*"),
        ("account", "ada/"),
        ("account", "/ada"),
        ("account", "ada/b"),
        ("account", "\u{e9}"),
        ("account", "e\u{301}"),
        ("account", "E\u{301}"),
        ("account", "ß"),
        ("account", "ss"),
        ("account", "1"),
        ("account", "01"),
        ("account", "1.0"),
        ("Account", "ada"),
        ("account ", "ada"),
        ("accoun_", "ada"),
        ("accountada", "ada"),
        ("accoun", "t/ada"),
    ]
    .iter()
    .map(|(category, id)| StreamId::new(category, id))
    .collect::<Result<_, _>>()?;
    are_kept_apart(bench, &bench.handle().await?, &streams).await
}

pub(crate) async fn streams_with_unusual_names_are_kept(bench: &Bench) -> Fact {
    let (category, id) = (
        "c".repeat(StreamId::MAX_CATEGORY),
        "i".repeat(StreamId::MAX_ID),
    );
    let wide = "🏦".repeat(StreamId::MAX_ID / 4);
    let mut nearly = id.clone();
    nearly.replace_range(StreamId::MAX_ID - 1.., "j");
    let streams: Vec<_> = [
        ("a", "a"),
        ("account", "a/b/c"),
        ("account", "line one\nline two\r\n\ttabbed\u{1}"),
        ("account", "'; DROP TABLE events; --"),
        ("account", "\"double\" 'single' `back` \\slash"),
        ("account", "a.b>c*d$e{f}"),
        ("account", " "),
        ("дело", "№ 7"),
        ("it's \"quoted\"; --", "1"),
        ("a.b.*.>", "1"),
        (" ", " "),
        ("account", &wide),
        ("account", &id),
        ("account", &nearly),
        (&category, &id),
    ]
    .iter()
    .map(|(category, id)| StreamId::new(category, id))
    .collect::<Result<_, _>>()?;
    are_kept_apart(bench, &bench.handle().await?, &streams).await
}

pub(crate) async fn filters_compare_names_exactly(bench: &Bench) -> Fact {
    let store = bench.handle().await?;
    let similar = [
        "paid", "Paid", "paid ", "pai", "paidd", "pai_", "%", "p*", "paid'", "\u{e9}", "e\u{301}",
    ];
    for word in similar {
        let stream = StreamId::new(word, "1")?;
        append(&store, &stream, Expected::Any, vec![bench.named(word)]).await?;
    }
    for word in similar {
        for filter in [Filter::all().name(word), Filter::all().category(word)] {
            let events = log_pages(&store, LogQuery::all().filter(filter.clone())).await?;
            let names: Vec<_> = events.iter().map(|event| &*event.name).collect();
            same(format!("names that pass {filter:?}"), names, vec![word])?;
        }
    }
    Ok(())
}
