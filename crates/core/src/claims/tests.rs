use proptest::prelude::*;

use super::*;

fn any_claims() -> impl Strategy<Value = Claims> {
    let field = prop::sample::select(vec![Field::AgentName, Field::SessionId, Field::UserId]);
    let claim = (field, 1_u8..4, 0_i64..4, "[a-c]{0,2}");
    let attribute = ("[a-z]{1,2}", 0_u8..3, 0_i64..3, "[0-9]");
    (
        prop::collection::vec(claim, 0..6),
        prop::collection::vec(attribute, 0..300),
        prop::collection::vec("[a-z]{1,3}", 0..150),
    )
        .prop_map(|(claims, attributes, tags)| {
            let mut all = Claims::default();
            for (field, rank, at, value) in claims {
                all.claim(field, rank, at, value);
            }
            for (key, rank, at, json) in attributes {
                all.claim_attribute(&key, rank, at, json);
            }
            tags.iter().for_each(|tag| all.tag(tag));
            // What arrives goes through a merge, which bounds it.
            let mut bounded = Claims::default();
            bounded.merge(all);
            bounded
        })
}

fn merged(mut one: Claims, other: Claims) -> Claims {
    one.merge(other);
    one
}

proptest! {
    #[test]
    fn merging_is_associative_commutative_and_idempotent(a in any_claims(), b in any_claims(), c in any_claims()) {
        prop_assert_eq!(merged(a.clone(), b.clone()), merged(b.clone(), a.clone()));
        prop_assert_eq!(
            merged(merged(a.clone(), b.clone()), c.clone()),
            merged(a.clone(), merged(b, c))
        );
        prop_assert_eq!(merged(a.clone(), a.clone()), a);
    }
}

#[test]
fn what_was_told_outranks_what_spans_say() {
    let mut claims = Claims::default();
    claims.claim(Field::UserId, 1, 0, "from a span");
    claims.claim(Field::UserId, TOLD, 9, "told");
    assert_eq!(claims.get(Field::UserId), Some("told"));
}

#[test]
fn telling_another_value_is_a_contradiction_and_claiming_one_is_not() {
    let saying = |rank, value: &str| {
        let mut claims = Claims::default();
        claims.claim(Field::UserId, rank, 0, value);
        claims
    };
    let contradicts = |one: &Claims, other| one.contradiction(&other).map(|found| found.0);
    assert_eq!(
        contradicts(&saying(TOLD, "a"), saying(TOLD, "b")),
        Some("user".to_owned())
    );
    assert_eq!(contradicts(&saying(TOLD, "a"), saying(TOLD, "a")), None);
    assert_eq!(contradicts(&saying(TOLD, "a"), saying(1, "b")), None);
}

#[test]
fn claims_survive_their_json() {
    let mut claims = Claims::default();
    claims.claim(Field::AgentName, 2, 7, "agent \"x\"");
    claims.claim_attribute("k", TOLD, 0, "{\"a\":1}");
    claims.tag("t");
    claims.set_run();
    let json = serde_json::to_string(&claims).unwrap();
    assert_eq!(serde_json::from_str::<Claims>(&json).unwrap(), claims);
}
