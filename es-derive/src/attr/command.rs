//! `#[command(…)]` on a command's struct, on the field with the id and on that with what it compensates.

use syn::parse::ParseStream;
use syn::{Attribute, Ident, Path, Type};

use super::{crate_path, each_item, set, value, word};
use crate::errors::Errors;
use crate::nearest::unknown;
use crate::symbol::{AGGREGATE, COMMAND, COMPENSATES, CRATE, CREATES, ID};

/// What stands on the struct.
#[derive(Default)]
pub struct Container {
    pub aggregate: Option<Type>,
    /// `creates`
    pub creates: Option<Ident>,
    pub crate_path: Option<Path>,
}

impl Container {
    pub fn read(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut container = Self::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident(COMMAND)) {
            each_item(attr, errors, |input, _| container.item(input));
        }
        container
    }

    fn item(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let word = word(input)?;
        match word.to_string().as_str() {
            AGGREGATE => {
                let ty = value(input, &word, "aggregate = Account")?;
                set(&mut self.aggregate, &word, ty)
            }
            CREATES => set(&mut self.creates, &word.clone(), word),
            CRATE => {
                let path = crate_path(input, &word)?;
                set(&mut self.crate_path, &word, path)
            }
            ID => Err(syn::Error::new_spanned(
                &word,
                "`id` belongs on the field with the aggregate's id: `#[command(id)]`",
            )),
            COMPENSATES => Err(syn::Error::new_spanned(
                &word,
                "`compensates` belongs on the field with the id of the event that is undone: `#[command(compensates)]`",
            )),
            _ => Err(unknown(&word, &[AGGREGATE, CREATES, CRATE])),
        }
    }
}

/// What stands on a field: `id` or `compensates`
pub enum Mark {
    Id(Ident),
    Compensates(Ident),
}

/// The marks of a field.
pub fn marks(attrs: &[Attribute], errors: &mut Errors) -> Vec<Mark> {
    let mut marks = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident(COMMAND)) {
        each_item(attr, errors, |input, _| {
            let word = word(input)?;
            marks.push(match word.to_string().as_str() {
                ID => Mark::Id(word),
                COMPENSATES => Mark::Compensates(word),
                _ => return Err(unknown(&word, &[ID, COMPENSATES])),
            });
            Ok(())
        });
    }
    marks
}
