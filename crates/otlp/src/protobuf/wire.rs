//! The protobuf wire format, read in place.

/// Bytes that are not protobuf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not valid protobuf")]
pub(super) struct Garbled;

/// The value of a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

impl<'a> Field<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], Garbled> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(Garbled),
        }
    }

    pub(super) fn varint(self) -> Result<u64, Garbled> {
        match self {
            Self::Varint(number) => Ok(number),
            _ => Err(Garbled),
        }
    }

    /// A `uint32`, which keeps the lower half of what was sent.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "protobuf cuts 32-bit fields like this"
    )]
    pub(super) fn uint32(self) -> Result<u32, Garbled> {
        self.varint().map(|number| number as u32)
    }

    /// An enum or `int32`, which keeps the lower half of what was sent.
    pub(super) fn int32(self) -> Result<i32, Garbled> {
        self.uint32().map(u32::cast_signed)
    }

    pub(super) fn fixed64(self) -> Result<u64, Garbled> {
        match self {
            Self::Fixed64(number) => Ok(number),
            _ => Err(Garbled),
        }
    }

    pub(super) fn fixed32(self) -> Result<u32, Garbled> {
        match self {
            Self::Fixed32(number) => Ok(number),
            _ => Err(Garbled),
        }
    }
}

/// The fields of a message, in the order in which they were sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Field<'a>), Garbled>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field().ok_or(Garbled);
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    /// Groups, which proto3 does not have, count as garbled.
    fn field(&mut self) -> Option<(u32, Field<'a>)> {
        let tag = u32::try_from(self.varint()?).ok()?;
        let value = match tag & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Fixed64(u64::from_le_bytes(*self.take_array()?)),
            2 => {
                let len = usize::try_from(self.varint()?).ok()?;
                let (bytes, rest) = self.0.split_at_checked(len)?;
                self.0 = rest;
                Field::Bytes(bytes)
            }
            5 => Field::Fixed32(u32::from_le_bytes(*self.take_array()?)),
            _ => return None,
        };
        (tag >> 3 != 0).then_some((tag >> 3, value))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for (at, byte) in self.0.iter().enumerate().take(10) {
            let bits = u64::from(byte & 0x7f);
            if at == 9 && bits > 1 {
                return None;
            }
            number |= bits << (7 * at);
            if byte & 0x80 == 0 {
                self.0 = self.0.get(at + 1..)?;
                return Some(number);
            }
        }
        None
    }

    fn take_array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(array)
    }
}
