//! The way from each version of a payload to the next.

use std::collections::BTreeMap;

use syn::{ExprPath, Ident, Type};

use crate::attr::event::{ChangeKind, Container, Conversion, FieldChange, Upcast};
use crate::attr::serde;
use crate::check;
use crate::errors::Errors;

/// A named field and what happened to it.
pub struct Field<'a> {
    pub ident: &'a Ident,
    pub ty: &'a Type,
    /// Under which it is stored now.
    pub key: String,
    pub changes: Vec<FieldChange>,
    pub serde: serde::Field,
}

pub enum History {
    /// There is one version.
    First,
    /// The version before is another type, which knows those before it.
    Typed(Box<Type>),
    /// Every version from 2 on is made of the one before.
    Hops(Vec<Hop>),
}

pub struct Hop {
    pub to: u32,
    pub kind: HopKind,
}

pub enum HopKind {
    Json(ExprPath),
    Fields(Vec<Change>),
}

pub enum Change {
    Removed {
        key: String,
    },
    Added {
        key: String,
        default: String,
    },
    Moved {
        from: String,
        to: String,
        conversion: Option<Box<FieldConversion>>,
    },
}

pub struct FieldConversion {
    pub function: Conversion,
    /// The field's type, if this is its last conversion.
    pub result: Option<Type>,
}

impl History {
    pub fn read(container: &Container, fields: &[Field<'_>], errors: &mut Errors) -> Self {
        check::versions(container, fields, errors);
        if let Some(from) = check::typed(container, fields, errors) {
            return Self::Typed(Box::new(from));
        }
        check::functions(container, fields, errors);
        for field in fields {
            check::field(field, container, errors);
        }
        check::keys(container, fields, errors);
        let hops = hops(container, fields);
        check::gaps(container, &hops, errors);
        if hops.is_empty() {
            return Self::First;
        }
        Self::Hops(
            hops.into_iter()
                .map(|(to, kind)| Hop { to, kind })
                .collect(),
        )
    }
}

fn hops(container: &Container, fields: &[Field<'_>]) -> BTreeMap<u32, HopKind> {
    let mut hops: BTreeMap<u32, Vec<Change>> = BTreeMap::new();
    for removed in &container.removed {
        let key = removed.key.value();
        hops.entry(removed.since.value)
            .or_default()
            .push(Change::Removed { key });
    }
    for field in fields {
        for (since, change) in field.steps() {
            hops.entry(since).or_default().push(change);
        }
    }
    let described = hops
        .into_iter()
        .map(|(to, changes)| (to, HopKind::Fields(changes)));
    let functions = container.upcasts.iter().filter_map(|upcast| match upcast {
        Upcast::Json { to, with } => Some((to.value, HopKind::Json(with.clone()))),
        Upcast::Typed { .. } => None,
    });
    described.chain(functions).collect()
}

impl Field<'_> {
    /// Its changes from the newest to the oldest, each with the key after it.
    pub fn newest_first(&self) -> Vec<(&FieldChange, String)> {
        let mut changes: Vec<&FieldChange> = self.changes.iter().collect();
        changes.sort_by_key(|change| std::cmp::Reverse(change.since.value));
        let mut key = self.key.clone();
        changes
            .into_iter()
            .map(|change| {
                let after = key.clone();
                if let Some(before) = change.renamed_from() {
                    key = before;
                }
                (change, after)
            })
            .collect()
    }

    /// The key in a version; `None` before the field was there.
    pub fn key_in(&self, version: u32) -> Option<String> {
        let mut key = self.key.clone();
        for (change, _) in self.newest_first() {
            if change.since.value <= version {
                break;
            }
            if change.is_birth() {
                return None;
            }
            key = change.renamed_from().unwrap_or(key);
        }
        Some(key)
    }

    /// Whether a later version converts what the field holds in this one.
    pub fn is_converted_after(&self, version: u32) -> bool {
        self.changes
            .iter()
            .any(|change| change.since.value > version && change.conversion().is_some())
    }

    fn steps(&self) -> Vec<(u32, Change)> {
        let step = |(change, key): (&FieldChange, String)| {
            let since = change.since.value;
            let step = match &change.kind {
                // Serde reads a missing `Option` as `None`, but not one with `deserialize_with`.
                ChangeKind::AddedOptional => Change::Added {
                    key,
                    default: "null".to_owned(),
                },
                ChangeKind::Added { default } => Change::Added {
                    key,
                    default: default.text.clone(),
                },
                ChangeKind::Moved { .. } => Change::Moved {
                    from: change.renamed_from().unwrap_or_else(|| key.clone()),
                    to: key,
                    conversion: change.conversion().map(|function| {
                        let result = (!self.is_converted_after(since)).then(|| self.ty.clone());
                        Box::new(FieldConversion {
                            function: function.clone(),
                            result,
                        })
                    }),
                },
            };
            (since, step)
        };
        self.newest_first().into_iter().map(step).collect()
    }
}

impl FieldChange {
    pub fn is_birth(&self) -> bool {
        !matches!(self.kind, ChangeKind::Moved { .. })
    }

    pub fn renamed_from(&self) -> Option<String> {
        match &self.kind {
            ChangeKind::Moved {
                renamed_from: Some(key),
                ..
            } => Some(key.value()),
            _ => None,
        }
    }

    pub fn conversion(&self) -> Option<&Conversion> {
        match &self.kind {
            ChangeKind::Moved { conversion, .. } => conversion.as_ref(),
            _ => None,
        }
    }
}
