use proptest::prelude::*;

use super::*;

fn id() -> impl Strategy<Value = StepId> {
    prop_oneof![
        any::<u64>().prop_map(StepId::from_number),
        (1..u128::MAX).prop_map(|number| {
            StepId::from_bytes(&number.to_be_bytes()).expect("16 bytes that are not all zero")
        }),
    ]
}

prop_compose! {
    fn step()(id in id(), copy in any::<u32>(), is_in_chunk in any::<bool>()) -> ChangedStep {
        ChangedStep { id, copy, is_in_chunk }
    }
}

prop_compose! {
    fn change()(
        run in any::<u128>(),
        day in 700_000..800_000_i32,
        started_at in any::<i64>(),
        steps in proptest::collection::vec(step(), 0..20),
        chunks in proptest::collection::vec(any::<u128>(), 0..3),
        told in proptest::collection::vec(any::<u128>(), 0..3),
    ) -> RunChange {
        RunChange {
            run: RunId(Uuid::from_u128(run)),
            day: NaiveDate::from_num_days_from_ce_opt(day).expect("a day of our times"),
            started_at: Timestamp(started_at),
            steps,
            chunks: chunks.into_iter().map(Uuid::from_u128).collect(),
            told: told.into_iter().map(|id| FailureId(Uuid::from_u128(id))).collect(),
        }
    }
}

proptest! {
    #[test]
    fn changes_are_read_back_as_they_were_written(changes in proptest::collection::vec(change(), 0..5)) {
        let read: Vec<RunChange> = from_bytes(&to_bytes(&changes)).expect("it was just written");
        prop_assert_eq!(read, changes);
    }

    #[test]
    fn broken_bytes_are_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(changes) = from_bytes::<RunChange>(&bytes) {
            prop_assert!(changes.len() <= bytes.len());
        }
        prop_assert!(unpack(&bytes).is_none_or(|steps| steps.len() <= bytes.len()));
    }
}
