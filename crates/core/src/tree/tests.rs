use proptest::prelude::*;

use super::*;
use crate::step::{StepKind, StepStatus};
use crate::time::Timestamp;

fn steps_with_parents(parents: &[Option<u64>]) -> Vec<Step> {
    (1..)
        .zip(parents)
        .map(|(id, parent)| Step {
            parent: parent.map(StepId::from_number),
            ..Step::new(
                StepId::from_number(id),
                StepKind::Chain,
                StepStatus::Unset,
                Timestamp(0),
            )
        })
        .collect()
}

proptest! {
    /// Circles and unknown parents among them.
    #[test]
    fn the_nearest_marked_ancestor_is_the_first_that_a_walk_meets(
        parents in prop::collection::vec(prop::option::of(1_u64..30), 0..30),
        marks in any::<u32>(),
    ) {
        let tree = Tree::new(&steps_with_parents(&parents));
        let is_marked = |at: usize| marks >> at & 1 == 1;
        let nearest = tree.nearest_marked_ancestors(is_marked);
        for (at, nearest) in nearest.into_iter().enumerate() {
            prop_assert_eq!(nearest, tree.ancestors(at).find(|above| is_marked(*above)));
        }
    }

    #[test]
    fn upwards_every_step_comes_once_and_before_its_parent(
        parents in prop::collection::vec(prop::option::of(1_u64..30), 0..30),
    ) {
        let tree = Tree::new(&steps_with_parents(&parents));
        let mut seen = vec![false; parents.len()];
        for at in tree.upwards() {
            prop_assert!(!std::mem::replace(&mut seen[at], true));
            prop_assert!(tree.parent(at).is_none_or(|parent| !seen[parent]));
        }
        prop_assert!(seen.into_iter().all(|seen| seen));
    }
}
