//! Payload chunks: the large parts of one request's steps of one run, compressed together.
//!
//! Agents send the whole conversation with every model call, so the parts of one run compress many
//! times better together than alone (docs/decisions has the figures). A chunk is compressed before
//! the transaction that stores it begins, and is stored under a hash of its content, so that the
//! same chunk sent again is the same row. It lists its steps with a part of their content hash:
//! parts of a copy that was replaced since are told apart by it and are not shown.
//!
//! Layout of the column `steps`: for each step its id's length (8 or 16), the id, and the low 32
//! bits of its content hash, little-endian. Layout of `body`: a zstd frame of one version byte and
//! the list of entries in postcard's format.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::io::Read;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use runwatch_core::hash::{ContentHasher, ContentKey};
use runwatch_core::ids::StepId;
use runwatch_core::limits::DECODED_BYTES_MAX;
use runwatch_core::payload::{Encoding, Owner, Part};
use runwatch_core::run::RunPart;

use crate::error::{Result, StoreError};

#[cfg(test)]
mod tests;

/// Version of the layout of `body`.
const VERSION: u8 = 1;
/// zstd's level: 9 would gain a tenth of the bytes for many times the work.
const LEVEL: i32 = 1;

thread_local! {
    /// A compressor is a megabyte of tables, worth keeping.
    static COMPRESSOR: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
}

/// A compressed chunk as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Keyed hash of its content.
    pub id: Uuid,
    /// Its steps, packed.
    pub steps: Vec<u8>,
    /// Its entries, compressed.
    pub body: Vec<u8>,
    /// Bytes of the entries before compression.
    pub decoded_bytes: usize,
}

/// One part of the run (no owners) or of some of the chunk's steps.
#[derive(Debug, Serialize, Deserialize)]
struct Entry<'a> {
    part: u8,
    encoding: u8,
    /// Positions in the chunk's list of steps.
    owners: Vec<u32>,
    body: &'a str,
}

/// A part of a payload as it is read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPart {
    /// Which part.
    pub part: Part,
    /// How to read the body.
    pub encoding: Encoding,
    /// The body.
    pub body: String,
}

/// A step as a chunk lists it: its id and the low half of the content hash of the copy.
pub type ListedStep = (StepId, u32);

/// The half of a content hash that chunks keep.
pub fn short_hash(content_hash: i64) -> u32 {
    let [a, b, c, d, ..] = content_hash.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// Compresses the payloads that one request brings for one run; none if there are none.
pub fn chunk(key: ContentKey, run: &RunPart) -> Option<Chunk> {
    if run.payloads.is_empty() {
        return None;
    }
    let steps: Vec<ListedStep> = run
        .steps
        .iter()
        .map(|step| (step.id, short_hash(step.content_hash)))
        .collect();
    let positions: HashMap<StepId, u32> = steps
        .iter()
        .zip(0..)
        .map(|((id, _), position)| (*id, position))
        .collect();
    let entry = |payload: &'_ runwatch_core::payload::Payload| Entry {
        part: payload.part as u8,
        encoding: payload.encoding as u8,
        owners: match &payload.owner {
            Owner::Run => Vec::new(),
            Owner::Steps(owners) => owners
                .iter()
                .filter_map(|id| positions.get(id).copied())
                .collect(),
        },
        body: "",
    };
    let entries = run.payloads.iter().map(|payload| Entry {
        body: &payload.body,
        ..entry(payload)
    });
    Some(Chunk::new(key, &steps, &entries.collect::<Vec<_>>()))
}

impl Chunk {
    fn new(key: ContentKey, steps: &[ListedStep], entries: &[Entry<'_>]) -> Self {
        let mut content = vec![VERSION];
        content = postcard::to_extend(entries, content).expect("plain data always encodes");
        let steps = pack(steps);
        let id = ContentHasher::new(key)
            .bytes(&steps)
            .bytes(&content)
            .finish128();
        Self {
            id,
            steps,
            body: compress(&content),
            decoded_bytes: content.len(),
        }
    }

    /// The chunk without the parts of some steps, and some of the run as a whole, because they
    /// are stored already or were refused; none if nothing is left.
    pub fn without(
        &self,
        key: ContentKey,
        dropped: &HashSet<StepId>,
        of_run: &[Part],
    ) -> Result<Option<Self>> {
        let listed = unpack(&self.steps)?;
        let mut kept = Vec::new();
        let mut moved: Vec<Option<u32>> = Vec::with_capacity(listed.len());
        for step in &listed {
            let stays = !dropped.contains(&step.0);
            moved.push(stays.then(|| u32::try_from(kept.len()).unwrap_or(u32::MAX)));
            kept.extend(stays.then_some(*step));
        }
        let content = decompress(&self.body)?;
        let mut entries = parse(&content)?;
        entries.retain_mut(|entry| {
            let is_of_run = entry.owners.is_empty();
            let stays = |at: &u32| moved.get(*at as usize).copied().flatten();
            entry.owners = entry.owners.iter().filter_map(stays).collect();
            if is_of_run {
                of_run.iter().all(|part| *part as u8 != entry.part)
            } else {
                !entry.owners.is_empty()
            }
        });
        Ok((!entries.is_empty()).then(|| Self::new(key, &kept, &entries)))
    }
}

/// The steps that a stored chunk lists.
pub fn listed_steps(steps: &[u8]) -> Result<Vec<ListedStep>> {
    unpack(steps)
}

/// The parts of one copy of a step, in a stored chunk.
pub fn parts_of_step(steps: &[u8], body: &[u8], step: ListedStep) -> Result<Vec<StoredPart>> {
    let Some(position) = unpack(steps)?.iter().position(|listed| *listed == step) else {
        return Ok(Vec::new());
    };
    parts(body, |owners| {
        owners.iter().any(|owner| *owner as usize == position)
    })
}

/// The inputs and outputs of some of the steps of a stored chunk; a part that several of them share
/// is there once.
pub fn inputs_and_outputs(
    steps: &[u8],
    body: &[u8],
    is_wanted: impl Fn(&ListedStep) -> bool,
) -> Result<Vec<(Vec<ListedStep>, StoredPart)>> {
    let listed = unpack(steps)?;
    let content = decompress(body)?;
    let mut found = Vec::new();
    for entry in parse(&content)? {
        let part = Part::from_code(entry.part);
        let Some(part @ (Part::Input | Part::Output)) = part else {
            continue;
        };
        let owner = |at: &u32| listed.get(*at as usize).filter(|step| is_wanted(step));
        let owners: Vec<ListedStep> = entry.owners.iter().filter_map(owner).copied().collect();
        let Some(encoding) = Encoding::from_code(entry.encoding).filter(|_| !owners.is_empty())
        else {
            continue;
        };
        let body = entry.body.to_owned();
        let stored = StoredPart {
            part,
            encoding,
            body,
        };
        found.push((owners, stored));
    }
    Ok(found)
}

/// A stored chunk whose texts can be read where they are.
pub struct OpenChunk {
    /// The steps that it lists.
    pub steps: Vec<ListedStep>,
    content: Vec<u8>,
}

/// What went in or came out, or an error, as it lies in a chunk.
pub struct ChunkText<'a> {
    /// Which of these it is.
    pub part: Part,
    /// How to read the body.
    pub encoding: Encoding,
    /// Whose it is, by positions in the list of steps; empty for the run as a whole.
    pub owners: Vec<u32>,
    /// The body.
    pub body: &'a str,
}

impl OpenChunk {
    /// Opens it.
    pub fn open(steps: &[u8], body: &[u8]) -> Result<Self> {
        Ok(Self {
            steps: unpack(steps)?,
            content: decompress(body)?,
        })
    }

    /// Its inputs, outputs and errors.
    pub fn texts(&self) -> Result<impl Iterator<Item = ChunkText<'_>>> {
        Ok(parse(&self.content)?.into_iter().filter_map(chunk_text))
    }
}

fn chunk_text(entry: Entry<'_>) -> Option<ChunkText<'_>> {
    let part = Part::from_code(entry.part);
    let is_text = |part: &Part| matches!(part, Part::Input | Part::Output | Part::Error);
    Some(ChunkText {
        part: part.filter(is_text)?,
        encoding: Encoding::from_code(entry.encoding)?,
        owners: entry.owners,
        body: entry.body,
    })
}

/// The parts of the run as a whole, in a stored chunk.
pub fn parts_of_run(body: &[u8]) -> Result<Vec<StoredPart>> {
    parts(body, <[u32]>::is_empty)
}

fn parts(body: &[u8], wanted: impl Fn(&[u32]) -> bool) -> Result<Vec<StoredPart>> {
    let content = decompress(body)?;
    let entries = parse(&content)?;
    let known = |entry: &Entry<'_>| {
        let (part, encoding) = (
            Part::from_code(entry.part)?,
            Encoding::from_code(entry.encoding)?,
        );
        Some(StoredPart {
            part,
            encoding,
            body: entry.body.to_owned(),
        })
    };
    Ok(entries
        .iter()
        .filter(|entry| wanted(&entry.owners))
        .filter_map(known)
        .collect())
}

fn parse(content: &[u8]) -> Result<Vec<Entry<'_>>> {
    match content.split_first() {
        Some((&VERSION, entries)) => postcard::from_bytes(entries)
            .map_err(|error| StoreError::Unreadable(format!("a payload chunk: {error}"))),
        _ => Err(StoreError::Unreadable(
            "a payload chunk of another version".to_owned(),
        )),
    }
}

/// Listed steps as bytes.
pub(crate) fn pack(steps: &[ListedStep]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(steps.len() * 13);
    for (id, hash) in steps {
        packed.push(if id.as_bytes().len() == 8 { 8 } else { 16 });
        packed.extend_from_slice(id.as_bytes());
        packed.extend_from_slice(&hash.to_le_bytes());
    }
    packed
}

/// Reads what [`pack`] wrote.
pub(crate) fn unpack(mut packed: &[u8]) -> Result<Vec<ListedStep>> {
    let broken = || StoreError::Unreadable("a payload chunk's list of steps".to_owned());
    let mut steps = Vec::new();
    while let Some((len, rest)) = packed.split_first() {
        let (id, rest) = rest
            .split_at_checked(usize::from(*len))
            .ok_or_else(broken)?;
        let (hash, rest) = rest.split_first_chunk().ok_or_else(broken)?;
        let id = StepId::from_bytes(id).map_err(|_bad_id| broken())?;
        steps.push((id, u32::from_le_bytes(*hash)));
        packed = rest;
    }
    Ok(steps)
}

fn compress(content: &[u8]) -> Vec<u8> {
    COMPRESSOR.with_borrow_mut(|kept| {
        let compressor = kept.get_or_insert_with(|| {
            zstd::bulk::Compressor::new(LEVEL).expect("the level is one that zstd has")
        });
        compressor
            .compress(content)
            .expect("the output buffer is as large as zstd asks")
    })
}

fn decompress(body: &[u8]) -> Result<Vec<u8>> {
    let broken = |error| StoreError::Unreadable(format!("a payload chunk: {error}"));
    let limit = DECODED_BYTES_MAX as u64 + (1 << 20);
    let mut content = Vec::new();
    zstd::stream::read::Decoder::with_buffer(body)
        .and_then(|decoder| decoder.take(limit).read_to_end(&mut content))
        .map_err(broken)?;
    Ok(content)
}
