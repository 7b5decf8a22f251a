//! A serializer that refuses what JSON would silently lose.
//!
//! `serde_json` writes NaN and infinities as `null` and nests as deep as the value does; both would be found out only
//! by the reader, years later. This wrapper forwards everything to `serde_json` and refuses those two.

use serde::ser::{self, Error as _, Serialize, Serializer};

use crate::Json;

/// A value that can't be stored as JSON: a float that isn't finite, nesting over 127 levels, a map whose keys aren't
/// strings, or what the type's own `Serialize` refuses.
#[derive(Debug, thiserror::Error)]
#[error("the value can't be stored as JSON")]
pub struct EncodeError(#[source] serde_json::Error);

/// The value as JSON text.
pub(crate) fn to_string<T: Serialize + ?Sized>(value: &T) -> Result<String, EncodeError> {
    // Most events are below this size; a larger one grows the buffer.
    let mut buffer = Vec::with_capacity(192);
    let mut serializer = serde_json::Serializer::new(&mut buffer);
    Strict { value, depth: 0 }
        .serialize(&mut serializer)
        .map_err(EncodeError)?;
    String::from_utf8(buffer).map_err(|_| EncodeError(serde_json::Error::custom("not UTF-8")))
}

/// A value or serializer, with how many arrays and objects it stands in.
struct Strict<T> {
    value: T,
    depth: usize,
}

impl<T: Serialize + ?Sized> Serialize for Strict<&T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Strict {
            value: serializer,
            depth: self.depth,
        })
    }
}

impl<S: Serializer> Strict<S> {
    /// One level deeper, wrapping whatever `open` makes of the inner serializer; `levels` as JSON counts them.
    fn nested<C>(
        self,
        levels: usize,
        open: impl FnOnce(S) -> Result<C, S::Error>,
    ) -> Result<Strict<C>, S::Error> {
        let depth = self.depth + levels;
        if depth > Json::MAX_DEPTH {
            return Err(S::Error::custom("nested deeper than 127 levels"));
        }
        Ok(Strict {
            value: open(self.value)?,
            depth,
        })
    }

    fn finite<V>(
        self,
        finite: bool,
        value: V,
        write: fn(S, V) -> Result<S::Ok, S::Error>,
    ) -> Result<S::Ok, S::Error> {
        if finite {
            write(self.value, value)
        } else {
            Err(S::Error::custom(
                "a float is not finite, and JSON has no NaN and no infinity",
            ))
        }
    }
}

macro_rules! forward {
    ($($method:ident($($name:ident: $ty:ty),*);)*) => {
        $(fn $method(self, $($name: $ty),*) -> Result<S::Ok, S::Error> {
            self.value.$method($($name),*)
        })*
    };
}

impl<S: Serializer> Serializer for Strict<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Strict<S::SerializeSeq>;
    type SerializeTuple = Strict<S::SerializeTuple>;
    type SerializeTupleStruct = Strict<S::SerializeTupleStruct>;
    type SerializeTupleVariant = Strict<S::SerializeTupleVariant>;
    type SerializeMap = Strict<S::SerializeMap>;
    type SerializeStruct = Strict<S::SerializeStruct>;
    type SerializeStructVariant = Strict<S::SerializeStructVariant>;

    forward! {
        serialize_bool(v: bool);
        serialize_i8(v: i8);
        serialize_i16(v: i16);
        serialize_i32(v: i32);
        serialize_i64(v: i64);
        serialize_i128(v: i128);
        serialize_u8(v: u8);
        serialize_u16(v: u16);
        serialize_u32(v: u32);
        serialize_u64(v: u64);
        serialize_u128(v: u128);
        serialize_char(v: char);
        serialize_str(v: &str);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(name: &'static str);
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str);
    }

    fn serialize_f32(self, v: f32) -> Result<S::Ok, S::Error> {
        self.finite(v.is_finite(), v, S::serialize_f32)
    }

    fn serialize_f64(self, v: f64) -> Result<S::Ok, S::Error> {
        self.finite(v.is_finite(), v, S::serialize_f64)
    }

    fn serialize_bytes(self, v: &[u8]) -> Result<S::Ok, S::Error> {
        self.nested(1, Ok)?.value.serialize_bytes(v)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.value.serialize_some(&Strict {
            value,
            depth: self.depth,
        })
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.value.serialize_newtype_struct(
            name,
            &Strict {
                value,
                depth: self.depth,
            },
        )
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let Strict {
            value: serializer,
            depth,
        } = self.nested(1, Ok)?;
        serializer.serialize_newtype_variant(name, index, variant, &Strict { value, depth })
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        self.nested(1, |serializer| serializer.serialize_seq(len))
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        self.nested(1, |serializer| serializer.serialize_tuple(len))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        self.nested(1, |serializer| serializer.serialize_tuple_struct(name, len))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        self.nested(2, |serializer| {
            serializer.serialize_tuple_variant(name, index, variant, len)
        })
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        self.nested(1, |serializer| serializer.serialize_map(len))
    }

    fn serialize_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStruct, S::Error> {
        self.nested(1, |serializer| serializer.serialize_struct(name, len))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        self.nested(2, |serializer| {
            serializer.serialize_struct_variant(name, index, variant, len)
        })
    }

    fn collect_str<T: std::fmt::Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.value.collect_str(value)
    }
}

macro_rules! forward_elements {
    ($($compound:ident::$element:ident;)*) => {
        $(impl<C: ser::$compound> ser::$compound for Strict<C> {
            type Ok = C::Ok;
            type Error = C::Error;

            fn $element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
                self.value.$element(&Strict { value, depth: self.depth })
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.value.end()
            }
        })*
    };
}

forward_elements! {
    SerializeSeq::serialize_element;
    SerializeTuple::serialize_element;
    SerializeTupleStruct::serialize_field;
    SerializeTupleVariant::serialize_field;
}

macro_rules! forward_fields {
    ($($compound:ident;)*) => {
        $(impl<C: ser::$compound> ser::$compound for Strict<C> {
            type Ok = C::Ok;
            type Error = C::Error;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), C::Error> {
                self.value.serialize_field(key, &Strict { value, depth: self.depth })
            }

            fn skip_field(&mut self, key: &'static str) -> Result<(), C::Error> {
                self.value.skip_field(key)
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.value.end()
            }
        })*
    };
}

forward_fields! {
    SerializeStruct;
    SerializeStructVariant;
}

impl<C: ser::SerializeMap> ser::SerializeMap for Strict<C> {
    type Ok = C::Ok;
    type Error = C::Error;

    // A key is a string in the end, and `serde_json` refuses a float key that isn't finite by itself.
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), C::Error> {
        self.value.serialize_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        self.value.serialize_value(&Strict {
            value,
            depth: self.depth,
        })
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        self.value.end()
    }
}
