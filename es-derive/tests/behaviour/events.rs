use es_core::{DecodeError, Event};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(
    name = "account.opened",
    formerly = "account.created",
    formerly = "konto"
)]
struct Opened {
    owner: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.closed")]
struct Closed;

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.renamed")]
struct Renamed(String);

#[test]
fn an_event_has_its_names_and_version() {
    assert_eq!(Opened::NAME, "account.opened");
    assert_eq!(Opened::VERSION, 1);
    assert_eq!(Opened::FORMER_NAMES, ["account.created", "konto"]);
    assert!(Closed::FORMER_NAMES.is_empty());
}

#[test]
fn a_current_payload_is_decoded() {
    let owner = "ada".to_owned();
    assert_eq!(
        Opened::decode(1, r#"{"owner":"ada"}"#),
        Ok(Opened { owner })
    );
    assert_eq!(Closed::decode(1, "null"), Ok(Closed));
    assert_eq!(Renamed::decode(1, r#""x""#), Ok(Renamed("x".to_owned())));
}

#[test]
fn versions_that_nobody_wrote_are_refused() {
    assert_eq!(
        Opened::decode(0, r#"{"owner":"ada"}"#),
        Err(DecodeError::VersionZero)
    );
    assert_eq!(
        Opened::decode(2, r#"{"owner":"ada"}"#),
        Err(DecodeError::NewerVersion { known: 1 })
    );
}

#[test]
fn a_payload_that_does_not_fit_is_refused_without_being_quoted() {
    for payload in [
        "",
        "{",
        r#"{"owner":"Ada Lovelace""#,
        r#"{"owner":17}"#,
        r#"{"Ada Lovelace":1}"#,
        "[]",
    ] {
        let error = Opened::decode(1, payload).unwrap_err();
        assert!(matches!(error, DecodeError::Payload(_)), "{payload}");
        assert!(!error.to_string().contains("Ada"), "{error}");
    }
}
