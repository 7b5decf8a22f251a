use es_core::{
    AnyStore, Append, DecodeError, EventId, EventStore, ExecuteError, Expected, Json, LoadError,
    LogQuery, Metadata, NewEvent, NoError, Position, Revision, SavedState, StateStore, StoreError,
    StreamId, Timestamp,
};
use es_core::{BoxFuture, Checkpoint};
use es_memory::MemoryStore;

#[test]
fn revisions_and_positions_are_written_read_and_numbers() {
    assert_eq!("7".parse(), Ok(Revision::new(7)));
    assert_eq!("7".parse(), Ok(Position::new(7)));
    assert_eq!(u64::from(Revision::new(7)) + u64::from(Position::new(1)), 8);
    assert!("-1".parse::<Revision>().is_err());
    assert!("".parse::<Position>().is_err());
}

#[test]
fn a_stream_is_serialised_as_its_text() {
    let stream = StreamId::new("account", "ada/\"1\"").unwrap();
    let text = serde_json::to_string(&stream).unwrap();
    assert_eq!(text, r#""account/ada/\"1\"""#);
    assert_eq!(serde_json::from_str::<StreamId>(&text).unwrap(), stream);
    assert!(serde_json::from_str::<StreamId>(r#""account""#).is_err());
}

#[test]
fn an_instant_is_shown_as_one_when_debugged() {
    let instant: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(format!("{:?}", Some(instant)), "Some(2026-01-01T00:00:00Z)");
}

#[test]
fn metadata_that_cannot_be_read_is_an_error_that_does_not_quote_it() {
    for (text, told) in [
        (r#"{"actor":{"name":"secret"}}"#, "a value of another type"),
        (r#"{"caused_by":"secret"}"#, "a value of another type"),
        (r#"["secret"]"#, "a value of another type"),
        (r#"{"actor":"secret"#, "the JSON ends too soon"),
        ("secret", "not JSON"),
    ] {
        let error = Metadata::decode(&Json::from_stored(text)).unwrap_err();
        assert!(matches!(error, DecodeError::Metadata(_)), "{error:?}");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(told), "{text}: {shown}");
        assert!(!shown.contains("secret"), "{shown}");
    }
}

#[test]
fn what_keeps_a_state_from_being_loaded_fails_a_command_alike() {
    let stream = StreamId::new("account", "ada").unwrap();
    let as_command = |error: LoadError| ExecuteError::<NoError>::from(error);
    let missing = LoadError::NotFound {
        stream: stream.clone(),
    };
    assert!(matches!(
        as_command(missing),
        ExecuteError::NotFound { stream: of } if of == stream
    ));
    let away = LoadError::Store(StoreError::Unavailable("away".into()));
    assert!(matches!(
        as_command(away),
        ExecuteError::Store(StoreError::Unavailable(_))
    ));
    let later = LoadError::NoSuchRevision {
        stream,
        asked: Revision::new(9),
        head: Revision::new(2),
    };
    let told = later.to_string();
    assert_eq!(as_command(later).to_string(), told);
}

async fn filled(store: &impl EventStore, events: u64) {
    let stream = StreamId::new("account", "ada").unwrap();
    for _ in 0..events {
        let event = NewEvent::new(EventId::random(), "account.counted", 1, Json::EMPTY_OBJECT);
        let append = Append::new(stream.clone(), Expected::Any, vec![event]);
        store.append(append).await.unwrap();
    }
}

#[tokio::test]
async fn the_log_is_read_page_by_page() {
    let store = MemoryStore::new();
    filled(&store, 5).await;
    let mut seen = Vec::new();
    let mut next = Some(LogQuery::all().limit(2).until(Position::new(4)));
    while let Some(query) = next.take() {
        let page = store.read_log(query.clone()).await.unwrap();
        seen.push(
            page.events
                .iter()
                .map(|event| event.position.number())
                .collect::<Vec<_>>(),
        );
        next = query.beyond(&page);
    }
    seen.retain(|page| !page.is_empty());
    assert_eq!(seen, [[1, 2], [3, 4]]);
}

/// A store that is said to be closed once it was.
struct Closing(MemoryStore, std::sync::atomic::AtomicBool);

impl EventStore for Closing {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<es_core::Appended, StoreError>> {
        self.0.append(append)
    }

    fn find<'a>(
        &'a self,
        stream: &'a StreamId,
        id: EventId,
    ) -> BoxFuture<'a, Result<Option<es_core::StoredEvent>, StoreError>> {
        self.0.find(stream, id)
    }

    fn read_stream(
        &self,
        query: es_core::StreamQuery,
    ) -> BoxFuture<'_, Result<es_core::StreamPage, StoreError>> {
        self.0.read_stream(query)
    }

    fn read_log(&self, query: LogQuery) -> BoxFuture<'_, Result<es_core::LogPage, StoreError>> {
        self.0.read_log(query)
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        self.0.head()
    }

    fn wait_past(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>> {
        self.0.wait_past(position)
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.1.store(true, std::sync::atomic::Ordering::SeqCst);
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn any_store_closes_the_one_behind_it() {
    let closing = std::sync::Arc::new(Closing(MemoryStore::new(), false.into()));
    let store = AnyStore::with_snapshots(std::sync::Arc::clone(&closing), MemoryStore::new());
    store.close().await.unwrap();
    assert!(closing.1.load(std::sync::atomic::Ordering::SeqCst));
}

#[tokio::test]
async fn any_store_gives_the_states_that_it_was_given() {
    let memory = MemoryStore::new();
    let store = AnyStore::new(memory.clone());
    assert!(store.states().is_none());
    let states = store.with_states(memory.clone()).states().unwrap();
    let state = Json::parse("[1]").unwrap();
    let saved = SavedState::new("balances", 1, 7, Checkpoint::START, state.clone());
    states.save_state(saved).await.unwrap();
    let found = memory.load_state("balances", 1).await.unwrap().unwrap();
    assert_eq!(found.state, state);
}
