use proptest::prelude::*;

use super::*;

fn key() -> AuditKey {
    AuditKey::new([7; 32])
}

fn entry(seq: i64) -> Entry {
    Entry {
        project: ProjectId(Uuid::from_u128(1)),
        seq,
        at: Timestamp(1_000 + seq),
        actor: Actor::User(UserId(Uuid::from_u128(2))),
        action: "create_api_key".to_owned(),
        subject: format!("key {seq}"),
        details: r#"{"scopes":["ingest"]}"#.to_owned(),
        request_id: String::new(),
    }
}

fn log(length: i64) -> Vec<(Entry, EntryHash)> {
    let mut last = BEGINNING;
    let chained = |entry: Entry| {
        last = key().hash(&last, &entry);
        (entry, last)
    };
    (1..=length).map(entry).map(chained).collect()
}

fn verify(log: &[(Entry, EntryHash)]) -> Result<(i64, EntryHash), Broken> {
    let mut verifier = Verifier::new(key());
    for (entry, hash) in log {
        verifier.take(entry, hash)?;
    }
    Ok(verifier.head())
}

#[test]
fn a_log_as_it_was_written_is_whole() {
    let log = log(20);
    assert_eq!(verify(&log), Ok((20, log[19].1)));
    assert_eq!(verify(&[]), Ok((0, BEGINNING)));
}

#[test]
fn each_field_is_told_from_its_neighbours() {
    let mut one = entry(1);
    let mut other = one.clone();
    (one.action, one.subject) = ("ab".to_owned(), "c".to_owned());
    (other.action, other.subject) = ("a".to_owned(), "bc".to_owned());
    assert_ne!(key().hash(&BEGINNING, &one), key().hash(&BEGINNING, &other));
}

/// What somebody may do to a log who can write to the database and does not have the key.
#[derive(Clone, Copy, Debug)]
enum Manipulation {
    Edit(u8),
    Delete,
    Swap,
    Repeat,
    OtherProject,
    Rehash,
}

fn manipulation() -> impl Strategy<Value = Manipulation> {
    prop_oneof![
        (0_u8..7).prop_map(Manipulation::Edit),
        Just(Manipulation::Delete),
        Just(Manipulation::Swap),
        Just(Manipulation::Repeat),
        Just(Manipulation::OtherProject),
        Just(Manipulation::Rehash),
    ]
}

fn edit(entry: &mut Entry, field: u8) {
    match field {
        0 => entry.at.0 -= 1,
        1 => entry.actor = Actor::System,
        2 => entry.action.push('x'),
        3 => entry.subject.push('x'),
        4 => entry.details.push(' '),
        5 => entry.request_id.push('x'),
        _ => entry.seq += 100,
    }
}

proptest! {
    #[test]
    fn every_manipulation_before_the_end_is_seen(at in 0_usize..18, what in manipulation()) {
        let mut log = log(20);
        match what {
            Manipulation::Edit(field) => edit(&mut log[at].0, field),
            Manipulation::Delete => drop(log.remove(at)),
            Manipulation::Swap => log.swap(at, at + 1),
            Manipulation::Repeat => log.insert(at, log[at].clone()),
            Manipulation::OtherProject => log[at].0.project = NO_PROJECT,
            // With a key of their own, the rest of the log too.
            Manipulation::Rehash => {
                edit(&mut log[at].0, 3);
                let mut last = if at == 0 { BEGINNING } else { log[at - 1].1 };
                for (entry, hash) in &mut log[at..] {
                    last = AuditKey::new([8; 32]).hash(&last, entry);
                    *hash = last;
                }
            }
        }
        prop_assert!(verify(&log).is_err());
    }
}
