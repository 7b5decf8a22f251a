use serde_json::{Value, json};

use super::{Settings, nanoseconds};
use crate::error::Fault;

/// A log's settings, as servers tell them that know of nothing newer.
fn old() -> Value {
    serde_json::to_value(Settings::of_log("bank", 1)).unwrap()
}

/// As servers tell them that know more.
fn new() -> Value {
    let mut told = old();
    for (setting, value) in [
        ("compression", json!("none")),
        ("allow_direct", json!(false)),
        ("mirror_direct", json!(false)),
        ("allow_msg_ttl", json!(false)),
        ("persist_mode", json!("default")),
        ("consumer_limits", json!({})),
        ("metadata", json!({"_nats.req.level": "0"})),
    ] {
        told[setting] = value;
    }
    told
}

fn check(told: Value) -> Result<(), Fault> {
    let settings: Settings = serde_json::from_value(told).unwrap();
    settings.check(settings.rows(None))
}

/// The setting that is refused, with what is found and wanted.
fn refused(told: Value) -> (&'static str, String, String) {
    match check(told) {
        Err(Fault::Setting {
            stream,
            setting,
            found,
            wanted,
        }) => {
            assert_eq!(stream, "bank");
            (setting, found, wanted)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_log_is_as_it_was_made_whatever_else_its_server_knows() {
    check(old()).unwrap();
    check(new()).unwrap();
    // Some servers leave out what is so by default.
    let mut told = old();
    let all = told.as_object_mut().unwrap();
    for setting in [
        "max_consumers",
        "max_msg_size",
        "max_msgs_per_subject",
        "sealed",
        "no_ack",
        "allow_rollup_hdrs",
    ] {
        assert!(all.remove(setting).is_some(), "{setting}");
    }
    check(told).unwrap();
}

#[test]
fn what_could_lose_change_or_refuse_an_event_is_refused_by_its_name() {
    let elsewhere = json!({"name": "other"});
    for (setting, value) in [
        ("storage", json!("memory")),
        ("retention", json!("workqueue")),
        ("discard", json!("old")),
        ("discard_new_per_subject", json!(true)),
        ("subjects", json!(["bank.account.*"])),
        (
            "subject_transform",
            json!({"src": "bank.>", "dest": "other.>"}),
        ),
        ("mirror", elsewhere.clone()),
        ("sources", json!([elsewhere])),
        ("max_age", json!(1_000_000_000)),
        ("max_msgs", json!(1_000)),
        ("max_bytes", json!(1_000_000)),
        ("max_msgs_per_subject", json!(5)),
        ("max_msg_size", json!(500)),
        ("max_consumers", json!(3)),
        ("deny_delete", json!(false)),
        ("deny_purge", json!(false)),
        ("allow_rollup_hdrs", json!(true)),
        ("sealed", json!(true)),
        ("no_ack", json!(true)),
        ("persist_mode", json!("async")),
        ("allow_msg_ttl", json!(true)),
        ("subject_delete_marker_ttl", json!(1_000_000_000)),
        ("allow_msg_counter", json!(true)),
        ("allow_msg_schedules", json!(true)),
        ("duplicate_window", json!(29_999_999_999_u64)),
    ] {
        for mut told in [old(), new()] {
            told[setting] = value.clone();
            assert_eq!(refused(told).0, setting);
        }
    }
}

#[test]
fn a_log_has_as_many_replicas_as_are_asked_for_or_more() {
    let settings = Settings::of_log("bank", 3);
    for enough in [None, Some(1), Some(3)] {
        settings.check(settings.rows(enough)).unwrap();
    }
    let few = settings.check(settings.rows(Some(5))).unwrap_err();
    assert!(
        matches!(
            few,
            Fault::Setting {
                setting: "num_replicas",
                ..
            }
        ),
        "{few:?}"
    );
}

#[test]
fn a_refusal_says_what_is_found_and_what_is_wanted() {
    let mut told = old();
    told["persist_mode"] = json!("async");
    let (_, found, wanted) = refused(told);
    assert_eq!((&*found, &*wanted), ("\"async\"", "\"default\""));
    let mut told = old();
    told["max_msgs"] = json!(7);
    let (_, found, wanted) = refused(told);
    assert_eq!((&*found, &*wanted), ("7", "no limit"));
}

/// A server that doesn't know a setting may refuse a request that has it.
#[test]
fn a_log_is_made_by_what_every_server_knows() {
    let made = old();
    for setting in [
        "persist_mode",
        "allow_msg_ttl",
        "subject_delete_marker_ttl",
        "allow_msg_counter",
        "allow_msg_schedules",
        "mirror",
        "sources",
        "subject_transform",
    ] {
        assert_eq!(made.get(setting), None, "{setting}");
    }
    assert_eq!(
        made["duplicate_window"],
        json!(nanoseconds(super::DUPLICATES))
    );
}
