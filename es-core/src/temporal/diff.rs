use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    Aggregate, At, EncodeError, EventStore, Invalid, Json, LoadError, Repository, StoreError,
};

/// Which fields differ between two values, by what serde makes of them.
///
/// Its text is for reading, a line for each change; [`to_json_patch`](Self::to_json_patch) is for programs.
///
/// ```
/// use es_core::Diff;
///
/// let before = serde_json::json!({ "owner": "Ada", "balance": 70, "tags": ["new"] });
/// let after = serde_json::json!({ "owner": "Ada", "balance": 90, "tags": ["new", "vip"] });
/// let diff = Diff::between(&before, &after)?;
/// assert_eq!(diff.to_string(), "balance: 70 → 90\ntags.1: + \"vip\"\n");
/// # Ok::<(), es_core::EncodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Diff {
    changes: Vec<Change>,
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// The way to the field, from the outside in: names of fields and indices.
    pub path: Vec<String>,
    /// Its value before; `None` if it wasn't there.
    pub before: Option<Value>,
    /// Its value after; `None` if it isn't there any more.
    pub after: Option<Value>,
}

impl Diff {
    /// What changed from one value to the other.
    ///
    /// Arrays are compared place by place: an element that was put in front of others shows as a change of each.
    ///
    /// # Errors
    ///
    /// A value isn't JSON: see [`Json::encode`].
    pub fn between<T: Serialize + ?Sized>(before: &T, after: &T) -> Result<Self, EncodeError> {
        let mut diff = Self::default();
        let (before, after) = (Json::encode(before)?, Json::encode(after)?);
        diff.compare(&mut Vec::new(), &parsed(&before), &parsed(&after));
        Ok(diff)
    }

    /// The fields that differ.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The changes as a JSON Patch (RFC 6902), which makes the one value of the other.
    pub fn to_json_patch(&self) -> Value {
        Value::Array(self.changes.iter().map(Change::operation).collect())
    }

    fn compare(&mut self, path: &mut Vec<String>, before: &Value, after: &Value) {
        match (before, after) {
            (Value::Object(before), Value::Object(after)) => self.objects(path, before, after),
            (Value::Array(before), Value::Array(after)) => self.arrays(path, before, after),
            _ if before == after => {}
            _ => self.push(path, Some(before), Some(after)),
        }
    }

    fn objects(
        &mut self,
        path: &mut Vec<String>,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
    ) {
        for (key, old) in before {
            path.push(key.clone());
            match after.get(key) {
                Some(new) => self.compare(path, old, new),
                None => self.push(path, Some(old), None),
            }
            path.pop();
        }
        for (key, new) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
            path.push(key.clone());
            self.push(path, None, Some(new));
            path.pop();
        }
    }

    fn arrays(&mut self, path: &mut Vec<String>, before: &[Value], after: &[Value]) {
        let shared = before.len().min(after.len());
        let mut at = |index: usize, old: Option<&Value>, new: Option<&Value>| {
            path.push(index.to_string());
            match (old, new) {
                (Some(old), Some(new)) => self.compare(path, old, new),
                _ => self.push(path, old, new),
            }
            path.pop();
        };
        for index in 0..shared {
            at(index, before.get(index), after.get(index));
        }
        // From the end, so that as a patch each index is still there when its turn comes.
        for index in (shared..before.len()).rev() {
            at(index, before.get(index), None);
        }
        for index in shared..after.len() {
            at(index, None, after.get(index));
        }
    }

    fn push(&mut self, path: &[String], before: Option<&Value>, after: Option<&Value>) {
        self.changes.push(Change {
            path: path.to_vec(),
            before: before.cloned(),
            after: after.cloned(),
        });
    }
}

/// What our own encoder wrote.
fn parsed(json: &Json) -> Value {
    serde_json::from_str(json.as_str()).unwrap_or_default()
}

impl Change {
    /// The way to the field as a JSON Pointer (RFC 6901).
    pub fn pointer(&self) -> String {
        let escaped = |part: &String| format!("/{}", part.replace('~', "~0").replace('/', "~1"));
        self.path.iter().map(escaped).collect()
    }

    fn operation(&self) -> Value {
        let path = self.pointer();
        match (&self.before, &self.after) {
            (_, None) => json!({ "op": "remove", "path": path }),
            (None, Some(value)) => json!({ "op": "add", "path": path, "value": value }),
            (Some(_), Some(value)) => json!({ "op": "replace", "path": path, "value": value }),
        }
    }
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.changes
            .iter()
            .try_for_each(|change| writeln!(f, "{change}"))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path.join("."))?;
        }
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => write!(f, "{before} → {after}"),
            (Some(before), None) => write!(f, "- {before}"),
            (None, Some(after)) => write!(f, "+ {after}"),
            (None, None) => Ok(()),
        }
    }
}

impl<A: Aggregate + Serialize, S: EventStore> Repository<A, S> {
    /// Which fields of the state differ between two points in time.
    ///
    /// # Errors
    ///
    /// As [`load_at`](Self::load_at), for either of them; or the state isn't JSON.
    pub async fn diff(
        &self,
        id: &A::Id,
        before: impl Into<At>,
        after: impl Into<At>,
    ) -> Result<Diff, LoadError> {
        let (before, after) = (before.into(), after.into());
        let (before, after) = (
            self.load_at(id, before).await?,
            self.load_at(id, after).await?,
        );
        let diff = Diff::between(&*before, &*after);
        Ok(diff.map_err(|error| StoreError::invalid(Invalid::State(error)))?)
    }
}
