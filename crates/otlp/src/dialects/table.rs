//! Which dialects read an attribute, by the first segment of its name: one lookup without
//! allocating, whatever the number of dialects.

use std::sync::LazyLock;

use super::{ReadAttribute, columns};

/// Buckets of the table; several times the number of segments, so that most hold one or none.
const BUCKETS: usize = 512;

/// The readers of one segment, with their columns, in the order of the dialects.
struct Segment {
    name: &'static str,
    readers: Vec<(u16, ReadAttribute)>,
}

static TABLE: LazyLock<[Vec<Segment>; BUCKETS]> = LazyLock::new(table);

/// Finds the dialects that read an attribute. Attributes come in the order of their names, so that
/// most begin as the one before: those are not looked up again.
#[derive(Debug, Default)]
pub(crate) struct Readers<'s> {
    segment: &'s [u8],
    found: &'static [(u16, ReadAttribute)],
}

impl<'s> Readers<'s> {
    /// The dialects that read attributes whose names begin as this one does.
    pub(super) fn of(&mut self, key: &'s str) -> &'static [(u16, ReadAttribute)] {
        let key = key.as_bytes();
        let rest = key.strip_prefix(self.segment);
        if !rest.is_some_and(|rest| rest.first().is_some_and(is_end)) {
            let end = key.iter().position(is_end);
            self.segment = key.get(..end.unwrap_or(key.len())).unwrap_or(key);
            self.found = find(self.segment);
        }
        self.found
    }
}

fn is_end(byte: &u8) -> bool {
    matches!(byte, b'.' | b':')
}

fn find(segment: &[u8]) -> &'static [(u16, ReadAttribute)] {
    let known = TABLE[bucket(segment)]
        .iter()
        .find(|known| known.name.as_bytes() == segment);
    known.map_or(&[], |known| &known.readers)
}

fn table() -> [Vec<Segment>; BUCKETS] {
    let mut table = [const { Vec::new() }; BUCKETS];
    for (column, dialect) in columns() {
        let Some(read) = dialect.attribute else {
            continue;
        };
        for name in dialect.segments {
            add(&mut table[bucket(name.as_bytes())], name, (column, read));
        }
    }
    table
}

fn add(bucket: &mut Vec<Segment>, name: &'static str, reader: (u16, ReadAttribute)) {
    match bucket.iter_mut().find(|known| known.name == name) {
        Some(known) => known.readers.push(reader),
        None => bucket.push(Segment {
            name,
            readers: vec![reader],
        }),
    }
}

/// The length with the first and the last byte tells nearly all segments apart.
fn bucket(segment: &[u8]) -> usize {
    match segment {
        [] => 0,
        [first, ..] => {
            let last = segment[segment.len() - 1];
            (segment.len() * 67 + usize::from(*first) * 31 + usize::from(last) * 7) % BUCKETS
        }
    }
}
