//! Whatever stands in a store or is given as text: it is a value or a typed error, and never a panic.

mod given;
mod repository;
mod subject;
mod texts;

use proptest::prelude::*;
use subject::{PAYLOADS, read_event, read_text};

#[test]
fn every_payload_to_begin_from_is_read() {
    use es_core::EventSet as _;
    for (name, version, payload) in PAYLOADS {
        let decoded = subject::SubjectEvent::decode(name, version, payload);
        assert!(
            matches!(decoded, Ok(Some(_))),
            "{name} {version}: {decoded:?}"
        );
        read_event(name, version, payload, "{}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_truncated_payload_is_read_or_refused((name, version, payload) in texts::truncated()) {
        read_event(name, version, &payload, "{}");
        read_text(&payload);
    }

    #[test]
    fn a_mistyped_payload_is_read_or_refused((name, version, payload) in texts::mistyped()) {
        read_event(name, version, &payload, "{}");
    }

    #[test]
    fn a_mangled_payload_is_read_or_refused((name, version, payload) in texts::mangled()) {
        read_event(name, version, &payload, &payload);
        read_text(&payload);
    }

    #[test]
    fn any_json_is_read_or_refused((name, version) in texts::kind(), payload in texts::json(), metadata in texts::json()) {
        let (payload, metadata) = (payload.to_string(), metadata.to_string());
        read_event(&name, version, &payload, &metadata);
        read_text(&payload);
        read_text(&metadata);
    }

    #[test]
    fn any_text_is_read_or_refused((name, version) in texts::kind(), payload in texts::words(), metadata in texts::words()) {
        read_event(&name, version, &payload, &metadata);
        read_text(&payload);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_deeply_nested_payload_is_read_or_refused((name, version) in texts::kind(), payload in texts::nested()) {
        read_event(&name, version, &payload, &payload);
        read_text(&payload);
    }
}

/// As every event in every version that it has had.
fn read_as_each(payload: &str) {
    for (name, version, _) in PAYLOADS {
        read_event(name, version, payload, payload);
    }
    read_text(payload);
}

#[test]
fn a_huge_payload_is_read_or_refused() {
    // A debug build reads some megabytes in a second, and each text is read many times.
    const SIZE: usize = 1 << 16;
    let text = "🏦".repeat(SIZE / 4);
    read_as_each(&format!(r#"{{"new_name":"{text}","newName":"{text}"}}"#));
    let fields: Vec<String> = (0..SIZE / 16)
        .map(|key| format!(r#""{key}":{key}"#))
        .collect();
    read_as_each(&format!(
        r#"{{"cents":1,"from":1,"to":2,{}}}"#,
        fields.join(",")
    ));
    let digits = "9".repeat(SIZE);
    for number in [
        digits.clone(),
        format!("-{digits}.{digits}e{digits}"),
        format!("1e-{digits}"),
    ] {
        read_as_each(&number);
        read_as_each(&format!(
            r#"{{"cents":{number},"sum":"{number}","euros":{number},"from":{number},"to":0}}"#
        ));
    }
    read_as_each(&" ".repeat(SIZE));
    read_as_each(&format!("[{}0]", "0,".repeat(SIZE)));
    // As large as a store takes.
    let largest = es_core::Limits::DEFAULT.payload_bytes;
    let text = "x".repeat(largest - r#"{"new_name":""}"#.len());
    read_event("renamed", 1, &format!(r#"{{"new_name":"{text}"}}"#), "{}");
}

#[test]
fn the_deepest_payload_that_can_be_stored_is_read() {
    use es_core::{EventSet as _, Json};
    // An object in an array for each branch, in the event's own object.
    let branches = (Json::MAX_DEPTH - 3) / 2;
    let tree = format!(
        "{}{{}}{}",
        r#"{"branches":["#.repeat(branches),
        "]}".repeat(branches)
    );
    let payload = PAYLOADS[0]
        .2
        .replacen(r#"{"branches":[{},{"branches":[]}]}"#, &tree, 1);
    assert!(Json::parse(payload.as_str()).is_ok());
    let decoded = subject::SubjectEvent::decode("begun", 1, &payload);
    assert!(matches!(decoded, Ok(Some(_))), "{decoded:?}");
}
