use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::grams::each;

/// A document as it was before it was in a segment.
#[derive(Clone, Debug)]
struct Document {
    rank: Rank,
    body: Vec<u8>,
    /// Numbers that grams are made of.
    grams: BTreeSet<u16>,
}

/// A gram for a number, of those with letters and of those that are hashed.
fn gram(number: u16) -> Gram {
    let char = char::from_u32(0x4E00 + u32::from(number)).unwrap();
    let text = match number % 2 {
        0 => format!("{number:03}"),
        _ => char.to_string(),
    };
    let mut grams = Vec::new();
    each(&text, |gram, _| grams.push(gram));
    *grams.last().unwrap()
}

fn rank(at: i64, tie: u32) -> Rank {
    Rank { at, tie }
}

fn build(documents: &[Document]) -> Segment {
    let mut builder = Builder::new();
    for document in documents {
        let grams: Vec<Gram> = document.grams.iter().copied().map(gram).collect();
        builder.push(document.rank, &document.body, &grams);
    }
    builder.finish()
}

fn block(segment: &Segment, number: i32) -> Option<&[u8]> {
    let found = segment.blocks.iter().find(|(block, _)| *block == number);
    found.map(|(_, bytes)| bytes.as_slice())
}

fn look_up(segment: &Segment, gram: Gram) -> Vec<u32> {
    let shape = segment.shape().unwrap();
    match block(segment, shape.block_of(gram)) {
        Some(block) => postings(block, shape, gram).unwrap().iter().collect(),
        None => Vec::new(),
    }
}

/// The segment says of each document and of each of these grams what it was told.
fn assert_has(segment: &Segment, documents: &[Document], grams: impl Iterator<Item = u16>) {
    let shape = segment.shape().unwrap();
    assert_eq!(shape.documents() as usize, documents.len());
    let expected: Vec<Rank> = documents.iter().map(|document| document.rank).collect();
    assert_eq!(ranks(&segment.ranks).unwrap(), expected);
    let at: Vec<i64> = expected.iter().map(|rank| rank.at).collect();
    assert_eq!(segment.first_at, at.iter().copied().min().unwrap_or(0));
    assert_eq!(segment.last_at, at.iter().copied().max().unwrap_or(0));
    for (number, expected) in (0..).zip(documents) {
        let block = block(segment, shape.block_of_document(number)).unwrap();
        assert_eq!(document(block, number).unwrap(), expected.body);
    }
    for number in grams {
        let having = (0..).zip(documents);
        let having = having.filter(|(_, document)| document.grams.contains(&number));
        let expected: Vec<u32> = having.map(|(number, _)| number).collect();
        assert_eq!(look_up(segment, gram(number)), expected, "gram {number}");
    }
}

/// Documents of which gram `n` is in about one of `n + 1`, and the last gram in nearly all.
fn many(count: u16) -> Vec<Document> {
    (0..count)
        .map(|number| Document {
            rank: rank(i64::from(number) * 1_000, u32::from(number)),
            body: number.to_le_bytes().to_vec(),
            grams: (0..900)
                .filter(|gram| number % (gram + 1) == gram / 2)
                .chain((number % 97 != 1).then_some(900))
                .collect(),
        })
        .collect()
}

#[test]
fn lists_of_all_densities_are_read_as_they_were_written() {
    let documents = many(4_000);
    let segment = build(&documents);
    assert!(segment.bits > 0);
    assert_has(&segment, &documents, 0..902);
    assert!(segment.blocks.is_sorted_by_key(|(number, _)| *number));
}

#[test]
fn segments_merge_to_what_would_have_been_built_of_all() {
    let documents = many(1_000);
    for length in [1_000, 500, 333, 129, 64] {
        let parts: Vec<Segment> = documents.chunks(length).map(build).collect();
        assert_eq!(merge(&parts).unwrap(), build(&documents));
    }
}

#[test]
fn without_some_documents_it_is_as_if_it_had_been_built_of_the_others() {
    let all = many(1_000);
    let segment = build(&all);
    for stays in [
        |number: u16| !number.is_multiple_of(3),
        |number: u16| number >= 999,
        |number: u16| number != 500,
        |_: u16| false,
    ] {
        let is_to_go = |body: &[u8]| !stays(u16::from_le_bytes(body.try_into().unwrap()));
        let left = without(&segment, is_to_go).unwrap().unwrap();
        let others = all.iter().zip(0..).filter(|(_, number)| stays(*number));
        let others: Vec<Document> = others.map(|(document, _)| document.clone()).collect();
        assert_eq!(left, build(&others));
        assert_has(&left, &others, 0..902);
    }
    assert_eq!(without(&segment, |_| false).unwrap(), None);
}

#[test]
fn nothing_merges_to_nothing() {
    assert_eq!(merge(&[]).unwrap(), Segment::default());
    assert_eq!(Builder::new().finish(), Segment::default());
    assert_has(&Segment::default(), &[], 0..9);
}

#[test]
fn a_segment_has_a_most_of_documents() {
    let half = || {
        let mut builder = Builder::new();
        (0..=DOCUMENTS_MAX / 2).for_each(|_| builder.push(rank(0, 0), &[], &[]));
        builder.finish()
    };
    assert!(merge(&[half()]).is_ok());
    assert!(merge(&[half(), half()]).is_err());
    assert!(Shape::new(DOCUMENTS_MAX + 1, 0).is_err());
    assert!(Shape::new(1, BLOCK_BITS_MAX + 1).is_err());
}

#[test]
fn blocks_are_about_equally_full() {
    let letters = || (b'a'..=b'z').map(char::from);
    let mut builder = Builder::new();
    let mut grams = Vec::new();
    for (a, b, c) in
        letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| (a, b, c))))
    {
        each(&format!("{a}{b}{c}"), |gram, _| grams.push(gram));
    }
    (0..20).for_each(|at| builder.push(rank(at, 7), &[], &grams));
    let segment = builder.finish();
    let lengths: Vec<usize> = segment
        .blocks
        .iter()
        .filter(|(n, _)| *n >= 0)
        .map(|(_, bytes)| bytes.len())
        .collect();
    let mean = lengths.iter().sum::<usize>() / lengths.len();
    assert!((4_000..16_000).contains(&mean), "{mean}");
    assert!(
        lengths
            .iter()
            .all(|length| (mean / 2..mean * 2).contains(length)),
        "{lengths:?}"
    );
}

#[test]
fn sets_are_narrowed_down() {
    let segment = build(&many(1_000));
    let shape = segment.shape().unwrap();
    let mut set = DocumentSet::all(1_000);
    assert_eq!(set.len(), 1_000);
    for number in [2, 4] {
        let gram = gram(number);
        let block = block(&segment, shape.block_of(gram)).unwrap();
        set.intersect(&postings(block, shape, gram).unwrap());
    }
    let both: Vec<u32> = (0..1_000).filter(|n| n % 3 == 1 && n % 5 == 2).collect();
    assert_eq!(set.iter().collect::<Vec<_>>(), both);
    assert!(!set.is_empty());
    set.intersect(&DocumentSet::none(0));
    assert!(set.is_empty());
    assert_eq!(DocumentSet::all(0).iter().count(), 0);
}

fn documents() -> impl Strategy<Value = Vec<Document>> {
    let one = (
        (any::<i64>(), any::<u32>()).prop_map(|(at, tie)| rank(at, tie)),
        prop::collection::vec(any::<u8>(), 0..50),
        prop::collection::btree_set(0_u16..60, 0..40),
    )
        .prop_map(|(rank, body, grams)| Document { rank, body, grams });
    prop::collection::vec(one, 0..150)
}

proptest! {
    #[test]
    fn what_was_pushed_is_found(documents in documents()) {
        assert_has(&build(&documents), &documents, 0..61);
    }

    #[test]
    fn merging_is_building_of_all(documents in documents(), mut cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let mut cuts: Vec<usize> = cuts.drain(..).map(|cut| cut.index(documents.len() + 1)).collect();
        cuts.extend([0, documents.len()]);
        cuts.sort_unstable();
        let parts: Vec<Segment> = cuts.windows(2).map(|cut| build(&documents[cut[0]..cut[1]])).collect();
        let merged = merge(&parts).unwrap();
        assert_has(&merged, &documents, 0..61);
        prop_assert_eq!(merged, build(&documents));
    }

    #[test]
    fn broken_bytes_are_an_error_or_another_answer(documents in documents(), at: prop::sample::Index, byte: prop::sample::Index, value in any::<u8>(), cut in any::<bool>()) {
        let mut segment = build(&documents);
        prop_assume!(!segment.blocks.is_empty());
        let at = at.index(segment.blocks.len());
        let bytes = &mut segment.blocks[at].1;
        let byte = byte.index(bytes.len());
        if cut { bytes.truncate(byte) } else { bytes[byte] = value }
        read_all(&segment);
    }

    #[test]
    fn any_bytes_are_an_error_or_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200), number in -3_i32..9, segment_documents in 0_u32..300, bits in 0_u8..4) {
        let mut versioned = vec![1];
        versioned.extend(&bytes);
        for bytes in [bytes, versioned] {
            if let Ok(ranks) = ranks(&bytes) {
                prop_assert!(ranks.len() <= bytes.len());
            }
            read_all(&Segment { documents: segment_documents, bits, blocks: vec![(number, bytes)], ..Segment::default() });
        }
    }
}

/// Reads what can be read, whatever it is.
fn read_all(segment: &Segment) {
    let shape = segment.shape().unwrap();
    for (_, block) in &segment.blocks {
        for number in 0..60 {
            if let Ok(set) = postings(block, shape, gram(number)) {
                assert!(set.iter().all(|document| document < shape.documents()));
            }
        }
        for number in 0..130 {
            if let Ok(body) = document(block, number) {
                assert!(body.len() < block.len());
            }
        }
    }
    if let Ok(merged) = merge(&[segment.clone(), segment.clone()]) {
        assert_eq!(merged.documents, 2 * segment.documents);
    }
}
