//! Texts, numbers and ids, in all the forms in which they arrive.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use crate::span::WireId;
use crate::value::whole;

/// Reads `null` as what would be there if nothing was.
pub(super) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A string, borrowed where it has no escapes.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// A number that was sent as a number or as text.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Signed(i64),
    /// Above the range of `i64`.
    Unsigned(u64),
    /// With a fraction, or outside the range of both.
    Float(f64),
}

impl Default for Number {
    fn default() -> Self {
        Self::Signed(0)
    }
}

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        whole(number).map_or(Self::Float(number), Self::Signed)
    }
}

/// Counts that are no `uint32` are those of a sender that does not count.
impl From<Number> for u32 {
    fn from(number: Number) -> Self {
        match number {
            Number::Signed(number) => Self::try_from(number).unwrap_or(0),
            Number::Unsigned(_) | Number::Float(_) => 0,
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, as such or as text")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Number, E> {
        Ok(Number::Signed(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Number, E> {
        Ok(i64::try_from(number).map_or(Number::Unsigned(number), Number::Signed))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Number, E> {
        Ok(number.into())
    }

    /// The words for numbers that JSON lacks are Rust's too.
    fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
        if text.is_empty() {
            return Ok(Number::default());
        }
        let signed = text.parse().map(Number::Signed).ok();
        let unsigned = || text.parse().map(Number::Unsigned).ok();
        let float = || text.parse::<f64>().map(Number::from).ok();
        let number = signed.or_else(unsigned).or_else(float);
        number.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

/// A moment in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct UnixNano(pub(super) u64);

impl<'de> Deserialize<'de> for UnixNano {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Number::deserialize(deserializer)? {
            Number::Signed(nano) if nano >= 0 => Ok(Self(nano.cast_unsigned())),
            Number::Unsigned(nano) => Ok(Self(nano)),
            Number::Signed(_) | Number::Float(_) => Err(D::Error::custom(
                "a time has to be whole nanoseconds since 1970",
            )),
        }
    }
}

/// An enum, which has to be a number.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Enum(pub(super) i32);

/// An id in hex.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HexId(pub(super) WireId);

impl<'de> Deserialize<'de> for HexId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(text) = Text::deserialize(deserializer)?;
        let id = WireId::from_hex(&text);
        id.map(Self)
            .ok_or_else(|| D::Error::custom("an id has to be hex digits"))
    }
}
