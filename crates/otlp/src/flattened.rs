//! Lists that a sender flattened into attributes, such as `messages.0.role` and
//! `messages.0.content`, put together again.

use std::collections::{BTreeMap, HashSet};

use runwatch_core::json::push_string;
use runwatch_core::limits::{FLATTENED_LIST_MAX, NESTING_MAX};

use crate::value::Value;

/// One leaf of a flattened list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item<'s> {
    /// Rank of the list: of several lists for one field the smallest is taken.
    pub(crate) rank: u16,
    /// Path within the list; its first segment is an index.
    pub(crate) path: &'s str,
    /// Segments that only wrap what lies below them, and are left out.
    pub(crate) wrappers: &'static [&'static str],
    pub(crate) value: &'s Value<'s>,
}

enum Node<'s> {
    Leaf(&'s Value<'s>),
    List(BTreeMap<usize, Node<'s>>),
    Object(BTreeMap<&'s str, Node<'s>>),
}

/// A list that was put together.
#[derive(Debug, Default)]
pub(crate) struct List<'s> {
    /// JSON text of the list; empty if there is none.
    pub(crate) json: String,
    /// Whether anything is in it.
    pub(crate) is_used: bool,
    /// Values that found no place, since their index or path is out of bounds, their place is
    /// taken, or another list was preferred.
    pub(crate) left_out: HashSet<*const Value<'s>>,
}

/// Puts the list of a rank together. Indices that are missing are closed up.
pub(crate) fn assemble<'s>(rank: u16, items: impl Iterator<Item = Item<'s>>) -> List<'s> {
    let mut list = List::default();
    let mut root = Node::List(BTreeMap::new());
    for item in items {
        if item.rank != rank || !insert(&mut root, &item) {
            list.left_out.insert(std::ptr::from_ref(item.value));
        }
    }
    let Node::List(entries) = &root else {
        return list;
    };
    if !entries.is_empty() {
        write(&root, &mut list.json);
        list.is_used = true;
    }
    list
}

fn insert<'s>(root: &mut Node<'s>, item: &Item<'s>) -> bool {
    let mut segments = Vec::new();
    for segment in item
        .path
        .split('.')
        .filter(|segment| !item.wrappers.contains(segment))
    {
        let index = segment.parse::<usize>();
        if segments.len() == NESTING_MAX || index.is_ok_and(|index| index > FLATTENED_LIST_MAX) {
            return false;
        }
        segments.push(segment);
    }
    let Some((first, rest)) = segments.split_first() else {
        return false;
    };
    let mut node = match (root, first.parse()) {
        (Node::List(entries), Ok(index)) => entries.entry(index).or_insert_with(|| branch(rest)),
        _ => return false,
    };
    for (at, segment) in rest.iter().enumerate() {
        let below = rest.get(at + 1..).unwrap_or_default();
        node = match (node, segment.parse::<usize>()) {
            (Node::List(entries), Ok(index)) => {
                entries.entry(index).or_insert_with(|| branch(below))
            }
            (Node::Object(entries), Err(_)) => {
                entries.entry(segment).or_insert_with(|| branch(below))
            }
            _ => return false,
        };
    }
    match node {
        Node::Leaf(Value::Null) => {
            *node = Node::Leaf(item.value);
            true
        }
        _ => false,
    }
}

/// An empty node of the kind that the next segment needs.
fn branch<'s>(below: &[&str]) -> Node<'s> {
    match below.first().map(|segment| segment.parse::<usize>()) {
        None => Node::Leaf(&Value::Null),
        Some(Ok(_)) => Node::List(BTreeMap::new()),
        Some(Err(_)) => Node::Object(BTreeMap::new()),
    }
}

fn write(node: &Node<'_>, out: &mut String) {
    match node {
        Node::Leaf(value) => value.write_json(out),
        Node::List(entries) => {
            out.push('[');
            for (at, entry) in entries.values().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(entry, out);
            }
            out.push(']');
        }
        Node::Object(entries) => {
            out.push('{');
            for (at, (key, entry)) in entries.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                push_string(out, key);
                out.push(':');
                write(entry, out);
            }
            out.push('}');
        }
    }
}
