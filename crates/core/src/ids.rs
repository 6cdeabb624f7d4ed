//! Ids: each its own type, so that none can stand where another belongs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            /// Reads a UUID or its 32 hex digits.
            fn from_str(text: &str) -> Result<Self, BadId> {
                Uuid::try_parse(text).map(Self).map_err(|_not_a_uuid| BadId)
            }
        }
    };
}

uuid_id!(
    /// The tenant: everything belongs to exactly one.
    ProjectId
);
uuid_id!(
    /// One execution of an agent; an OpenTelemetry trace id as a UUID.
    RunId
);
uuid_id!(
    /// The public half of an API key.
    KeyId
);
uuid_id!(
    /// Somebody who signs in.
    UserId
);
uuid_id!(
    /// Where somebody is signed in.
    SignInId
);

uuid_id!(
    /// A secret of a project, which is sealed where it is stored.
    SecretId
);

/// Text that is not an id of the kind asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid id")]
pub struct BadId;

/// A step's id within its run: the 8 bytes of an OpenTelemetry span id, or the 16 of a UUID.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId {
    len: u8,
    bytes: [u8; 16],
}

impl StepId {
    /// Takes 8 or 16 bytes that are not all zero, as OpenTelemetry demands of a valid id.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadId> {
        let (8 | 16) = bytes.len() else {
            return Err(BadId);
        };
        if bytes.iter().all(|byte| *byte == 0) {
            return Err(BadId);
        }
        let mut id = [0; 16];
        id[..bytes.len()].copy_from_slice(bytes);
        Ok(Self {
            len: if bytes.len() == 8 { 8 } else { 16 },
            bytes: id,
        })
    }

    /// The id made of a number, for steps that came without one; zero becomes one.
    pub fn from_number(number: u64) -> Self {
        Self::from_bytes(&number.max(1).to_be_bytes()).expect("eight bytes that are not all zero")
    }

    /// The 8 or 16 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// Writes its text, as [`Display`](fmt::Display) does, into a buffer that any id fits into, and
    /// gives it back: for those who write very many.
    pub fn encode<'b>(&self, buffer: &'b mut [u8; 36]) -> &'b str {
        if self.len == 16 {
            return Uuid::from_bytes(self.bytes)
                .hyphenated()
                .encode_lower(buffer);
        }
        let digit = |number: u8| b"0123456789abcdef"[usize::from(number & 15)];
        for (at, byte) in self.as_bytes().iter().enumerate() {
            buffer[2 * at] = digit(byte >> 4);
            buffer[2 * at + 1] = digit(*byte);
        }
        std::str::from_utf8(&buffer[..2 * self.as_bytes().len()]).expect("hex digits are ASCII")
    }
}

impl fmt::Display for StepId {
    /// 16 hex digits, or a UUID with its dashes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.encode(&mut [0; 36]))
    }
}

impl fmt::Debug for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StepId({self})")
    }
}

impl FromStr for StepId {
    type Err = BadId;

    /// Reads 16 hex digits, 32 hex digits or a UUID.
    fn from_str(text: &str) -> Result<Self, BadId> {
        if text.len() != 16 {
            let uuid = Uuid::try_parse(text).map_err(|_not_a_uuid| BadId)?;
            return Self::from_bytes(uuid.as_bytes());
        }
        if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(BadId);
        }
        let number = u64::from_str_radix(text, 16).map_err(|_not_hex| BadId)?;
        Self::from_bytes(&number.to_be_bytes())
    }
}

impl Serialize for StepId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StepId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
