//! Logs whose settings were changed behind our back.

mod support;

use async_nats::Client;
use es_core::{
    Append, EventStore, Expected, Json, Position, Revision, Snapshot, SnapshotStore, StoreError,
};
use es_nats::{Durability, NatsStore};
use es_servers::Nats;
use serde_json::{Value, json};
use support::{api, bare, events, fresh_name, open, stream, told};

/// The settings that the store gives a log.
async fn settings(client: &Client) -> Value {
    let name = fresh_name();
    open(&name).await.unwrap();
    let info = api(client, &format!("STREAM.INFO.{name}"), &json!({})).await;
    info["config"].clone()
}

async fn refuses_other_settings() {
    let client = bare().await;
    let right = settings(&client).await;
    for (setting, value) in [
        ("storage", json!("memory")),
        ("retention", json!("interest")),
        ("retention", json!("workqueue")),
        ("discard", json!("old")),
        ("max_msgs", json!(1_000)),
        ("max_bytes", json!(1_000_000)),
        ("max_age", json!(1_000_000_000_000_u64)),
        ("max_msgs_per_subject", json!(5)),
        ("max_msg_size", json!(500)),
        ("deny_delete", json!(false)),
        ("deny_purge", json!(false)),
        ("no_ack", json!(true)),
    ] {
        let name = fresh_name();
        let mut settings = right.clone();
        settings["name"] = json!(name);
        settings["subjects"] = json!([format!("{name}.>")]);
        settings[setting] = value;
        if setting == "max_age" {
            settings["duplicate_window"] = json!(1_000_000_000_u64);
        }
        let made = api(&client, &format!("STREAM.CREATE.{name}"), &settings).await;
        assert_eq!(made.get("error"), None, "{setting}");
        let refused = open(&name).await.unwrap_err();
        assert!(matches!(refused, StoreError::Backend(_)), "{refused:?}");
        assert!(told(&refused).contains(setting), "{}", told(&refused));
    }
}

async fn refuses_settings_that_were_changed() {
    let (client, name) = (bare().await, fresh_name());
    let store = open(&name).await.unwrap();
    let append = Append::new(stream(1), Expected::NoStream, events(3));
    store.append(append).await.unwrap();
    let info = api(&client, &format!("STREAM.INFO.{name}"), &json!({})).await;
    let mut settings = info["config"].clone();
    settings["max_msgs_per_subject"] = json!(1);
    let changed = api(&client, &format!("STREAM.UPDATE.{name}"), &settings).await;
    assert_eq!(changed.get("error"), None);
    let refused = open(&name).await.unwrap_err();
    assert!(
        told(&refused).contains("max_msgs_per_subject"),
        "{}",
        told(&refused)
    );
    // What can't be changed back once it is said.
    settings["max_msgs_per_subject"] = json!(-1);
    settings["deny_delete"] = json!(false);
    let changed = api(&client, &format!("STREAM.UPDATE.{name}"), &settings).await;
    assert!(changed.get("error").is_some(), "{changed}");
}

async fn refuses_other_subjects() {
    let (client, name) = (bare().await, fresh_name());
    let mut settings = settings(&client).await;
    settings["name"] = json!(name);
    settings["subjects"] = json!([format!("{name}.account.*")]);
    let made = api(&client, &format!("STREAM.CREATE.{name}"), &settings).await;
    assert_eq!(made.get("error"), None);
    let refused = open(&name).await.unwrap_err();
    assert!(told(&refused).contains("subjects"), "{}", told(&refused));
}

async fn refuses_too_little() {
    let name = fresh_name();
    let options = || NatsStore::options().name(&name);
    let server = Nats::shared().url();
    let refused = options()
        .durability(Durability::Replicated)
        .open(server)
        .await;
    let refused = refused.unwrap_err();
    assert!(matches!(refused, StoreError::Backend(_)), "{refused:?}");
    assert!(told(&refused).contains("1 replicas"), "{}", told(&refused));
    let synced = options().durability(Durability::Synced).open(server).await;
    assert_eq!(synced.unwrap().head().await.unwrap(), Position::START);
    // It was made with one.
    let refused = options().replicas(3).open(server).await.unwrap_err();
    assert!(
        told(&refused).contains("num_replicas"),
        "{}",
        told(&refused)
    );
    for name in ["", "a.b", "a b", "é", ">"] {
        let refused = NatsStore::options().name(name).open(server).await;
        let refused = refused.unwrap_err();
        assert!(matches!(refused, StoreError::Invalid(_)), "{refused:?}");
    }
}

/// Where a log's snapshots would go there is another log.
async fn keeps_no_snapshot_in_a_log() {
    let (client, name) = (bare().await, fresh_name());
    let other = format!("{name}-snapshots");
    let refused = open(&other).await.unwrap_err();
    assert!(matches!(refused, StoreError::Invalid(_)), "{refused:?}");
    assert!(told(&refused).contains("-snapshots"), "{}", told(&refused));

    let mut settings = settings(&client).await;
    settings["name"] = json!(other);
    settings["subjects"] = json!([format!("{other}.>")]);
    let made = api(&client, &format!("STREAM.CREATE.{other}"), &settings).await;
    assert_eq!(made.get("error"), None);
    let store = open(&name).await.unwrap();
    let append = Append::new(stream(1), Expected::NoStream, events(1));
    let id = append.events[0].id;
    store.append(append).await.unwrap();
    let state = Json::from_stored("{}");
    let snapshot = Snapshot::new(stream(1), Revision::FIRST, id, 1, 1, state);
    let refused = store.keep_snapshot(snapshot).await.unwrap_err();
    assert!(matches!(refused, StoreError::Backend(_)), "{refused:?}");
    assert!(told(&refused).contains(&other), "{}", told(&refused));
    let info = api(&client, &format!("STREAM.INFO.{other}"), &json!({})).await;
    assert_eq!(info["state"]["messages"], json!(0));
    // Without snapshots it works.
    let none = store.load_snapshot(&stream(1), Revision::FIRST).await;
    assert_eq!(none.unwrap(), None);
}

/// A message of a log, as the server has it.
async fn message(client: &Client, name: &str, sequence: u64) -> (String, Vec<u8>) {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let get = json!({ "seq": sequence });
    let got = api(client, &format!("STREAM.MSG.GET.{name}"), &get).await;
    let decoded = |part: &str| {
        STANDARD
            .decode(got["message"][part].as_str().unwrap())
            .unwrap()
    };
    (String::from_utf8(decoded("hdrs")).unwrap(), decoded("data"))
}

/// A log gets its replicas while a handle is open: from then on, one guard isn't enough.
async fn guards_a_log_that_grows() {
    let cluster = support::cluster();
    let client = async_nats::connect(cluster.nodes()[0].url()).await.unwrap();
    let name = fresh_name();
    let options = NatsStore::options().name(&name).replicas(1);
    let store = options.open(cluster.url()).await.unwrap();
    let append = Append::new(stream(1), Expected::NoStream, events(1));
    store.append(append).await.unwrap();
    let info = api(&client, &format!("STREAM.INFO.{name}"), &json!({})).await;
    let mut settings = info["config"].clone();
    settings["num_replicas"] = json!(3);
    let changed = api(&client, &format!("STREAM.UPDATE.{name}"), &settings).await;
    assert_eq!(changed.get("error"), None);
    let append = Append::new(stream(1), Expected::Any, events(1));
    store.append(append).await.unwrap();
    let (headers, _) = message(&client, &name, 2).await;
    assert!(headers.contains("Nats-Msg-Id: 1\r\n"), "{headers}");
    let expected = "Nats-Expected-Last-Subject-Sequence: 1\r\n";
    assert!(headers.contains(expected), "{headers}");
}

es_servers::needs_nats! {
    #[tokio::test]
    async fn a_log_that_could_lose_or_refuse_events_is_not_opened() {
        refuses_other_settings().await;
    }

    #[tokio::test]
    async fn a_log_whose_settings_were_changed_is_not_opened() {
        refuses_settings_that_were_changed().await;
    }

    #[tokio::test]
    async fn a_log_of_other_subjects_is_not_opened() {
        refuses_other_subjects().await;
    }

    #[tokio::test]
    async fn a_log_that_is_worth_too_little_is_not_opened() {
        refuses_too_little().await;
    }

    #[tokio::test]
    async fn a_snapshot_is_never_kept_in_another_log() {
        keeps_no_snapshot_in_a_log().await;
    }
}

es_servers::needs_own_nats! {
    #[tokio::test]
    async fn a_log_that_gets_replicas_while_it_is_open_is_guarded_as_one_that_had_them() {
        guards_a_log_that_grows().await;
    }
}
