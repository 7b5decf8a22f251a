use quote::ToTokens;
use syn::{DeriveInput, Path, Type};

use crate::attr::process::{Container, Input, Named, Role, inputs, named};
use crate::errors::Errors;
use crate::symbol::{COMMAND, DEADLINE, INPUT};

/// An aggregate with `#[derive(Process)]`.
pub struct Process<'a> {
    pub input: &'a DeriveInput,
    pub crate_path: Path,
    pub restarts: bool,
    /// Whether it is told of corrections.
    pub corrections: bool,
    pub inputs: Vec<Input>,
    pub commands: Vec<Named>,
    pub deadlines: Vec<Named>,
}

impl<'a> Process<'a> {
    pub fn read(input: &'a DeriveInput, errors: &mut Errors) -> Self {
        let attrs = &input.attrs;
        let container = Container::read(attrs, errors);
        let inputs = inputs(attrs, errors);
        check_twins(inputs.iter().map(|input| &input.ty), INPUT, errors);
        let commands = named(attrs, COMMAND, errors);
        check_named(&commands, COMMAND, errors);
        let deadlines = named(attrs, DEADLINE, errors);
        check_named(&deadlines, DEADLINE, errors);
        let starts = |input: &Input| matches!(input.role, Some((Role::Starts, _)));
        if !inputs.iter().any(starts) && errors.is_empty() {
            errors.at(
                &input.ident,
                "no input starts an instance: mark one, as `#[input(OrderPlaced, starts)]`",
            );
        }
        Self {
            input,
            crate_path: super::crate_path(container.crate_path),
            restarts: container.restarts.is_some(),
            corrections: container.corrections.is_some(),
            inputs,
            commands,
            deadlines,
        }
    }
}

/// Each stands once.
fn check_twins<'t>(types: impl Iterator<Item = &'t Type>, what: &str, errors: &mut Errors) {
    let mut seen = Vec::new();
    for ty in types {
        let text = ty.to_token_stream().to_string();
        if seen.contains(&text) {
            errors.at(ty, format!("this {what} is listed already; leave one out"));
        }
        seen.push(text);
    }
}

/// Each stands once, and has a name of its own.
fn check_named(lines: &[Named], what: &str, errors: &mut Errors) {
    check_twins(lines.iter().map(|line| &line.ty), what, errors);
    for (at, line) in lines.iter().enumerate() {
        let name = line.name.value();
        if lines[..at].iter().any(|other| other.name.value() == name) {
            errors.at(
                &line.name,
                format!("another {what} has the stored name `{name}`: choose one of its own"),
            );
        }
    }
}
