//! Numbers of variable length, and the form that all blocks have: a version, the length of the head,
//! the head, and the rest.

use super::Broken;

/// The only version of blocks so far.
const VERSION: u8 = 1;

/// Appends a number, seven bits a byte, the lowest first.
#[inline]
pub(super) fn put(mut number: u64, into: &mut Vec<u8>) {
    while number >= 0x80 {
        into.push(u8::try_from(number & 0x7F).expect("seven bits") | 0x80);
        number >>= 7;
    }
    into.push(u8::try_from(number).expect("seven bits"));
}

/// Reads bytes from the front.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Takes a number.
    #[inline]
    pub(super) fn number(&mut self) -> Result<u64, Broken> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(Broken("a number is cut off"))?;
            self.0 = rest;
            number |= u64::from(byte & 0x7F) << shift;
            if *byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Broken("a number is too long"))
    }

    /// Takes a number of 32 bits.
    #[inline]
    pub(super) fn small(&mut self) -> Result<u32, Broken> {
        let number = u32::try_from(self.number()?).ok();
        number.ok_or(Broken("a number is too large"))
    }

    /// Takes as many bytes as are wanted.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let taken = self.0.split_first_chunk();
        let (taken, rest) = taken.ok_or(Broken("a number is cut off"))?;
        self.0 = rest;
        Ok(*taken)
    }

    /// Takes so many bytes.
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(Broken("a block is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }
}

/// A block with this head and rest.
pub(super) fn block(head: &[u8], rest: &[u8]) -> Vec<u8> {
    let mut block = Vec::with_capacity(head.len() + rest.len() + 5);
    block.push(VERSION);
    put(head.len() as u64, &mut block);
    block.extend_from_slice(head);
    block.extend_from_slice(rest);
    block
}

/// The head and the rest of a block.
pub(super) fn parts(block: &[u8]) -> Result<(Bytes<'_>, Bytes<'_>), Broken> {
    let mut block = Bytes(block);
    if block.take(1)? != [VERSION] {
        return Err(Broken("a block is of another version"));
    }
    let length = block.small()?;
    let head = block.take(length as usize)?;
    Ok((Bytes(head), block))
}
