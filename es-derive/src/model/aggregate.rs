use quote::ToTokens;
use syn::{Data, DeriveInput, Ident, LitStr, Path, Type, parse_quote};

use super::Listing;
use crate::attr::aggregate::{Container, EventLine, Line, Snapshot, lines};
use crate::errors::Errors;

/// A state with `#[derive(Aggregate)]`.
pub struct Aggregate<'a> {
    pub input: &'a DeriveInput,
    pub crate_path: Path,
    // Each of these is `None` only after a mistake.
    pub name: Option<LitStr>,
    pub id: Option<Type>,
    pub event: Option<Ident>,
    pub error: Option<Type>,
    pub derive: Vec<Path>,
    pub snapshot: Option<Snapshot>,
    /// Where it says that it takes corrections.
    pub corrections: Option<Ident>,
    pub events: Vec<EventLine>,
    pub retired: Vec<LitStr>,
}

impl<'a> Aggregate<'a> {
    pub fn read(input: &'a DeriveInput, errors: &mut Errors) -> Self {
        super::check_generics(
            input,
            "an aggregate has no generic parameters: its category stands for one kind of state; \
             derive one struct for each",
            errors,
        );
        if let Data::Union(data) = &input.data {
            errors.at(
                data.union_token,
                "an aggregate's state is a struct or an enum",
            );
        }
        let container = Container::read(&input.attrs, errors);
        container.check(&input.ident, errors);
        let (mut events, mut retired) = (Vec::new(), Vec::new());
        let clean = errors.is_empty();
        for line in lines(&input.attrs, errors) {
            match line {
                Line::Event(event) => check_twin(*event, &mut events, errors),
                Line::Retired(name) => retired.push(name),
            }
        }
        if events.is_empty() && clean && errors.is_empty() {
            errors.at(
                &input.ident,
                "the aggregate has no events: list each as `#[event(MoneyDeposited)]`",
            );
        }
        Self {
            input,
            crate_path: super::crate_path(container.crate_path),
            name: container.name,
            id: container.id,
            event: container.event,
            error: container.error,
            derive: container.derive.unwrap_or_else(|| {
                vec![
                    parse_quote!(::core::fmt::Debug),
                    parse_quote!(::core::clone::Clone),
                    parse_quote!(::core::cmp::PartialEq),
                ]
            }),
            snapshot: container.snapshot,
            corrections: container.corrections,
            events,
            retired,
        }
    }

    pub fn listing(&self) -> Listing<'_> {
        Listing {
            input: self.input,
            crate_path: &self.crate_path,
            derive: &self.derive,
            events: &self.events,
            retired: &self.retired,
        }
    }

    /// Whether a state exists only after an initial event.
    pub fn has_initial(&self) -> bool {
        self.events.iter().any(|event| event.initial)
    }
}

impl Container {
    /// All that is missing, in one message. Not asked after another mistake, which may be why.
    fn check(&self, ident: &Ident, errors: &mut Errors) {
        if !errors.is_empty() {
            return;
        }
        let options = [
            (self.name.is_none(), "name = \"…\""),
            (self.id.is_none(), "id = …"),
            (self.event.is_none(), "event = …"),
            (self.error.is_none(), "error = …"),
        ];
        let missing: Vec<&str> = options
            .iter()
            .filter_map(|(missing, option)| missing.then_some(*option))
            .collect();
        if !missing.is_empty() {
            errors.at(
                ident,
                format!(
                    "the aggregate isn't described: add `#[aggregate({})]`",
                    missing.join(", ")
                ),
            );
        }
    }
}

/// Each event stands once, and each has a name of its own in the enum.
pub fn check_twin(event: EventLine, events: &mut Vec<EventLine>, errors: &mut Errors) {
    let text = |event: &EventLine| event.ty.to_token_stream().to_string();
    if events.iter().any(|other| text(other) == text(&event)) {
        errors.at(&event.ty, "this event is listed already; leave one out");
    } else if events.iter().any(|other| other.variant == event.variant) {
        let variant = &event.variant;
        errors.at(
            variant,
            format!("two events are called `{variant}`: give one another name, like `{variant} as Other{variant}`"),
        );
    } else {
        events.push(event);
    }
}
