use runwatch_core::ids::StepId;
use runwatch_core::step::{StepKind, StepStatus};
use runwatch_core::time::Timestamp;
use runwatch_store::steps::SkeletonStep;

use super::{Line, outline};

fn steps(parents: impl IntoIterator<Item = Option<u64>>) -> Vec<SkeletonStep> {
    let step = |(number, parent): (u64, Option<u64>)| SkeletonStep {
        id: StepId::from_number(number),
        parent: parent.map(StepId::from_number),
        kind: StepKind::Other,
        status: StepStatus::Succeeded,
        flags: 0,
        started_at: Timestamp(i64::try_from(number).unwrap()),
        duration_us: Some(1),
        name: String::new(),
        input_tokens: None,
        output_tokens: None,
        cost: None,
        model: None,
        tool: None,
        error_type: None,
    };
    (1..).zip(parents).map(step).collect()
}

fn line(step: usize, parent: Option<usize>, depth: usize, children: usize) -> Line {
    Line {
        step,
        parent,
        depth,
        children,
    }
}

#[test]
fn parents_come_before_their_children_and_brothers_stay_in_order() {
    // 1 has 2 and 4; 2 has 3; 5 is an orphan.
    let steps = steps([None, Some(1), Some(2), Some(1), Some(99)]);
    let expected = [
        line(0, None, 0, 2),
        line(1, Some(0), 1, 1),
        line(2, Some(1), 2, 0),
        line(3, Some(0), 1, 0),
        line(4, None, 0, 0),
    ];
    assert_eq!(outline(&steps, 100), expected);
    assert_eq!(outline(&steps, 2), expected[..2]);
}

#[test]
fn every_step_is_there_once_whatever_the_parents_are() {
    let circles = [
        vec![Some(1)],
        vec![Some(2), Some(1)],
        vec![Some(3), Some(1), Some(2), Some(2)],
        (1..=1_000).map(|number| Some(number % 1_000 + 1)).collect(),
    ];
    for parents in circles {
        let steps = steps(parents);
        let mut shown: Vec<usize> = outline(&steps, 10_000)
            .iter()
            .map(|line| line.step)
            .collect();
        shown.sort_unstable();
        assert_eq!(shown, (0..steps.len()).collect::<Vec<_>>());
    }
}

#[test]
fn a_chain_of_fifty_thousand_steps_is_no_danger() {
    let chain = steps((0..50_000_u64).map(|number| (number > 0).then_some(number)));
    let lines = outline(&chain, 5_000);
    assert_eq!(lines.len(), 5_000);
    assert_eq!(lines[4_999], line(4_999, Some(4_998), 4_999, 1));
}
