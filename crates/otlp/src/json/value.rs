//! `AnyValue` and `KeyValue` in JSON.

use std::borrow::Cow;
use std::fmt;

use runwatch_core::limits::NESTING_MAX;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::NESTED_TOO_DEEPLY;
use super::scalar::{Number, Text};
use crate::base64;
use crate::value::{Attribute, Value};

/// Values after which a nested one is parsed by itself: a level of values is up to four of JSON,
/// and the parser stops at 128 of those.
const FRESH_PARSER_EVERY: usize = 16;

/// `KeyValue`.
pub(super) struct JsonAttribute<'a>(Attribute<'a>);

impl<'a> From<JsonAttribute<'a>> for Attribute<'a> {
    fn from(attribute: JsonAttribute<'a>) -> Self {
        attribute.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for JsonAttribute<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        AttributeSeed(0).deserialize(deserializer).map(Self)
    }
}

/// Reads a `KeyValue` that lies so many values deep.
#[derive(Clone, Copy)]
struct AttributeSeed(usize);

impl<'de> DeserializeSeed<'de> for AttributeSeed {
    type Value = Attribute<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for AttributeSeed {
    type Value = Attribute<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an attribute: an object with a key and a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut attribute = Attribute::default();
        while let Some(Text(name)) = map.next_key()? {
            match name.as_ref() {
                "key" => {
                    let key = map.next_value::<Option<Text<'_>>>()?;
                    attribute.key = key.map(|key| key.0).unwrap_or_default();
                }
                "value" => attribute.value = map.next_value_seed(ValueSeed(self.0))?,
                _ => ignore(&mut map)?,
            }
        }
        Ok(attribute)
    }
}

/// Reads an `AnyValue`, or `null`, that lies so many values deep.
#[derive(Clone, Copy)]
struct ValueSeed(usize);

impl<'de> DeserializeSeed<'de> for ValueSeed {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if self.0 > NESTING_MAX {
            return Err(D::Error::custom(NESTED_TOO_DEEPLY));
        }
        if self.0 == 0 || !self.0.is_multiple_of(FRESH_PARSER_EVERY) {
            return deserializer.deserialize_any(self);
        }
        let text = <&RawValue>::deserialize(deserializer)?;
        let mut parser = serde_json::Deserializer::from_str(text.get());
        parser.deserialize_any(self).map_err(D::Error::custom)
    }
}

impl<'de> Visitor<'de> for ValueSeed {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an attribute's value: an object with one of its types")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Value::Null)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut value = Value::Null;
        while let Some(Text(name)) = map.next_key()? {
            let read = match name.as_ref() {
                "stringValue" => map
                    .next_value::<Option<Text<'_>>>()?
                    .map(|text| Value::Str(text.0)),
                "boolValue" => map.next_value::<Option<bool>>()?.map(Value::Bool),
                "intValue" => map.next_value::<Option<Number>>()?.map(int),
                "doubleValue" => map.next_value::<Option<Number>>()?.map(double),
                "bytesValue" => map
                    .next_value::<Option<Text<'_>>>()?
                    .map(bytes)
                    .transpose()?,
                "arrayValue" => {
                    let values = map.next_value_seed(Values(ValueSeed(self.0 + 1)))?;
                    Some(Value::Array(values))
                }
                "kvlistValue" => {
                    let values = map.next_value_seed(Values(AttributeSeed(self.0 + 1)))?;
                    Some(Value::Map(values))
                }
                _ => {
                    ignore(&mut map)?;
                    None
                }
            };
            value = read.unwrap_or(value);
        }
        Ok(value)
    }
}

/// The object with a list of `values` that `ArrayValue` and `KeyValueList` are.
#[derive(Clone, Copy)]
struct Values<S>(S);

impl<'de, S: DeserializeSeed<'de> + Copy> DeserializeSeed<'de> for Values<S> {
    type Value = Vec<S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, S: DeserializeSeed<'de> + Copy> Visitor<'de> for Values<S> {
    type Value = Vec<S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a list of values")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Text(name)) = map.next_key()? {
            match name.as_ref() {
                "values" => values = map.next_value_seed(List(self.0))?,
                _ => ignore(&mut map)?,
            }
        }
        Ok(values)
    }
}

/// A list, or `null` for an empty one.
#[derive(Clone, Copy)]
struct List<S>(S);

impl<'de, S: DeserializeSeed<'de> + Copy> DeserializeSeed<'de> for List<S> {
    type Value = Vec<S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, S: DeserializeSeed<'de> + Copy> Visitor<'de> for List<S> {
    type Value = Vec<S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(self.0)? {
            values.push(value);
        }
        Ok(values)
    }
}

fn ignore<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>().map(|_ignored| ())
}

/// JavaScript writes whole numbers of any size as integers.
fn int(number: Number) -> Value<'static> {
    match number {
        Number::Signed(number) => Value::Int(number),
        Number::Unsigned(number) => Value::Double(number as f64),
        Number::Float(number) => Value::Double(number),
    }
}

fn double(number: Number) -> Value<'static> {
    Value::Double(match number {
        Number::Signed(number) => number as f64,
        Number::Unsigned(number) => number as f64,
        Number::Float(number) => number,
    })
}

fn bytes<E: Error>(text: Text<'_>) -> Result<Value<'static>, E> {
    let bytes = base64::decode(&text.0);
    let bytes = bytes.ok_or_else(|| E::custom("bytes have to be Base64"))?;
    Ok(Value::Bytes(Cow::Owned(bytes)))
}
