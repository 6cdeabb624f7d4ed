//! A query string as something that serde can read.

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer, StringDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

/// What is wrong with which parameter.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) name: String,
    pub(super) what: String,
}

impl Wrong {
    fn new(what: impl Into<String>) -> Self {
        Self {
            name: String::new(),
            what: what.into(),
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.what)
    }
}

impl std::error::Error for Wrong {}

impl Error for Wrong {
    fn custom<T: fmt::Display>(what: T) -> Self {
        Self::new(what.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        Self::new(format!("It must be {expected}."))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("It must be one of: {}.", expected.join(", ")))
    }

    fn unknown_field(name: &str, _: &'static [&'static str]) -> Self {
        Self {
            name: name.to_owned(),
            what: "There is no parameter of this name.".to_owned(),
        }
    }

    fn missing_field(name: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            what: "It has to be given.".to_owned(),
        }
    }
}

/// The parameters in the order in which their names first came.
pub(super) struct Pairs {
    pairs: std::vec::IntoIter<(String, Values)>,
    /// What the name that was given out last stands for.
    current: Option<(String, Values)>,
}

/// All that was given for one name.
#[derive(Default)]
struct Values {
    plain: Vec<String>,
    /// What was given for `name.key`.
    keyed: Vec<(String, String)>,
}

impl Pairs {
    pub(super) fn parse(query: &str) -> Self {
        let mut pairs: Vec<(String, Values)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let (name, key) = match name.split_once('.') {
                Some((name, key)) => (name, Some(key)),
                None => (name.as_ref(), None),
            };
            let at = pairs
                .iter()
                .position(|(known, _)| known == name)
                .unwrap_or_else(|| {
                    pairs.push((name.to_owned(), Values::default()));
                    pairs.len() - 1
                });
            let values = &mut pairs[at].1;
            match key {
                Some(key) => values.keyed.push((key.to_owned(), value.into_owned())),
                None => values.plain.push(value.into_owned()),
            }
        }
        Self {
            pairs: pairs.into_iter(),
            current: None,
        }
    }
}

impl<'de> Deserializer<'de> for Pairs {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_map(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> MapAccess<'de> for Pairs {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Wrong> {
        self.current = self.pairs.next();
        let Some((name, _)) = &self.current else {
            return Ok(None);
        };
        let name: StrDeserializer<'_, Wrong> = name.as_str().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Wrong> {
        let (name, values) = self.current.take().ok_or_else(|| Wrong::new("no name"))?;
        seed.deserialize(values)
            .map_err(|wrong| Wrong { name, ..wrong })
    }
}

impl Values {
    /// The only value.
    fn one(self) -> Result<Text, Wrong> {
        let given_once = self.keyed.is_empty() && self.plain.len() == 1;
        let value = self.plain.into_iter().next().filter(|_| given_once);
        value
            .map(Text)
            .ok_or_else(|| Wrong::new("It must be given once."))
    }
}

macro_rules! of_one_value {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            self.one()?.$method(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Values {
    type Error = Wrong;

    of_one_value! {
        deserialize_any deserialize_bool deserialize_i64 deserialize_u32 deserialize_u64
        deserialize_f64
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.one()?.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        if !self.keyed.is_empty() {
            return Err(Wrong::new("It takes no key."));
        }
        visitor.visit_seq(SeqDeserializer::new(self.plain.into_iter().map(Text)))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        if !self.plain.is_empty() {
            return Err(Wrong::new(
                "It needs a key, as in `attribute.channel=chat`.",
            ));
        }
        visitor.visit_map(MapDeserializer::new(self.keyed.into_iter()))
    }

    forward_to_deserialize_any! {
        i8 i16 i32 u8 u16 f32 char str string bytes byte_buf unit unit_struct tuple tuple_struct
        struct identifier ignored_any
    }
}

/// One value.
struct Text(String);

impl IntoDeserializer<'_, Wrong> for Text {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident $what:literal,)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            let parsed = self.0.parse().map_err(|_not_parsed| Wrong::new($what))?;
            visitor.$visit(parsed)
        })*
    };
}

impl<'de> Deserializer<'de> for Text {
    type Error = Wrong;

    parsed! {
        deserialize_bool visit_bool "It must be true or false.",
        deserialize_i64 visit_i64 "It must be a whole number.",
        deserialize_u32 visit_u32 "It must be a whole number that is not negative.",
        deserialize_u64 visit_u64 "It must be a whole number that is not negative.",
        deserialize_f64 visit_f64 "It must be a number.",
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_string(self.0)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let name: StringDeserializer<Wrong> = self.0.into_deserializer();
        visitor.visit_enum(name)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 u8 u16 f32 char str string bytes byte_buf option unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}
