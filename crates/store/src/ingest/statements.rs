//! The statements of a flush. Columns and parameters stand in the order of [`super::arrays`].

/// Answers the keys that were used before with another body. Sorted, as they take locks.
pub(super) const IDEMPOTENCY_KEYS: &str = "
    INSERT INTO idempotency_keys (project_id, key, body_hash, created_at)
    SELECT project_id, key, body_hash, $4
    FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS new (project_id, key, body_hash)
    ORDER BY project_id, key
    ON CONFLICT (project_id, key) DO NOTHING";

/// The bodies that keys were first used with.
pub(super) const IDEMPOTENCY_BODIES: &str = "
    SELECT project_id, key, old.body_hash
    FROM idempotency_keys old
    JOIN unnest($1::uuid[], $2::text[]) AS new (project_id, key) USING (project_id, key)";

macro_rules! run_columns {
    () => {
        "project_id, run_id, started_at, ended_at, input_tokens, output_tokens, cached_tokens,
         reasoning_tokens, cost_nano_usd, steps, failed_steps, status, is_run, provisional,
         agent, agent_type, agent_version, workflow_id, session_id, user_id, environment, release,
         models, tools, tags, failure_types, finding_kinds, findings, main_step, claims, contribution"
    };
}

macro_rules! insert_runs {
    () => {
        concat!(
            "INSERT INTO agent_runs (received_at, last_received_at, run_day, ",
            run_columns!(),
            ") SELECT $32, $32, ($32 AT TIME ZONE 'UTC')::date,
                project_id, run_id, coalesce(started_at, $32), ended_at, input_tokens, output_tokens,
                cached_tokens, reasoning_tokens, cost_nano_usd, steps, failed_steps, status, is_run,
                provisional, agent, agent_type, agent_version, workflow_id, session_id,
                user_id, environment, release, string_to_array(models, E'\\x1f'),
                string_to_array(tools, E'\\x1f'), string_to_array(tags, E'\\x1f'),
                string_to_array(failure_types, ',')::smallint[],
                string_to_array(finding_kinds, ',')::smallint[], findings, main_step, claims, contribution
            FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::bigint[],
                $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[],
                $12::smallint[], $13::boolean[], $14::boolean[], $15::text[], $16::text[],
                $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[],
                $23::text[], $24::text[], $25::text[], $26::text[], $27::text[], $28::text[],
                $29::bytea[], $30::text[], $31::bytea[]) AS new (",
            run_columns!(),
            ") ORDER BY project_id, run_id"
        )
    };
}

/// Inserts runs that are new; locks those that are not, and gives back what is stored of them.
pub(super) const CLAIM_RUNS: &str = concat!(
    insert_runs!(),
    " ON CONFLICT (project_id, run_id) DO UPDATE SET merging = true
    RETURNING project_id, run_id, run_day, merging,
        CASE WHEN merging THEN claims END, CASE WHEN merging THEN contribution END,
        CASE WHEN merging THEN steps END, CASE WHEN merging THEN started_at END,
        merging AND (stalled OR abandoned)"
);

/// Which of these runs were erased.
pub(super) const FIND_ERASED: &str = "
    SELECT wanted.project_id, wanted.run_id
    FROM unnest($1::uuid[], $2::uuid[]) AS wanted (project_id, run_id),
        LATERAL (SELECT FROM erased_runs gone WHERE gone.project_id = wanted.project_id
            AND gone.run_id = wanted.run_id LIMIT 1) found";

/// Writes what follows from all facts of runs that were locked before.
pub(super) const UPDATE_RUNS: &str = concat!(
    insert_runs!(),
    " ON CONFLICT (project_id, run_id) DO UPDATE SET
        started_at = EXCLUDED.started_at, ended_at = EXCLUDED.ended_at,
        last_received_at = EXCLUDED.last_received_at,
        input_tokens = EXCLUDED.input_tokens, output_tokens = EXCLUDED.output_tokens,
        cached_tokens = EXCLUDED.cached_tokens, reasoning_tokens = EXCLUDED.reasoning_tokens,
        cost_nano_usd = EXCLUDED.cost_nano_usd, steps = EXCLUDED.steps,
        failed_steps = EXCLUDED.failed_steps, status = EXCLUDED.status, is_run = EXCLUDED.is_run,
        provisional = EXCLUDED.provisional, agent = EXCLUDED.agent,
        agent_type = EXCLUDED.agent_type, agent_version = EXCLUDED.agent_version,
        workflow_id = EXCLUDED.workflow_id, session_id = EXCLUDED.session_id,
        user_id = EXCLUDED.user_id, environment = EXCLUDED.environment,
        release = EXCLUDED.release, models = EXCLUDED.models, tools = EXCLUDED.tools,
        tags = EXCLUDED.tags, failure_types = EXCLUDED.failure_types,
        finding_kinds = EXCLUDED.finding_kinds, findings = EXCLUDED.findings,
        main_step = EXCLUDED.main_step, claims = EXCLUDED.claims,
        contribution = EXCLUDED.contribution, recount = false, stalled = false, abandoned = $33,
        merging = false"
);

/// Unlocks a run that has too many steps to be summed up here: the worker will do it.
pub(super) const DEFER_RUN: &str = "
    UPDATE agent_runs SET recount = true, steps = steps + $3, claims = $4, last_received_at = $5,
        stalled = false, abandoned = false, merging = false
    WHERE project_id = $1 AND run_id = $2";

macro_rules! step_columns {
    () => {
        "project_id, run_id, run_day, step_id, parent_id, kind, status, flags, started_at,
         duration_us, content_hash, cost_nano_usd, reported_cost_nano_usd, price_version, args_hash,
         first_token_us, input_tokens, output_tokens, cached_tokens, cache_write_tokens,
         reasoning_tokens, total_tokens, seq, name, agent, model, provider, tool, capability,
         error_type, error_code, error_message, error_decided"
    };
}

/// Inserts steps; the locks of their runs keep others away.
pub(super) const INSERT_STEPS: &str = concat!(
    "INSERT INTO agent_steps (",
    step_columns!(),
    ", attributes) SELECT ",
    step_columns!(),
    ", attributes::jsonb
    FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::bytea[], $5::bytea[], $6::smallint[],
        $7::smallint[], $8::smallint[], $9::timestamptz[], $10::bigint[], $11::bigint[],
        $12::bigint[], $13::bigint[], $14::integer[], $15::bigint[], $16::bigint[], $17::integer[],
        $18::integer[], $19::integer[], $20::integer[], $21::integer[], $22::integer[],
        $23::integer[], $24::text[], $25::text[], $26::text[], $27::text[], $28::text[], $29::text[],
        $30::text[], $31::text[], $32::text[], $33::smallint[], $34::text[]) AS new (",
    step_columns!(),
    ", attributes)"
);

/// The steps of one run, without what only readers need.
pub(super) const READ_STEPS: &str = concat!(
    "SELECT ",
    step_columns!(),
    " FROM agent_steps WHERE project_id = $1 AND run_id = $2 AND run_day = $3"
);

/// Which of these steps of a run are there: for runs with too many to read them all. Joined, since
/// `= ANY` compares each step with each of them if the planner takes it for a filter.
pub(super) const READ_KNOWN_STEPS: &str = concat!(
    "SELECT ",
    step_columns!(),
    " FROM agent_steps JOIN unnest($4::bytea[]) AS wanted (id) ON step_id = wanted.id
    WHERE project_id = $1 AND run_id = $2 AND run_day = $3"
);

/// Deletes unfinished copies of steps whose finished ones are inserted next.
pub(super) const DELETE_STEPS: &str = "
    DELETE FROM agent_steps USING unnest($4::bytea[]) AS finished (id)
    WHERE project_id = $1 AND run_id = $2 AND run_day = $3 AND step_id = finished.id";

/// Inserts payload chunks; the same chunk again is the same row.
pub(super) const INSERT_CHUNKS: &str = "
    INSERT INTO agent_payloads (project_id, run_id, run_day, chunk_id, steps, decoded_bytes, body)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::uuid[], $5::bytea[], $6::integer[],
        $7::bytea[])
    ON CONFLICT (project_id, run_id, chunk_id, run_day) DO NOTHING";

/// The failures of one run.
pub(super) const READ_FAILURES: &str = "
    SELECT failure_id, step_id, step_name, kind, code, message, occurred_at, told, told_at,
        fingerprint, release
    FROM agent_failures WHERE project_id = $1 AND run_id = $2 AND run_day = $3";

/// Deletes the failures of one run, before those that now follow from its facts are inserted.
pub(super) const DELETE_FAILURES: &str = "
    DELETE FROM agent_failures WHERE project_id = $1 AND run_id = $2 AND run_day = $3";

/// Inserts failures.
pub(super) const INSERT_FAILURES: &str = "
    INSERT INTO agent_failures (project_id, run_id, run_day, failure_id, fingerprint, step_id,
        step_name, kind, code, message, occurred_at, told, told_at, agent, environment, release)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::uuid[], $5::uuid[], $6::bytea[],
        $7::text[], $8::smallint[], $9::text[], $10::text[], $11::timestamptz[], $12::boolean[],
        $13::timestamptz[], $14::text[], $15::text[], $16::text[])";

/// Inserts judgements that are new, and says which those are. Sorted, as it takes locks.
pub(super) const INSERT_FEEDBACK: &str = "
    INSERT INTO run_feedback (project_id, run_id, feedback_id, content_hash, created_at, number,
        value_kind, source, step_id, name, text, user_id, comment, received_at)
    SELECT *, $14 FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::timestamptz[],
        $6::float8[], $7::smallint[], $8::smallint[], $9::bytea[], $10::text[], $11::text[],
        $12::text[], $13::text[])
    ON CONFLICT (project_id, run_id, feedback_id) DO NOTHING
    RETURNING project_id, run_id, feedback_id";

/// What judgements that were there before say.
pub(super) const READ_FEEDBACK: &str = "
    SELECT project_id, run_id, feedback_id, old.content_hash
    FROM run_feedback old
    JOIN unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS new (project_id, run_id, feedback_id)
        USING (project_id, run_id, feedback_id)";

/// Appends the deltas of the rollups, one row a project.
pub(super) const INSERT_DELTAS: &str = "
    INSERT INTO usage_deltas (project_id, delta_id, body)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bytea[])";

/// Tells what changed, one row a project, in the order in which transactions begin to write.
pub(super) const INSERT_CHANGES: &str = "
    INSERT INTO run_changes (project_id, body, texts, text_bytes, recorded_at, transaction_id)
    SELECT *, $5, pg_current_xact_id()::text::bigint
    FROM unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::bigint[])";

/// Keeps refused items.
pub(super) const INSERT_QUARANTINE: &str = "
    INSERT INTO quarantine (project_id, item_id, item, code, message, body, received_at)
    SELECT *, $7 FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bytea[])";

/// The next run that has too many steps for ingest to sum up, but for some that rest.
pub(super) const FIND_RECOUNT: &str = "
    SELECT project_id, run_id, run_day, last_received_at, steps
    FROM agent_runs WHERE recount AND run_id <> ALL($1) ORDER BY last_received_at LIMIT 1";

/// Locks a run that is to be summed up.
pub(super) const LOCK_RECOUNT: &str = "
    SELECT project_id, run_id, run_day, true, claims, contribution, steps, last_received_at, abandoned,
        rw_now()
    FROM agent_runs WHERE recount AND project_id = $1 AND run_id = $2 FOR UPDATE";

/// Has a run summed up again, because more arrived meanwhile.
pub(super) const RECOUNT_AGAIN: &str = "
    UPDATE agent_runs SET recount = true WHERE project_id = $1 AND run_id = $2";

/// Closes a run that has too many steps to be summed up at once: it is, when it is summed up.
pub(super) const ABANDON_LARGE: &str = "
    UPDATE agent_runs SET abandoned = true, recount = true WHERE project_id = $1 AND run_id = $2";

/// Locks the next run of which nothing was received for so many hours.
pub(super) const LOCK_ABANDONED: &str = "
    SELECT project_id, run_id, run_day, true, claims, contribution, steps, last_received_at, true,
        rw_now()
    FROM agent_runs
    WHERE status = 0 AND NOT abandoned
        AND last_received_at < rw_now() - $1::bigint * interval '1 hour'
    ORDER BY last_received_at LIMIT 1 FOR UPDATE SKIP LOCKED";
