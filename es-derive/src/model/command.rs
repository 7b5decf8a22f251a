use syn::{Data, DeriveInput, Member, Path, Type};

use crate::attr::command::{Container, Mark, marks};
use crate::errors::Errors;

/// A struct with `#[derive(Command)]`.
pub struct Command<'a> {
    pub input: &'a DeriveInput,
    pub crate_path: Path,
    // Each of these two is `None` only after a mistake.
    pub aggregate: Option<Type>,
    pub id: Option<Member>,
    /// The field with the id of the event that it undoes.
    pub compensates: Option<Member>,
    pub creates: bool,
}

impl<'a> Command<'a> {
    pub fn read(input: &'a DeriveInput, errors: &mut Errors) -> Self {
        super::check_generics(
            input,
            "a command has no generic parameters: one type is handled in one way; \
             derive one struct for each",
            errors,
        );
        let container = Container::read(&input.attrs, errors);
        if container.aggregate.is_none() && errors.is_empty() {
            errors.at(
                &input.ident,
                "which aggregate the command is for isn't said: add `#[command(aggregate = …)]`",
            );
        }
        let (id, compensates) = members(input, errors);
        Self {
            input,
            crate_path: super::crate_path(container.crate_path),
            aggregate: container.aggregate,
            id,
            compensates,
            creates: container.creates.is_some(),
        }
    }
}

/// The field with the aggregate's id, and that with the id of the event that is undone.
fn members(input: &DeriveInput, errors: &mut Errors) -> (Option<Member>, Option<Member>) {
    let fields = match &input.data {
        Data::Struct(data) => &data.fields,
        Data::Enum(data) => {
            errors.at(
                data.enum_token,
                "a command is a struct: derive one for each of these",
            );
            return (None, None);
        }
        Data::Union(data) => {
            errors.at(data.union_token, "a command is a struct");
            return (None, None);
        }
    };
    let (mut id, mut compensates) = (None, None);
    for (field, member) in fields.iter().zip(fields.members()) {
        for mark in marks(&field.attrs, errors) {
            let (word, slot, twice) = match mark {
                Mark::Id(word) => (
                    word,
                    &mut id,
                    "the command has an id already: mark the field with the aggregate's id alone",
                ),
                Mark::Compensates(word) => (
                    word,
                    &mut compensates,
                    "the command compensates an event already: send one command for each event that is undone",
                ),
            };
            if slot.is_some() {
                errors.at(word, twice);
            } else {
                *slot = Some(member.clone());
            }
        }
    }
    if id.is_none() && errors.is_empty() {
        errors.at(
            &input.ident,
            "which field holds the aggregate's id isn't said: mark it with `#[command(id)]`",
        );
    }
    (id, compensates)
}
