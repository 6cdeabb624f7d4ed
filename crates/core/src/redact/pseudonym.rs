//! What stands for a user or session whose id must not be kept.

use crate::hash::{ContentHasher, ContentKey};

/// What all pseudonyms begin with.
const PREFIX: &str = "redacted:";

/// The pseudonym of an id in a project: the same id has the same one, so that what belongs together stays
/// together, and nobody without the project's key finds the id by trying.
pub fn pseudonym(key: ContentKey, id: &str) -> String {
    let hash = ContentHasher::new(key).text(id).finish64().cast_unsigned();
    format!("{PREFIX}{hash:016x}")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_id_has_one_pseudonym_in_a_project_and_another_elsewhere() {
        let (ours, theirs) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let of = |key, id| pseudonym(ContentKey::new(key), id);
        assert_eq!(of(ours, "ada@example.com"), of(ours, "ada@example.com"));
        assert_ne!(of(ours, "ada@example.com"), of(ours, "bob@example.com"));
        assert_ne!(of(ours, "ada@example.com"), of(theirs, "ada@example.com"));
        assert_eq!(of(ours, "x").len(), "redacted:0123456789abcdef".len());
    }
}
