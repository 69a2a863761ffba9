//! Structured results to plain Python objects (dict, list, str, int, float, bool, None), non-finite floats included.
//!
//! JSON has no infinity and no NaN, and a confidence set may well have an infinite end, so results do not pass through
//! JSON text on their way out. Options do on their way in: [`from_json`] names the unknown field and lists the known ones.

use crate::error::{Error, Result, input};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use serde::de::DeserializeOwned;
use serde::ser::{self, Serialize};

/// Reads options written by the Python layer.
pub(super) fn from_json<T: DeserializeOwned>(what: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| input(format!("{what} not understood")).got(error).into())
}

/// Writes any serialisable result as Python objects; structs become dicts, sequences lists, unit variants strings.
pub(super) fn to_python<T: Serialize + ?Sized>(py: Python<'_>, value: &T) -> PyResult<Py<PyAny>> {
    value.serialize(Writer { py }).map_err(|Failure(error)| error)
}

#[derive(Clone, Copy)]
struct Writer<'py> {
    py: Python<'py>,
}

#[derive(Debug)]
struct Failure(PyErr);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Failure {}

impl ser::Error for Failure {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self(Error::Internal { what: message.to_string() }.into())
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self(error)
    }
}

type Written = std::result::Result<Py<PyAny>, Failure>;

/// A sequence being written; `variant` wraps it as `{variant: [...]}` at the end.
struct Sequence<'py> {
    writer: Writer<'py>,
    items: Vec<Py<PyAny>>,
    variant: Option<&'static str>,
}

/// A mapping being written; `variant` wraps it as `{variant: {...}}` at the end.
struct Mapping<'py> {
    writer: Writer<'py>,
    dict: Bound<'py, PyDict>,
    key: Option<Py<PyAny>>,
    variant: Option<&'static str>,
}

impl<'py> Writer<'py> {
    fn object(self, value: impl IntoPyObjectExt<'py>) -> Written {
        Ok(value.into_py_any(self.py)?)
    }

    fn sequence(self, length: Option<usize>, variant: Option<&'static str>) -> Sequence<'py> {
        Sequence { writer: self, items: Vec::with_capacity(length.unwrap_or(0)), variant }
    }

    fn mapping(self, variant: Option<&'static str>) -> Mapping<'py> {
        Mapping { writer: self, dict: PyDict::new(self.py), key: None, variant }
    }

    fn tagged(self, variant: Option<&'static str>, content: Py<PyAny>) -> Written {
        let Some(name) = variant else { return Ok(content) };
        let dict = PyDict::new(self.py);
        dict.set_item(name, content)?;
        self.object(dict)
    }
}

impl Sequence<'_> {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> std::result::Result<(), Failure> {
        self.items.push(value.serialize(self.writer)?);
        Ok(())
    }

    fn finish(self) -> Written {
        let list = PyList::new(self.writer.py, self.items)?;
        self.writer.tagged(self.variant, list.into_py_any(self.writer.py)?)
    }
}

impl Mapping<'_> {
    fn insert<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> std::result::Result<(), Failure> {
        self.dict.set_item(key, value.serialize(self.writer)?)?;
        Ok(())
    }

    fn finish(self) -> Written {
        let Self { writer, dict, variant, .. } = self;
        writer.tagged(variant, dict.into_py_any(writer.py)?)
    }
}

macro_rules! write_scalars {
    ($($method:ident: $type:ty),* $(,)?) => {
        $(fn $method(self, value: $type) -> Written { self.object(value) })*
    };
}

impl<'py> ser::Serializer for Writer<'py> {
    type Ok = Py<PyAny>;
    type Error = Failure;
    type SerializeSeq = Sequence<'py>;
    type SerializeTuple = Sequence<'py>;
    type SerializeTupleStruct = Sequence<'py>;
    type SerializeTupleVariant = Sequence<'py>;
    type SerializeMap = Mapping<'py>;
    type SerializeStruct = Mapping<'py>;
    type SerializeStructVariant = Mapping<'py>;

    write_scalars! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_f32: f32, serialize_f64: f64, serialize_char: char, serialize_str: &str, serialize_bytes: &[u8],
    }

    fn serialize_none(self) -> Written {
        Ok(self.py.None())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Written {
        Ok(self.py.None())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Written {
        Ok(self.py.None())
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Written {
        self.object(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _name: &'static str, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Written {
        let content = value.serialize(self)?;
        self.tagged(Some(variant), content)
    }

    fn serialize_seq(self, length: Option<usize>) -> std::result::Result<Sequence<'py>, Failure> {
        Ok(self.sequence(length, None))
    }

    fn serialize_tuple(self, length: usize) -> std::result::Result<Sequence<'py>, Failure> {
        Ok(self.sequence(Some(length), None))
    }

    fn serialize_tuple_struct(self, _name: &'static str, length: usize) -> std::result::Result<Sequence<'py>, Failure> {
        Ok(self.sequence(Some(length), None))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        length: usize,
    ) -> std::result::Result<Sequence<'py>, Failure> {
        Ok(self.sequence(Some(length), Some(variant)))
    }

    fn serialize_map(self, _length: Option<usize>) -> std::result::Result<Mapping<'py>, Failure> {
        Ok(self.mapping(None))
    }

    fn serialize_struct(self, _name: &'static str, _length: usize) -> std::result::Result<Mapping<'py>, Failure> {
        Ok(self.mapping(None))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> std::result::Result<Mapping<'py>, Failure> {
        Ok(self.mapping(Some(variant)))
    }
}

macro_rules! write_sequences {
    ($($trait:ident :: $method:ident),* $(,)?) => {
        $(impl ser::$trait for Sequence<'_> {
            type Ok = Py<PyAny>;
            type Error = Failure;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> std::result::Result<(), Failure> {
                self.push(value)
            }
            fn end(self) -> Written {
                self.finish()
            }
        })*
    };
}

write_sequences! {
    SerializeSeq::serialize_element, SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field, SerializeTupleVariant::serialize_field,
}

macro_rules! write_structs {
    ($($trait:ident),* $(,)?) => {
        $(impl ser::$trait for Mapping<'_> {
            type Ok = Py<PyAny>;
            type Error = Failure;
            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> std::result::Result<(), Failure> {
                self.insert(key, value)
            }
            fn end(self) -> Written {
                self.finish()
            }
        })*
    };
}

write_structs! { SerializeStruct, SerializeStructVariant }

impl ser::SerializeMap for Mapping<'_> {
    type Ok = Py<PyAny>;
    type Error = Failure;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> std::result::Result<(), Failure> {
        self.key = Some(key.serialize(self.writer)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> std::result::Result<(), Failure> {
        let key = self.key.take().unwrap_or_else(|| self.writer.py.None());
        self.dict.set_item(key, value.serialize(self.writer)?)?;
        Ok(())
    }

    fn end(self) -> Written {
        self.finish()
    }
}
