//! Rules that take more than one attribute to judge.

use std::collections::{BTreeMap, BTreeSet};

use quote::ToTokens;
use syn::{Attribute, Type};

use crate::attr::event::{ChangeKind, Container, Upcast};
use crate::attr::serde;
use crate::attr::{Number, bare};
use crate::errors::Errors;
use crate::model::history::{Field, HopKind};

/// A name that was stored before is another one than the present, and is said once.
pub fn event_names(container: &Container, errors: &mut Errors) {
    let mut names: Vec<String> = container.name.iter().map(syn::LitStr::value).collect();
    for former in &container.formerly {
        let name = former.value();
        if names.contains(&name) {
            errors.at(
                former,
                format!("`{name}` is a name of this event already; leave this one out"),
            );
        }
        names.push(name);
    }
}

/// Field history works on stored keys, so each field has to have one that can be told.
pub fn serde_obstacles(
    container: &Container,
    fields: &[Field<'_>],
    attrs: &[Attribute],
    errors: &mut Errors,
) {
    let has_history =
        !container.removed.is_empty() || fields.iter().any(|field| !field.changes.is_empty());
    if !has_history {
        return;
    }
    let on_struct = serde::Container::read(attrs).obstacle;
    let on_fields = fields
        .iter()
        .filter_map(|field| field.serde.obstacle.as_ref());
    for obstacle in on_struct.iter().chain(on_fields) {
        let option = obstacle.option.path().to_token_stream();
        errors.at(
            &obstacle.option,
            format!(
                "with `{option}` {}, and the history of fields goes by their keys: \
                 describe it with `upcast(…)` on the struct",
                obstacle.why
            ),
        );
    }
}

fn newest(container: &Container) -> u32 {
    container
        .version
        .as_ref()
        .map_or(1, |version| version.value)
}

/// Changes lie between version 2 and the current one.
pub fn versions(container: &Container, fields: &[Field<'_>], errors: &mut Errors) {
    let newest = newest(container);
    let changes = fields.iter().flat_map(|field| &field.changes);
    let since = changes.map(|change| &change.since);
    let removed = container.removed.iter().map(|removed| &removed.since);
    let upcasts = container.upcasts.iter().filter_map(|upcast| match upcast {
        Upcast::Json { to, .. } => Some(to),
        Upcast::Typed { .. } => None,
    });
    for Number { value, literal } in since.chain(removed).chain(upcasts) {
        if *value < 2 {
            errors.at(
                literal,
                "version 1 is the first: what changed begins with version 2",
            );
        } else if *value > newest {
            errors.at(
                literal,
                format!("the event's version is {newest}: raise it to `version = {value}`, or correct this"),
            );
        }
    }
    let typed = container.upcasts.iter().find_map(|upcast| match upcast {
        Upcast::Typed { word, .. } => Some(word),
        Upcast::Json { .. } => None,
    });
    if let Some(word) = typed.filter(|_| newest == 1) {
        errors.at(
            word,
            "version 1 has none before it: raise the event's `version`",
        );
    }
}

/// The type of the version before, which excludes any other description: it knows its own history.
pub fn typed(container: &Container, fields: &[Field<'_>], errors: &mut Errors) -> Option<Type> {
    let mut types = container.upcasts.iter().filter_map(|upcast| match upcast {
        Upcast::Typed { from, word } => Some((from, word)),
        Upcast::Json { .. } => None,
    });
    let (from, word) = types.next()?;
    if let Some((_, second)) = types.next() {
        errors.at(
            second,
            "the version before is one type; the versions before that are described there",
        );
        return Some(from.clone());
    }
    let others = container.upcasts.len() > 1
        || !container.removed.is_empty()
        || fields.iter().any(|field| !field.changes.is_empty());
    if others {
        errors.at(
            word,
            "the version before is a type of its own, which describes the older ones: \
             move the other changes there, or leave this out",
        );
    }
    Some(from.clone())
}

/// A version is made either by one function on the whole payload or by changes of fields.
pub fn functions(container: &Container, fields: &[Field<'_>], errors: &mut Errors) {
    let mut versions = Vec::new();
    for upcast in &container.upcasts {
        let Upcast::Json { to, .. } = upcast else {
            continue;
        };
        let version = to.value;
        let removed = container.removed.iter().map(|removed| &removed.since);
        let changes = fields.iter().flat_map(|field| &field.changes);
        let mut described = removed.chain(changes.map(|change| &change.since));
        if versions.contains(&version) {
            errors.at(
                &to.literal,
                format!("version {version} has a function already; keep one"),
            );
        } else if let Some(twice) = described.find(|since| since.value == version) {
            errors.at(
                &twice.literal,
                format!(
                    "a function makes version {version} of the whole payload; \
                     do this change there, or describe the version by its fields alone"
                ),
            );
        }
        versions.push(version);
    }
}

/// What happened to one field makes a history.
pub fn field(field: &Field<'_>, container: &Container, errors: &mut Errors) {
    let changes = field.newest_first();
    for (place, (change, key)) in changes.iter().enumerate() {
        let version = change.since.value;
        if let Some((older, _)) = changes.get(place + 1) {
            if older.since.value == version {
                errors.at(
                    &older.since.literal,
                    format!(
                        "version {version} changes this field already: say both in one `#[event(…)]`"
                    ),
                );
                return;
            }
            if change.is_birth() {
                errors.at(
                    &older.since.literal,
                    format!("version {version} added this field; it can't have changed before"),
                );
                return;
            }
        }
        birth(field, change, container, errors);
        let renamed = change.renamed_from();
        if let (ChangeKind::Moved { renamed_from, .. }, true) =
            (&change.kind, renamed.as_ref() == Some(key))
        {
            errors.at(
                renamed_from,
                format!("`{key}` is its stored key after this version, too: say the one before"),
            );
        }
    }
}

/// Older payloads get a value that the field can hold, as far as this is known here.
fn birth(
    field: &Field<'_>,
    change: &crate::attr::event::FieldChange,
    container: &Container,
    errors: &mut Errors,
) {
    let version = change.since.value;
    let goes_on = field.is_converted_after(version)
        || container.upcasts.iter().any(|upcast| match upcast {
            Upcast::Json { to, .. } => to.value > version,
            Upcast::Typed { .. } => false,
        });
    match &change.kind {
        ChangeKind::AddedOptional if !goes_on && !is_option(field.ty) => errors.at(
            &change.since.literal,
            format!(
                "what older payloads get in version {version} isn't said: add `default = …`, \
                 say where it came from with `renamed_from` or `converted`, or make the field an `Option`"
            ),
        ),
        ChangeKind::Added { default } if !goes_on => {
            if let Some(misfit) = default.misfit(field.ty) {
                errors.at(default, format!("the default doesn't fit the field: {misfit}"));
            }
        }
        _ => {}
    }
}

fn is_option(ty: &Type) -> bool {
    match bare(ty) {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident == "Option"),
        _ => false,
    }
}

/// No two fields have the same stored key in one version.
pub fn keys(container: &Container, fields: &[Field<'_>], errors: &mut Errors) {
    for field in fields {
        for change in &field.changes {
            let (Some(key), ChangeKind::Moved { renamed_from, .. }) =
                (change.renamed_from(), &change.kind)
            else {
                continue;
            };
            let before = change.since.value.saturating_sub(1);
            let other = fields.iter().find(|other| {
                other.ident != field.ident && other.key_in(before).as_ref() == Some(&key)
            });
            let Some(other) = other else { continue };
            // Where both say so, the second is the one to be pointed at.
            let both = other.changes.iter().any(|twin| {
                twin.since.value == change.since.value && twin.renamed_from().is_some()
            });
            let is_first = fields.iter().position(|one| one.ident == field.ident)
                < fields.iter().position(|one| one.ident == other.ident);
            if !(both && is_first) {
                errors.at(
                    renamed_from,
                    format!(
                        "in version {before}, `{key}` is the stored key of the field `{}`: \
                         a key belongs to one field at a time",
                        other.ident
                    ),
                );
            }
        }
    }
    let mut removed_keys = BTreeSet::new();
    for removed in &container.removed {
        let (key, since) = (removed.key.value(), removed.since.value);
        let before = since.saturating_sub(1);
        let claimed = fields
            .iter()
            .find(|field| field.key_in(before).as_ref() == Some(&key));
        if let Some(field) = claimed {
            errors.at(
                &removed.key,
                format!(
                    "`{key}` was the stored key of the field `{}` before version {since}, \
                     which keeps its value: leave this out, or say which version added the field",
                    field.ident
                ),
            );
        } else if !removed_keys.insert((key.clone(), since)) {
            errors.at(
                &removed.key,
                format!("version {since} removes `{key}` already; leave this one out"),
            );
        }
    }
}

/// Every version is described. Not asked after another mistake, which may be why one isn't.
pub fn gaps(container: &Container, hops: &BTreeMap<u32, HopKind>, errors: &mut Errors) {
    let Some(newest) = container.version.as_ref().filter(|_| errors.is_empty()) else {
        return;
    };
    let mut expected = 2;
    for version in hops.keys() {
        if *version != expected {
            break;
        }
        expected += 1;
    }
    if expected <= newest.value {
        errors.at(
            &newest.literal,
            format!(
                "nothing says how version {expected} is made of version {}: add `since = {expected}` \
                 to the field that changed, or `removed(\"key\", since = {expected})` or \
                 `upcast(to = {expected}, with = function)` to the struct",
                expected - 1
            ),
        );
    }
}
