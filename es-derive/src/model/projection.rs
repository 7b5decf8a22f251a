use syn::{Data, DeriveInput, Ident, LitStr, Path, parse_quote};

use super::Listing;
use super::aggregate::check_twin;
use crate::attr::Number;
use crate::attr::aggregate::EventLine;
use crate::attr::projection::{Container, lines};
use crate::errors::Errors;

/// A read model, or what fills one, with `#[derive(Projection)]`.
pub struct Projection<'a> {
    pub input: &'a DeriveInput,
    pub crate_path: Path,
    // Each of these two is `None` only after a mistake.
    pub name: Option<LitStr>,
    pub version: Option<Number>,
    /// The enum to be made; without it, the events are folded into the projection itself.
    pub event: Option<Ident>,
    pub derive: Vec<Path>,
    /// Where it says that it is what is kept of one stream.
    pub by_stream: Option<Ident>,
    /// Where it says that it follows corrections.
    pub corrections: Option<Ident>,
    pub events: Vec<EventLine>,
}

impl<'a> Projection<'a> {
    pub fn read(input: &'a DeriveInput, errors: &mut Errors) -> Self {
        super::check_generics(
            input,
            "a projection has no generic parameters: its name stands for one read model; \
             derive one struct for each",
            errors,
        );
        if let Data::Union(data) = &input.data {
            errors.at(data.union_token, "a projection is a struct or an enum");
        }
        let container = Container::read(&input.attrs, errors);
        container.check(&input.ident, errors);
        let mut events = Vec::new();
        let clean = errors.is_empty();
        for line in lines(&input.attrs, errors) {
            check_twin(line, &mut events, errors);
        }
        if events.is_empty() && clean && errors.is_empty() {
            errors.at(
                &input.ident,
                "the projection has no events: list each as `#[event(MoneyDeposited)]`, of whichever aggregates",
            );
        }
        let derive = container.derive.map_or_else(
            || {
                vec![
                    parse_quote!(::core::fmt::Debug),
                    parse_quote!(::core::clone::Clone),
                    parse_quote!(::core::cmp::PartialEq),
                ]
            },
            |derive| derive.paths,
        );
        Self {
            input,
            crate_path: super::crate_path(container.crate_path),
            name: container.name,
            version: container.version,
            event: container.event,
            derive,
            by_stream: container.by_stream,
            corrections: container.corrections,
            events,
        }
    }

    pub fn listing(&self) -> Listing<'_> {
        Listing {
            input: self.input,
            crate_path: &self.crate_path,
            derive: &self.derive,
            events: &self.events,
            retired: &[],
        }
    }
}

impl Container {
    /// All that is missing, in one message. Not asked after another mistake, which may be why.
    fn check(&self, ident: &Ident, errors: &mut Errors) {
        if let (Some(derive), None) = (&self.derive, &self.event) {
            errors.at(
                &derive.word,
                "`derive` is for the enum that `event = …` names: name one, or leave this out",
            );
        }
        if let (Some(by_stream), Some(_)) = (&self.by_stream, &self.event) {
            errors.at(
                by_stream,
                "`by_stream` is for a projection that is folded: leave `event = …` out, or this",
            );
        }
        if !errors.is_empty() {
            return;
        }
        let options = [
            (self.name.is_none(), "name = \"…\""),
            (self.version.is_none(), "version = 1"),
        ];
        let missing: Vec<&str> = options
            .iter()
            .filter_map(|(missing, option)| missing.then_some(*option))
            .collect();
        if !missing.is_empty() {
            errors.at(
                ident,
                format!(
                    "the projection isn't described: add `#[projection({})]`",
                    missing.join(", ")
                ),
            );
        }
    }
}
