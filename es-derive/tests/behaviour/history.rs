//! Each way of describing a version, on bytes of the versions before.

use es_core::{DecodeError, Event};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "money-deposited", version = 3)]
struct Deposited {
    #[event(since = 2, renamed_from = "amt")]
    cents: i64,
    #[event(since = 3, default = "EUR")]
    currency: String,
}

#[test]
fn every_version_decodes() {
    let decoded = |version, payload| {
        let Deposited { cents, currency } = Deposited::decode(version, payload).unwrap();
        (cents, currency)
    };
    assert_eq!(decoded(1, r#"{"amt":5}"#), (5, "EUR".to_owned()));
    assert_eq!(decoded(2, r#"{"cents":5}"#), (5, "EUR".to_owned()));
    assert_eq!(
        decoded(3, r#"{"cents":5,"currency":"CZK"}"#),
        (5, "CZK".to_owned())
    );
}

#[test]
fn a_key_of_an_older_version_is_not_taken() {
    assert!(Deposited::decode(2, r#"{"amt":5}"#).is_err());
    assert!(Deposited::decode(3, r#"{"cents":5}"#).is_err());
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "swapped", version = 2)]
struct Swapped {
    #[event(since = 2, renamed_from = "to")]
    from: String,
    #[event(since = 2, renamed_from = "from")]
    to: String,
}

#[test]
fn the_changes_of_a_version_happen_at_once() {
    let swapped = Swapped::decode(1, r#"{"from":"a","to":"b"}"#).unwrap();
    assert_eq!((swapped.from.as_str(), swapped.to.as_str()), ("b", "a"));
}

fn cents(euros: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "small sums")]
    let cents = (euros * 100.0).round() as i64;
    cents
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a conversion takes what it converts"
)]
fn parsed(text: String) -> Result<f64, std::num::ParseFloatError> {
    text.parse()
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(
    name = "paid",
    version = 4,
    removed("memo", since = 2),
    removed("rest", since = 4)
)]
struct Paid {
    #[event(since = 2, renamed_from = "sum", try_converted = parsed)]
    #[event(since = 3, renamed_from = "euros", converted = cents)]
    cents: i64,
    #[event(since = 2)]
    note: Option<String>,
    #[event(since = 3, default = ["a", "b"])]
    #[event(since = 4, renamed_from = "tag")]
    tags: Vec<String>,
}

#[test]
fn a_field_changes_several_times() {
    let paid = Paid::decode(1, r#"{"sum":"1.25","memo":"gone"}"#).unwrap();
    assert_eq!((paid.cents, paid.note, paid.tags.len()), (125, None, 2));
    let paid = Paid::decode(2, r#"{"euros":1.25,"note":"n"}"#).unwrap();
    assert_eq!((paid.cents, paid.note.as_deref()), (125, Some("n")));
    let paid = Paid::decode(3, r#"{"cents":7,"tag":["x"]}"#).unwrap();
    assert_eq!((paid.cents, paid.tags), (7, vec!["x".to_owned()]));
}

#[test]
fn a_conversion_that_refuses_names_version_and_field() {
    let error = Paid::decode(1, r#"{"sum":"secret"}"#).unwrap_err();
    let field = Some("sum".to_owned());
    assert_eq!(error, DecodeError::Upcast { to: 2, field });
    let error = Paid::decode(1, "{}").unwrap_err();
    assert!(matches!(error, DecodeError::Upcast { to: 2, .. }));
    let error = Paid::decode(1, "[1]").unwrap_err();
    assert_eq!(error, DecodeError::Upcast { to: 2, field: None });
}

fn wide(narrow: i64) -> i128 {
    narrow.into()
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "replaced", version = 2, removed("amount", since = 2))]
struct Replaced {
    #[event(since = 2, renamed_from = "cents", converted = wide)]
    amount: i128,
}

#[test]
fn a_key_may_end_and_begin_in_one_version() {
    let replaced = Replaced::decode(1, r#"{"cents":3,"amount":"three"}"#).unwrap();
    assert_eq!(replaced.amount, 3);
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "kept", version = 2)]
struct Kept {
    #[event(since = 2, default = null)]
    note: Option<String>,
    large: u64,
    larger: i128,
    exact: f64,
}

#[test]
fn what_a_version_does_not_mention_comes_through_as_it_was() {
    let payload = r#"{"large":18446744073709551615,"larger":170141183460469231731687303715884105727,"exact":0.1}"#;
    let kept = Kept::decode(1, payload).unwrap();
    assert_eq!((kept.large, kept.larger), (u64::MAX, i128::MAX));
    assert_eq!(kept.exact.to_bits(), 0.1_f64.to_bits());
}

/// Serde's names for the fields, in each of its ways.
#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "named", version = 2)]
#[serde(rename_all = "camelCase")]
struct Named {
    #[event(since = 2, default = 1)]
    first_one: u8,
    #[event(since = 2, default = 2)]
    #[serde(rename = "Zweites")]
    second: u8,
    #[event(since = 2, default = 3)]
    r#type: u8,
}

#[test]
fn a_stored_key_is_serdes() {
    let named = Named::decode(1, "{}").unwrap();
    assert_eq!((named.first_one, named.second, named.r#type), (1, 2, 3));
    let json = serde_json::to_string(&named).unwrap();
    assert_eq!(json, r#"{"firstOne":1,"Zweites":2,"type":3}"#);
}

fn nested(mut payload: Value) -> Result<Value, &'static str> {
    let cents = payload["cents"].take();
    if cents.is_null() {
        return Err("no cents");
    }
    Ok(serde_json::json!({ "money": { "cents": cents } }))
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Money {
    cents: i64,
    currency: Option<String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "nested", version = 3, upcast(to = 2, with = nested))]
struct Nested {
    #[event(since = 3, renamed_from = "money")]
    sum: Money,
}

#[test]
fn a_function_makes_a_version_of_the_whole_payload() {
    let nested = Nested::decode(1, r#"{"cents":5}"#).unwrap();
    assert_eq!(nested.sum.cents, 5);
    assert_eq!(
        nested,
        Nested::decode(2, r#"{"money":{"cents":5}}"#).unwrap()
    );
    let refused = DecodeError::Upcast { to: 2, field: None };
    assert_eq!(Nested::decode(1, "{}"), Err(refused));
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "moved", version = 2)]
struct MovedV2 {
    #[event(since = 2, default = 0)]
    x: i32,
    y: i32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "moved", version = 3, upcast(from = MovedV2))]
struct Moved {
    distance: i32,
}

impl From<MovedV2> for Moved {
    fn from(old: MovedV2) -> Self {
        Self {
            distance: old.x.abs() + old.y.abs(),
        }
    }
}

#[test]
fn a_version_is_made_of_an_old_type_which_knows_its_own_past() {
    assert_eq!(Moved::decode(1, r#"{"y":-2}"#), Ok(Moved { distance: 2 }));
    assert_eq!(
        Moved::decode(2, r#"{"x":1,"y":-2}"#),
        Ok(Moved { distance: 3 })
    );
    assert_eq!(
        Moved::decode(3, r#"{"distance":9}"#),
        Ok(Moved { distance: 9 })
    );
    assert_eq!(
        Moved::decode(4, "{}"),
        Err(DecodeError::NewerVersion { known: 3 })
    );
    assert_eq!(Moved::decode(0, "{}"), Err(DecodeError::VersionZero));
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "defaults", version = 2)]
struct Defaults {
    #[event(since = 2, default = -5)]
    negative: i8,
    #[event(since = 2, default = 1_000)]
    grouped: u32,
    #[event(since = 2, default = 0x10)]
    hexadecimal: u32,
    #[event(since = 2, default = 1.)]
    float: f64,
    #[event(since = 2, default = true)]
    flag: bool,
    #[event(since = 2, default = "a \"quoted\"\n\u{1F600}\\")]
    text: String,
    #[event(since = 2, default = { "cents": 1, "currency": "EUR" })]
    money: Money,
    #[event(since = 2, default = [[1], []])]
    lists: Vec<Vec<u8>>,
}

#[test]
fn a_default_is_any_json_literal() {
    let read = Defaults::decode(1, "{}").unwrap();
    assert_eq!(
        (read.negative, read.grouped, read.hexadecimal),
        (-5, 1000, 16)
    );
    assert!(read.flag && read.float.to_bits() == 1.0_f64.to_bits());
    assert_eq!(read.text, "a \"quoted\"\n\u{1F600}\\");
    assert_eq!(read.money.currency.as_deref(), Some("EUR"));
    assert_eq!(read.lists, [vec![1], vec![]]);
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "rated", version = 2)]
struct Rated {
    #[event(since = 2, default = 1.)]
    whole: f64,
    #[event(since = 2, default = -00.50)]
    half: f64,
    #[event(since = 2, default = 0.)]
    nothing: f32,
    #[event(since = 2, default = 0x_ff)]
    byte: u8,
    #[event(since = 2, default = 1_000e-3)]
    long: f64,
}

#[test]
fn a_default_is_a_number_as_rust_writes_it() {
    let rated = Rated::decode(1, "{}").unwrap();
    let Rated {
        whole,
        half,
        nothing,
        byte,
        long,
    } = rated;
    assert_eq!(
        (whole, half, nothing, byte, long),
        (1.0, -0.5, 0.0, 255, 1.0)
    );
}
