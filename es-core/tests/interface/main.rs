//! What public types can do, whatever they are for.

mod bounds;
mod values;
