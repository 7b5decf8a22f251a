use syn::{Data, DeriveInput, Fields, LitStr, Path};

use super::history::{Field, History};
use crate::attr::event::{Container, field_changes};
use crate::attr::serde;
use crate::check;
use crate::errors::Errors;

/// A struct with `#[derive(Event)]`.
pub struct Event<'a> {
    pub input: &'a DeriveInput,
    pub crate_path: Path,
    /// `None` only after a mistake.
    pub name: Option<LitStr>,
    pub version: u32,
    pub formerly: Vec<LitStr>,
    pub history: History,
}

impl<'a> Event<'a> {
    pub fn read(input: &'a DeriveInput, errors: &mut Errors) -> Self {
        super::check_generics(
            input,
            "an event has no generic parameters: its name stands for one form of payload, \
             which it owns; derive one struct for each form",
            errors,
        );
        let container = Container::read(&input.attrs, errors);
        if container.name.is_none() && errors.is_empty() {
            errors.at(
                &input.ident,
                "the event has no stored name: add `#[event(name = \"…\")]`",
            );
        }
        check::event_names(&container, errors);
        let history = match &input.data {
            Data::Struct(data) => {
                let fields = fields(&data.fields, &input.attrs, errors);
                check::serde_obstacles(&container, &fields, &input.attrs, errors);
                History::read(&container, &fields, errors)
            }
            Data::Enum(data) => {
                errors.at(
                    data.enum_token,
                    "an event is a struct: derive one for each of these, and list them on the aggregate",
                );
                History::First
            }
            Data::Union(data) => {
                errors.at(data.union_token, "an event is a struct");
                History::First
            }
        };
        Self {
            input,
            crate_path: super::crate_path(container.crate_path),
            name: container.name,
            version: container.version.map_or(1, |version| version.value),
            formerly: container.formerly,
            history,
        }
    }
}

fn fields<'a>(
    fields: &'a Fields,
    container: &[syn::Attribute],
    errors: &mut Errors,
) -> Vec<Field<'a>> {
    let container = serde::Container::read(container);
    let mut read = Vec::new();
    for field in fields {
        let changes = field_changes(&field.attrs, errors);
        let serde = serde::Field::read(&field.attrs);
        match &field.ident {
            Some(ident) => read.push(Field {
                key: container.key(&serde, ident),
                ident,
                ty: &field.ty,
                changes,
                serde,
            }),
            None if changes.is_empty() => {}
            None => errors.at(
                field,
                "a field without a name has no stored key: give it a name, or describe the history \
                 with `upcast(…)` on the struct",
            ),
        }
    }
    read
}
