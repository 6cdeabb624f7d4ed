//! The times of a segment's documents: the distance of each from the one before, which is small, as
//! documents are numbered about in the order in which they came.

use super::Broken;
use super::bytes::{Bytes, put};

/// The bytes of the times of all documents.
pub(super) fn write(times: &[i64]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(times.len() * 4);
    let mut last = 0;
    for time in times {
        let distance = time.wrapping_sub(last);
        // Zigzag: small numbers of either sign become small ones without.
        put((distance << 1 ^ distance >> 63).cast_unsigned(), &mut bytes);
        last = *time;
    }
    bytes
}

/// Reads the times of all documents, in microseconds, in the order of their numbers.
pub fn times(bytes: &[u8]) -> Result<Vec<i64>, Broken> {
    let mut bytes = Bytes(bytes);
    let mut times = Vec::with_capacity(bytes.0.len() / 4);
    let mut last = 0_i64;
    while !bytes.is_empty() {
        let number = bytes.number()?;
        let distance = (number >> 1).cast_signed() ^ -(number & 1).cast_signed();
        last = last.wrapping_add(distance);
        times.push(last);
    }
    Ok(times)
}
