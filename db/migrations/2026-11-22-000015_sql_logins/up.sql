-- Analysts who sign in to the database themselves. Each is a role of its own in the group runwatch_sql, bound to one
-- project by its name: nothing that somebody can set decides what they see. They read the views of the schema
-- "analytics" with their own rights: policies of the tables beneath let them see their project alone, columns that
-- are internal are not granted, and the schema of the tables is closed to them.
CREATE TABLE sql_logins (
    created_at timestamptz NOT NULL,
    -- By the server's own clock, which decides about passwords too.
    expires_at timestamptz NOT NULL,
    connections integer NOT NULL,
    -- How long a statement may take.
    statement_seconds integer NOT NULL,
    project_id uuid NOT NULL REFERENCES projects,
    -- Unique on the whole server, as roles are.
    role text NOT NULL,
    PRIMARY KEY (project_id, role)
);
ALTER TABLE sql_logins ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON sql_logins TO runwatch_owner USING (true);
CREATE POLICY analyst ON sql_logins FOR SELECT TO runwatch_sql USING (role = current_user::text AND expires_at > now());
GRANT SELECT (project_id, role) ON sql_logins TO runwatch_sql;
GRANT USAGE ON SCHEMA analytics TO runwatch_sql;

-- Without an argument of the row, so that it is asked once a statement, and compared by an operator that is
-- leakproof: whatever else somebody asks comes after it, and indexes serve it.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['agent_runs', 'agent_steps', 'agent_failures', 'run_feedback', 'usage_minute', 'usage_hour', 'failure_groups'] LOOP
        EXECUTE format('CREATE POLICY analyst ON %I FOR SELECT TO runwatch_sql USING (project_id = (
            SELECT l.project_id FROM sql_logins l WHERE l.role = current_user::text))', name);
    END LOOP;
END
$$;
GRANT SELECT (started_at, ended_at, received_at, last_received_at, input_tokens, output_tokens, cached_tokens,
    reasoning_tokens, cost_nano_usd, steps, failed_steps, run_day, status, is_run, provisional, stalled, run_id, agent,
    agent_type, agent_version, workflow_id, session_id, user_id, environment, release, models, tools, tags, failure_types,
    finding_kinds) ON agent_runs TO runwatch_sql;
GRANT SELECT (started_at, duration_us, cost_nano_usd, reported_cost_nano_usd, first_token_us, run_day, input_tokens,
    output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, total_tokens, seq, kind, status, error_decided,
    run_id, step_id, parent_id, name, agent, model, provider, tool, capability, error_type, error_code, error_message,
    attributes) ON agent_steps TO runwatch_sql;
GRANT SELECT (occurred_at, run_day, kind, told, run_id, failure_id, fingerprint, step_id, step_name, agent, environment,
    release, code, message) ON agent_failures TO runwatch_sql;
GRANT SELECT (failures, first_seen_at, last_seen_at, kind, fingerprint, first_run_id, first_release, agent, step_name,
    title) ON failure_groups TO runwatch_sql;
GRANT SELECT (created_at, received_at, number, value_kind, source, run_id, feedback_id, step_id, name, text, user_id,
    comment) ON run_feedback TO runwatch_sql;
GRANT SELECT (bucket, items, errors, input_tokens, output_tokens, cached_tokens, reasoning_tokens, cost_nano_usd,
    duration_us, p50_us, p95_us, p99_us, kind, status, agent, model, tool, environment) ON usage_minute, usage_hour
    TO runwatch_sql;

-- The names of what is kept as numbers, as the API has them (the enums of crates/core; a test compares).
CREATE FUNCTION analytics.run_status(code smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE code WHEN 1 THEN 'succeeded' WHEN 2 THEN 'failed' WHEN 3 THEN 'cancelled' WHEN 4 THEN 'timed_out'
        WHEN 5 THEN 'abandoned' ELSE 'running' END;
CREATE FUNCTION analytics.step_status(code smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE code WHEN 0 THEN 'running' WHEN 3 THEN 'failed' WHEN 4 THEN 'cancelled' ELSE 'succeeded' END;
CREATE FUNCTION analytics.step_kind(code smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE code WHEN 1 THEN 'agent' WHEN 2 THEN 'llm' WHEN 3 THEN 'tool' WHEN 4 THEN 'retrieval'
        WHEN 5 THEN 'embedding' WHEN 6 THEN 'reranker' WHEN 7 THEN 'guardrail' WHEN 8 THEN 'evaluator'
        WHEN 9 THEN 'chain' WHEN 10 THEN 'http' WHEN 11 THEN 'db' ELSE 'other' END;
CREATE FUNCTION analytics.failure_type(code smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE code WHEN 1 THEN 'rate_limit' WHEN 2 THEN 'timeout' WHEN 3 THEN 'tool_error' WHEN 4 THEN 'invalid_output'
        WHEN 5 THEN 'context_overflow' WHEN 6 THEN 'refusal' WHEN 7 THEN 'auth' WHEN 8 THEN 'budget' WHEN 9 THEN 'loop'
        WHEN 10 THEN 'dependency' WHEN 11 THEN 'cancelled' ELSE 'unknown' END;
CREATE FUNCTION analytics.finding_kind(code smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE code WHEN 1 THEN 'repeated_tool_call' WHEN 2 THEN 'retry_storm' WHEN 3 THEN 'growing_context'
        WHEN 4 THEN 'runaway_cost' ELSE 'other' END;
CREATE FUNCTION analytics.feedback_source(code smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE code WHEN 1 THEN 'user' WHEN 2 THEN 'evaluator' ELSE 'api' END;
-- 16 hex digits, or a UUID with its dashes.
CREATE FUNCTION analytics.step_id(id bytea) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE length(id) WHEN 16 THEN encode(id, 'hex')::uuid::text ELSE encode(id, 'hex') END;
CREATE FUNCTION analytics.usd(nano_usd bigint) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN nano_usd * 0.000000001;
CREATE FUNCTION analytics.ms(us bigint) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN us / 1000.0::double precision;

CREATE VIEW analytics.runs WITH (security_invoker = true) AS
    SELECT run_id, analytics.run_status(status) AS status, started_at, ended_at,
        extract(epoch FROM ended_at - started_at)::double precision * 1000 AS duration_ms,
        agent AS agent_id, agent_type, agent_version, workflow_id, session_id, user_id, environment, release, tags, models,
        tools,
        ARRAY(SELECT analytics.failure_type(code) FROM unnest(failure_types) code) AS failure_types,
        ARRAY(SELECT analytics.finding_kind(code) FROM unnest(finding_kinds) code) AS finding_kinds,
        steps, failed_steps, input_tokens, output_tokens, cached_tokens AS cached_input_tokens, reasoning_tokens,
        analytics.usd(cost_nano_usd) AS cost_usd, provisional, stalled, received_at, last_received_at, run_day
    FROM agent_runs WHERE is_run;
COMMENT ON VIEW analytics.runs IS 'Runs of agents, one row each. started_at and run_id are indexed; join the rows of a run on run_id and run_day.';
COMMENT ON COLUMN analytics.runs.status IS 'running, succeeded, failed, cancelled, timed_out, or abandoned: nothing was received for a day';
COMMENT ON COLUMN analytics.runs.duration_ms IS 'From start to end, in milliseconds; none while it runs';
COMMENT ON COLUMN analytics.runs.cost_usd IS 'US dollars; none if no price is known';
COMMENT ON COLUMN analytics.runs.cached_input_tokens IS 'Part of input_tokens';
COMMENT ON COLUMN analytics.runs.reasoning_tokens IS 'Part of output_tokens';
COMMENT ON COLUMN analytics.runs.provisional IS 'Only its steps were received so far, and not what is at its root';
COMMENT ON COLUMN analytics.runs.stalled IS 'Nothing was received for ten minutes while it runs';
COMMENT ON COLUMN analytics.runs.received_at IS 'When the first of it was received';
COMMENT ON COLUMN analytics.runs.run_day IS 'The day (UTC) on which it was first received, by which steps and failures are partitioned';

CREATE VIEW analytics.steps WITH (security_invoker = true) AS
    SELECT run_id, analytics.step_id(step_id) AS step_id, analytics.step_id(parent_id) AS parent_id,
        analytics.step_kind(kind) AS kind, name, analytics.step_status(status) AS status, started_at,
        analytics.ms(duration_us) AS duration_ms, analytics.ms(first_token_us) AS first_token_ms, agent AS agent_id, model,
        provider, tool, capability, seq, input_tokens, output_tokens, cached_tokens AS cached_input_tokens,
        cache_write_tokens AS cache_write_input_tokens, reasoning_tokens, total_tokens,
        analytics.usd(coalesce(reported_cost_nano_usd, cost_nano_usd)) AS cost_usd,
        analytics.usd(cost_nano_usd) AS computed_cost_usd, analytics.usd(reported_cost_nano_usd) AS reported_cost_usd,
        CASE WHEN error_decided IS NOT NULL THEN analytics.failure_type(error_decided) END AS failure_type,
        error_type, error_code, error_message, attributes, run_day
    FROM agent_steps;
COMMENT ON VIEW analytics.steps IS 'What runs did: model calls, tool calls and the like, one row each. Name the run_id, or some days of run_day: only their partitions are read then.';
COMMENT ON COLUMN analytics.steps.kind IS 'agent, llm, tool, retrieval, embedding, reranker, guardrail, evaluator, chain, http, db or other';
COMMENT ON COLUMN analytics.steps.status IS 'running, succeeded, failed or cancelled';
COMMENT ON COLUMN analytics.steps.duration_ms IS 'Milliseconds; none while it runs';
COMMENT ON COLUMN analytics.steps.first_token_ms IS 'Milliseconds from its start to the first token of an answer';
COMMENT ON COLUMN analytics.steps.seq IS 'Its index within the pattern of a workflow';
COMMENT ON COLUMN analytics.steps.cost_usd IS 'US dollars: as reported, else as computed';
COMMENT ON COLUMN analytics.steps.computed_cost_usd IS 'US dollars, by the price table';
COMMENT ON COLUMN analytics.steps.reported_cost_usd IS 'US dollars, as the sender said';
COMMENT ON COLUMN analytics.steps.failure_type IS 'The type as the rules decide it; error_type is as the sender named it';
COMMENT ON COLUMN analytics.steps.attributes IS 'Short attributes that people filter on; inputs and outputs are not here';

CREATE VIEW analytics.failures WITH (security_invoker = true) AS
    SELECT failure_id, run_id, analytics.step_id(step_id) AS step_id, step_name, analytics.failure_type(kind) AS type, code,
        message, occurred_at, told, fingerprint AS group_id, agent AS agent_id, environment, release, run_day
    FROM agent_failures;
COMMENT ON VIEW analytics.failures IS 'What went wrong in runs, one row each. occurred_at and group_id are indexed.';
COMMENT ON COLUMN analytics.failures.told IS 'Whether the sender told of it by itself; else a failed step stands for it';
COMMENT ON COLUMN analytics.failures.group_id IS 'Failures with the same one are the same failure: failure_groups';

CREATE VIEW analytics.failure_groups WITH (security_invoker = true) AS
    SELECT fingerprint AS group_id, analytics.failure_type(kind) AS type, title, agent AS agent_id, step_name, failures,
        first_seen_at, last_seen_at, first_run_id, first_release
    FROM failure_groups;
COMMENT ON VIEW analytics.failure_groups IS 'Failures that are the same one, added up; up to a second behind.';
COMMENT ON COLUMN analytics.failure_groups.title IS 'The message with its variable parts removed';
COMMENT ON COLUMN analytics.failure_groups.failures IS 'How many there were';

CREATE VIEW analytics.feedback WITH (security_invoker = true) AS
    SELECT feedback_id, run_id, analytics.step_id(step_id) AS step_id, name,
        CASE value_kind WHEN 1 THEN 'number' WHEN 2 THEN 'boolean' ELSE 'text' END AS value_type, number, text,
        analytics.feedback_source(source) AS source, user_id, comment, created_at, received_at
    FROM run_feedback;
COMMENT ON VIEW analytics.feedback IS 'What users and evaluators think of runs and steps, one row a judgement. created_at and name are indexed.';
COMMENT ON COLUMN analytics.feedback.number IS 'The value if it is a number; 1 or 0 for yes or no';
COMMENT ON COLUMN analytics.feedback.text IS 'The value if it is a text';

CREATE VIEW analytics.usage_by_minute WITH (security_invoker = true) AS
    SELECT bucket, CASE WHEN kind = 0 THEN 'run' ELSE analytics.step_kind(kind) END AS kind,
        CASE WHEN kind = 0 THEN analytics.run_status(status) ELSE analytics.step_status(status) END AS status,
        agent AS agent_id, model, tool, environment, items AS count, errors AS failed, input_tokens, output_tokens,
        cached_tokens AS cached_input_tokens, reasoning_tokens, analytics.usd(cost_nano_usd) AS cost_usd,
        analytics.ms(duration_us) AS duration_ms, analytics.ms(p50_us) AS p50_ms, analytics.ms(p95_us) AS p95_ms,
        analytics.ms(p99_us) AS p99_ms
    FROM usage_minute;
COMMENT ON VIEW analytics.usage_by_minute IS 'Runs and steps added up by the minute in which they ended; up to a second behind. bucket is indexed. Take the rows of kind run or those of the steps: their tokens and costs are the same ones.';
CREATE VIEW analytics.usage_by_hour WITH (security_invoker = true) AS
    SELECT bucket, CASE WHEN kind = 0 THEN 'run' ELSE analytics.step_kind(kind) END AS kind,
        CASE WHEN kind = 0 THEN analytics.run_status(status) ELSE analytics.step_status(status) END AS status,
        agent AS agent_id, model, tool, environment, items AS count, errors AS failed, input_tokens, output_tokens,
        cached_tokens AS cached_input_tokens, reasoning_tokens, analytics.usd(cost_nano_usd) AS cost_usd,
        analytics.ms(duration_us) AS duration_ms, analytics.ms(p50_us) AS p50_ms, analytics.ms(p95_us) AS p95_ms,
        analytics.ms(p99_us) AS p99_ms
    FROM usage_hour;
COMMENT ON VIEW analytics.usage_by_hour IS 'Runs and steps added up by the hour in which they ended, kept when the runs are forgotten; up to a second behind. bucket is indexed. Take the rows of kind run or those of the steps: their tokens and costs are the same ones.';
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['usage_by_minute', 'usage_by_hour'] LOOP
        EXECUTE format('COMMENT ON COLUMN analytics.%I.bucket IS %L', name, 'When the minute or hour begins');
        EXECUTE format('COMMENT ON COLUMN analytics.%I.kind IS %L', name, 'run, or the kind of step');
        EXECUTE format('COMMENT ON COLUMN analytics.%I.cost_usd IS %L', name, 'US dollars');
        EXECUTE format('COMMENT ON COLUMN analytics.%I.duration_ms IS %L', name, 'Milliseconds of all of them together');
        EXECUTE format('COMMENT ON COLUMN analytics.%I.p95_ms IS %L', name, 'Milliseconds within which 95 of 100 ended');
    END LOOP;
END
$$;
GRANT SELECT ON ALL TABLES IN SCHEMA analytics TO runwatch_sql;

-- Ends what analysts let run too long, because they can set their own statement_timeout, and connections of logins that
-- have expired; says what it ended. A statement that does not end by itself goes with its connection. The owner may do
-- this to these roles alone, since it is a member of each, and to nobody else's connections.
CREATE FUNCTION end_overdue_sql() RETURNS TABLE (role text, why text)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
        SELECT o.role, o.why FROM (
            SELECT l.role, a.pid, CASE
                WHEN l.expires_at <= clock_timestamp() THEN 'it has expired'
                WHEN a.xact_start < clock_timestamp() - make_interval(secs => l.statement_seconds + 60)
                    THEN 'its transaction took too long'
                WHEN a.state = 'active' AND a.query_start < clock_timestamp() - make_interval(secs => l.statement_seconds + 5)
                    THEN 'its statement did not end'
                WHEN a.state = 'active' AND a.query_start < clock_timestamp() - make_interval(secs => l.statement_seconds)
                    THEN 'its statement took too long' END AS why
            FROM public.sql_logins l JOIN pg_stat_activity a ON a.usename = l.role
            WHERE a.backend_type = 'client backend') o
        WHERE CASE o.why WHEN 'its statement took too long' THEN pg_cancel_backend(o.pid)
            ELSE o.why IS NOT NULL AND pg_terminate_backend(o.pid) END
    $$;
REVOKE ALL ON FUNCTION end_overdue_sql() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION end_overdue_sql() TO runwatch_worker;
