//! Taking documents out of a segment.

use super::bodies::Bodies;
use super::build::assemble;
use super::lists::Lists;
use super::merge::{Source, read_bodies, read_ranks};
use super::{Broken, DocumentSet, Segment};

/// The segment without the documents whose bodies are to go, as if it had never had them; none if it has
/// none of those.
pub fn without(
    segment: &Segment,
    mut is_to_go: impl FnMut(&[u8]) -> bool,
) -> Result<Option<Segment>, Broken> {
    let all = read_ranks(segment)?;
    let (mut ranks, mut bodies, mut documents) = (Vec::new(), Bodies::default(), 0);
    // The number that each document has from now on, if it stays.
    let mut numbers = Vec::with_capacity(all.len());
    for (rank, body) in all.iter().zip(read_bodies(segment)?) {
        if is_to_go(body) {
            numbers.push(None);
        } else {
            numbers.push(Some(documents));
            documents += 1;
            ranks.push(*rank);
            bodies.push(body);
        }
    }
    if ranks.len() == all.len() {
        return Ok(None);
    }
    let lists = renumbered(segment, &numbers, documents)?;
    Ok(Some(assemble(&ranks, bodies, lists)))
}

/// The lists of the documents that stay, by their new numbers.
fn renumbered(segment: &Segment, numbers: &[Option<u32>], documents: u32) -> Result<Lists, Broken> {
    let mut lists = Lists::default();
    let mut source = Source::new(segment, 0)?;
    let mut before = DocumentSet::none(segment.documents);
    let mut after = DocumentSet::none(documents);
    while let Some(key) = source.key() {
        source.mark(&mut before)?;
        let mut last = None;
        for number in before.iter() {
            if let Some(number) = numbers.get(number as usize).copied().flatten() {
                after.insert(number);
                last = Some(number);
            }
        }
        match (last, after.len()) {
            (None, _) => {}
            (Some(only), 1) => lists.push_one(key, only),
            (Some(_), _) => lists.push(key, &after),
        }
        before.clear();
        after.clear();
        source.advance()?;
    }
    Ok(lists)
}
