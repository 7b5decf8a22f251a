use es_core::{At, Diff, LoadError, Revision};
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use serde_json::{Value, json};

use crate::bank::{ada, day, four_events};

#[tokio::test]
async fn two_past_states_differ_in_these_fields() {
    let accounts = four_events().await;
    let known = |revision| At::known(Revision::new(revision));
    let diff = accounts.diff(&ada(), known(2), known(4)).await.unwrap();
    assert_eq!(
        diff.to_string(),
        "balance: 10 → 25\nslips.1: + 20\nslips.2: + -5\n"
    );
    let diff = accounts
        .diff(&ada(), At::effective(day(2)), At::effective(day(1)))
        .await;
    assert_eq!(
        diff.unwrap().to_json_patch(),
        json!([
            { "op": "replace", "path": "/balance", "value": 20 },
            { "op": "replace", "path": "/slips/0", "value": 20 },
            { "op": "remove", "path": "/slips/1" },
        ])
    );
    assert!(
        accounts
            .diff(&ada(), At::NOW, day(4))
            .await
            .unwrap()
            .is_empty()
    );
    let before = accounts.diff(&ada(), day(0), day(4)).await;
    assert!(matches!(before, Err(LoadError::NotFound { .. })));
}

#[test]
fn a_pointer_escapes_what_it_is_made_with() {
    let diff = Diff::between(&json!({ "a/b~c": 1 }), &json!({ "a/b~c": 2 })).unwrap();
    assert_eq!(diff.changes()[0].pointer(), "/a~1b~0c");
    let diff = Diff::between(&json!(1), &json!("x")).unwrap();
    assert_eq!(diff.changes()[0].pointer(), "");
    assert_eq!(diff.to_string(), "1 → \"x\"\n");
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-c~/]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let keys = "[ab~/0]{0,2}";
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(keys, inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn the_patch_makes_the_one_value_of_the_other(before in values(), after in values()) {
        let diff = Diff::between(&before, &after).unwrap();
        let patch: json_patch::Patch = serde_json::from_value(diff.to_json_patch()).unwrap();
        let mut patched = before.clone();
        json_patch::patch(&mut patched, &patch).unwrap();
        prop_assert_eq!(&patched, &after);
        prop_assert_eq!(diff.is_empty(), before == after);
    }
}
