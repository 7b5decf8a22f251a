//! Texts that nobody should have stored, and texts that anybody may give.

use proptest::prelude::*;
use serde_json::Value;

use crate::subject::{NAMES, PAYLOADS};

/// Letters that stores, formats and terminals trip over, and any other.
pub(crate) fn words() -> impl Strategy<Value = String> {
    let awkward = prop_oneof![
        Just('"'),
        Just('\''),
        Just('\\'),
        Just('`'),
        Just('\0'),
        Just('\n'),
        Just('\r'),
        Just('/'),
        Just('{'),
        Just('%'),
        Just(';'),
        Just('\u{7f}'),
        Just('\u{2028}'),
        Just('\u{feff}'),
        Just('é'),
        Just('\u{301}'),
        Just('🏦'),
        Just('\u{10ffff}'),
    ];
    let letter = prop_oneof![awkward, any::<char>()];
    prop::collection::vec(letter, 0..40).prop_map(String::from_iter)
}

pub(crate) fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key(), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Keys that the subject's events know, and others.
fn key() -> impl Strategy<Value = String> {
    const KNOWN: [&str; 12] = [
        "owner", "tree", "branches", "form", "sum", "euros", "cents", "note", "from", "to",
        "place", "floor",
    ];
    prop_oneof![
        prop::sample::select(&KNOWN[..]).prop_map(str::to_owned),
        words()
    ]
}

/// The name and version under which a text is read.
pub(crate) fn kind() -> impl Strategy<Value = (String, u32)> {
    let name = prop_oneof![
        8 => prop::sample::select(&NAMES[..]).prop_map(str::to_owned),
        1 => words(),
    ];
    let version = prop_oneof![9 => 0_u32..8, 1 => any::<u32>()];
    (name, version)
}

/// A payload as it should be, with its name and version.
pub(crate) fn stored() -> impl Strategy<Value = (&'static str, u32, &'static str)> {
    prop::sample::select(&PAYLOADS[..])
}

/// A payload that ends too soon.
pub(crate) fn truncated() -> impl Strategy<Value = (&'static str, u32, String)> {
    (stored(), any::<prop::sample::Index>()).prop_map(|((name, version, payload), at)| {
        let end = payload.floor_char_boundary(at.index(payload.len()));
        (name, version, payload[..end].to_owned())
    })
}

/// A payload in which one value, however deep, is another one.
pub(crate) fn mistyped() -> impl Strategy<Value = (&'static str, u32, String)> {
    (stored(), any::<prop::sample::Index>(), json()).prop_map(
        |((name, version, payload), at, other)| {
            let mut value: Value = serde_json::from_str(payload).unwrap();
            let count = count(&value);
            replace(&mut value, &mut at.index(count), other);
            (name, version, value.to_string())
        },
    )
}

fn count(value: &Value) -> usize {
    let below: usize = match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    };
    1 + below
}

/// Replaces the value at a place, counted from the outside to the inside; `None` once it is done.
fn replace(value: &mut Value, place: &mut usize, other: Value) -> Option<Value> {
    if *place == 0 {
        *value = other;
        return None;
    }
    *place -= 1;
    match value {
        Value::Array(items) => {
            (items.iter_mut()).try_fold(other, |other, item| replace(item, place, other))
        }
        Value::Object(fields) => {
            (fields.values_mut()).try_fold(other, |other, field| replace(field, place, other))
        }
        _ => Some(other),
    }
}

/// A payload with some bytes gone astray.
pub(crate) fn mangled() -> impl Strategy<Value = (&'static str, u32, String)> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6);
    (stored(), changes).prop_map(|((name, version, payload), changes)| {
        let mut bytes = payload.as_bytes().to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        (name, version, String::from_utf8_lossy(&bytes).into_owned())
    })
}

/// A text that opens as many arrays or objects as it says, and closes them or not.
pub(crate) fn nested() -> impl Strategy<Value = String> {
    let depth = prop_oneof![3 => 100_usize..300, 1 => 300_usize..100_000];
    let form = prop::sample::select(&[("[", "]"), ("{\"branches\":[", "]}"), ("{\"a\":", "}")][..]);
    let around =
        prop::sample::select(&["{}", "{\"tree\":{}}", "{\"sum\":{},\"from\":0,\"to\":0}"][..]);
    (depth, form, any::<bool>(), around).prop_map(|(depth, (open, close), closed, around)| {
        let innermost = if open == "{\"a\":" { "0" } else { "" };
        let closing = if closed {
            close.repeat(depth)
        } else {
            String::new()
        };
        around.replacen("{}", &(open.repeat(depth) + innermost + &closing), 1)
    })
}
