//! Messages that aren't ours, that come late, and that are too large.

mod support;

use async_nats::{Client, HeaderMap, Request};
use es_core::{
    Append, EventStore, Expected, Invalid, Json, LogQuery, Position, Revision, Snapshot,
    SnapshotStore, StoreError, StreamId, StreamQuery,
};
use es_nats::NatsStore;
use es_servers::Nats;
use serde_json::{Value, json};
use support::{api, bare, event, events, fresh_name, log, open, stream, told};

/// Publishes what isn't a message of ours.
async fn publish(client: &Client, subject: String, body: &[u8]) {
    let request = Request::new().payload(body.to_vec().into());
    let answer = client.send_request(subject, request).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
    assert_eq!(answer.get("error"), None);
}

async fn tells_of_foreign_messages() {
    let (client, name) = (bare().await, fresh_name());
    let store = open(&name).await.unwrap();
    let append = Append::new(stream(1), Expected::NoStream, events(1));
    store.append(append).await.unwrap();
    publish(&client, format!("{name}.task.1"), b"correct-horse").await;
    let fresh = open(&name).await.unwrap();
    let append = Append::new(stream(1), Expected::Any, events(1));
    let query = StreamQuery::forwards(stream(1));
    for refused in [
        store.append(append.clone()).await.unwrap_err(),
        fresh.append(append).await.unwrap_err(),
        fresh.read_stream(query).await.unwrap_err(),
        fresh.read_log(LogQuery::all()).await.unwrap_err(),
        fresh.head().await.unwrap_err(),
    ] {
        assert!(matches!(refused, StoreError::Backend(_)), "{refused:?}");
        let told = told(&refused);
        assert!(
            told.contains("message 2") && !told.contains("horse"),
            "{told}"
        );
    }
    // The other streams go on.
    let append = Append::new(stream(2), Expected::NoStream, events(1));
    assert_eq!(
        fresh.append(append).await.unwrap().revision(),
        Revision::FIRST
    );
}

async fn tells_of_a_message_out_of_order() {
    let (client, name) = (bare().await, fresh_name());
    let store = open(&name).await.unwrap();
    let append = Append::new(stream(1), Expected::NoStream, events(2));
    store.append(append).await.unwrap();
    let get = json!({"last_by_subj": format!("{name}.task.1")});
    let got = api(&client, &format!("STREAM.MSG.GET.{name}"), &get).await;
    let data = got["message"]["data"].as_str().unwrap();
    let data = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, data).unwrap();
    // A copy of the first append, as somebody who doesn't check publishes it.
    publish(&client, format!("{name}.task.1"), &data).await;
    let append = Append::new(stream(1), Expected::Any, events(1));
    let refused = store.append(append).await.unwrap_err();
    assert!(
        told(&refused).contains("doesn't follow"),
        "{}",
        told(&refused)
    );
}

async fn refuses_what_is_too_large() {
    let store = open(&fresh_name()).await.unwrap();
    let max_payload = 1 << 20;
    let text = |bytes: usize| Json::from_stored(format!("\"{}\"", "x".repeat(bytes - 2)));
    let mut large = event(0);
    large.payload = text(max_payload);
    let append = Append::new(stream(1), Expected::Any, vec![large.clone()]);
    let refused = store.append(append).await.unwrap_err();
    let limit = max_payload - 2_048;
    assert!(
        told(&refused).contains(&limit.to_string()),
        "{}",
        told(&refused)
    );
    // Small texts, and too many of them: what surrounds them counts as well.
    let many = Append::new(stream(1), Expected::Any, events(30_000));
    let refused = store.append(many).await.unwrap_err();
    let StoreError::Invalid(invalid) = &refused else {
        panic!("{refused:?}");
    };
    assert!(matches!(**invalid, Invalid::AppendTooLarge { bytes, limit } if limit < bytes));
    let many = Append::new(stream(1), Expected::Any, events(65_537));
    let refused = store.append(many).await.unwrap_err();
    assert!(told(&refused).contains("65536"), "{}", told(&refused));
    assert_eq!(store.head().await.unwrap(), Position::START);

    let id = large.id;
    let snapshot = Snapshot::new(stream(1), Revision::FIRST, id, 1, 1, text(max_payload));
    let refused = store.keep_snapshot(snapshot).await.unwrap_err();
    assert!(
        told(&refused).contains(&max_payload.to_string()),
        "{}",
        told(&refused)
    );
    let left = store.load_snapshot(&stream(1), Revision::FIRST).await;
    assert_eq!(left.unwrap(), None);
}

/// The longer a stream's subject, the less room is there beside it.
async fn takes_as_much_as_the_subject_leaves() {
    let store = open(&fresh_name()).await.unwrap();
    let longest = StreamId::new(&"é".repeat(64), &"é".repeat(128)).unwrap();
    for stream in [longest, stream(1)] {
        // So many that it isn't their texts that are too large.
        let append = |texts: usize| {
            let mut events = events(120);
            let text = |bytes: usize| Json::from_stored(format!("\"{}\"", "x".repeat(bytes - 2)));
            events[0].payload = text(1 << 19);
            let others = events[2..].iter();
            let others = others.map(|event| event.name.len() + event.payload.as_str().len());
            events[1].payload = text(texts - (1 << 19) - others.sum::<usize>());
            Append::new(stream.clone(), Expected::NoStream, events)
        };
        let texts = (1 << 20) - 2_600;
        let refused = store.append(append(texts)).await.unwrap_err();
        let StoreError::Invalid(invalid) = &refused else {
            panic!("{refused:?}");
        };
        let Invalid::AppendTooLarge { bytes, limit } = **invalid else {
            panic!("{refused:?}");
        };
        assert!(limit > (1 << 20) - 2_048, "{limit}");
        let most = texts - (bytes - limit);
        let refused = store.append(append(most + 1)).await;
        assert!(
            matches!(refused, Err(StoreError::Invalid(_))),
            "{refused:?}"
        );
        let appended = store.append(append(most)).await;
        assert_eq!(appended.unwrap().revision().number(), 120);
    }
    assert_eq!(log(&store).await.len(), 240);
}

async fn takes_as_much_as_its_server() {
    let server = Nats::start_with("max_payload: 8MB", "", None).unwrap();
    let store = NatsStore::open(server.url()).await.unwrap();
    let append = Append::new(stream(1), Expected::Any, events(65_536));
    let appended = store.append(append).await.unwrap();
    assert_eq!(appended.revision().number(), 65_536);
    let first = appended.placements()[0].position.number();
    assert_eq!(appended.position().number(), first + 65_535);
    let next = Append::new(stream(1), Expected::Any, events(1));
    let next = store.append(next).await.unwrap();
    assert_eq!(next.position().number(), first + 65_536);
    let fresh = NatsStore::open(server.url()).await.unwrap();
    let stored = log(&fresh).await;
    assert_eq!(stored.len(), 65_537);
    assert!(stored.is_sorted_by(|one, next| one.position < next.position));
}

/// A copy of an append that comes late, when others have appended: the server refuses it.
async fn refuses_late_copies() {
    let (client, name) = (bare().await, fresh_name());
    let store = open(&name).await.unwrap();
    let append = Append::new(stream(1), Expected::NoStream, events(1));
    store.append(append).await.unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Expected-Last-Subject-Sequence", "0");
    let copy = Request::new().headers(headers).payload("late".into());
    let answer = client.send_request(format!("{name}.task.1"), copy).await;
    let answer: Value = serde_json::from_slice(&answer.unwrap().payload).unwrap();
    assert_eq!(answer["error"]["err_code"], json!(10_071));
    assert_eq!(log(&store).await.len(), 1);
}

es_servers::needs_nats! {
    #[tokio::test]
    async fn a_message_that_is_not_ours_is_a_typed_error_that_names_its_place() {
        tells_of_foreign_messages().await;
    }

    #[tokio::test]
    async fn a_message_that_does_not_follow_is_a_typed_error() {
        tells_of_a_message_out_of_order().await;
    }

    #[tokio::test]
    async fn what_is_too_large_is_refused_with_the_limit() {
        refuses_what_is_too_large().await;
    }

    #[tokio::test]
    async fn an_append_has_all_the_room_that_its_subject_leaves() {
        takes_as_much_as_the_subject_leaves().await;
    }

    #[tokio::test]
    async fn a_late_copy_of_an_append_is_refused_by_the_server() {
        refuses_late_copies().await;
    }
}

es_servers::needs_own_nats! {
    #[tokio::test]
    async fn an_append_has_as_many_events_as_a_position_tells_apart() {
        takes_as_much_as_its_server().await;
    }
}
