-- Runs, their steps, payloads and failures. No triggers and no foreign keys here: a flush writes
-- thousands of rows, and the same schema is to run distributed by project_id.

-- One row a run. Not partitioned: a run's identity must be global. What is stored of a run depends
-- only on what was said of it, except received_at, last_received_at and run_day.
CREATE TABLE agent_runs (
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    received_at timestamptz NOT NULL,
    last_received_at timestamptz NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cached_tokens bigint NOT NULL,
    reasoning_tokens bigint NOT NULL,
    cost_nano_usd bigint,
    steps bigint NOT NULL,
    failed_steps bigint NOT NULL,
    -- The partition of everything else of the run: the day on which it was first seen.
    run_day date NOT NULL,
    status smallint NOT NULL,
    is_run boolean NOT NULL,
    provisional boolean NOT NULL,
    -- Nothing was received for ten minutes while it runs.
    stalled boolean NOT NULL DEFAULT false,
    -- Nothing was received for a day, so that its end is not waited for.
    abandoned boolean NOT NULL DEFAULT false,
    -- It has too many steps to be summed up by ingest: the worker does it.
    recount boolean NOT NULL DEFAULT false,
    -- True only inside the transaction that adds to the row: tells an update from an insert.
    merging boolean NOT NULL DEFAULT false,
    project_id uuid NOT NULL,
    run_id uuid NOT NULL,
    agent text,
    agent_type text,
    agent_version text,
    workflow_id text,
    session_id text,
    user_id text,
    environment text,
    release text,
    models text[],
    tools text[],
    tags text[],
    failure_types smallint[],
    -- The step whose input and output are the run's, unless they were told.
    main_step bytea,
    -- Everything that was said about the run as a whole, as JSON (core::claims).
    claims text NOT NULL,
    -- What the run adds to the rollups (core::rollup::Contribution).
    contribution bytea NOT NULL,
    PRIMARY KEY (project_id, run_id)
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX agent_runs_latest ON agent_runs (project_id, started_at DESC, run_id DESC) WHERE is_run;
CREATE INDEX agent_runs_by_agent ON agent_runs (project_id, agent, status, started_at DESC, run_id DESC) WHERE is_run;
CREATE INDEX agent_runs_by_session ON agent_runs (project_id, session_id, started_at DESC) WHERE session_id IS NOT NULL;
CREATE INDEX agent_runs_by_user ON agent_runs (project_id, user_id, started_at DESC) WHERE user_id IS NOT NULL;
-- For the job that finds stalled and abandoned runs, and the one that sums up large ones.
CREATE INDEX agent_runs_open ON agent_runs (last_received_at) WHERE status = 0;
CREATE INDEX agent_runs_recount ON agent_runs (last_received_at) WHERE recount;

-- One row a step, narrow: never a message body. Wide columns first, so that nothing is padded.
CREATE TABLE agent_steps (
    started_at timestamptz NOT NULL,
    duration_us bigint,
    content_hash bigint NOT NULL,
    cost_nano_usd bigint,
    reported_cost_nano_usd bigint,
    args_hash bigint,
    first_token_us bigint,
    run_day date NOT NULL,
    input_tokens integer,
    output_tokens integer,
    cached_tokens integer,
    cache_write_tokens integer,
    reasoning_tokens integer,
    total_tokens integer,
    price_version integer,
    seq integer,
    kind smallint NOT NULL,
    status smallint NOT NULL,
    flags smallint NOT NULL,
    error_decided smallint,
    project_id uuid NOT NULL,
    run_id uuid NOT NULL,
    step_id bytea NOT NULL,
    parent_id bytea,
    name text NOT NULL,
    agent text,
    model text,
    provider text,
    tool text,
    capability text,
    error_type text,
    error_code text,
    error_message text,
    attributes jsonb,
    PRIMARY KEY (project_id, run_id, step_id, run_day)
) PARTITION BY RANGE (run_day);

-- Inputs, outputs and further attributes of the steps of one request, one compressed chunk a run
-- (store::payloads has the format). `steps` lists whose parts are in it.
CREATE TABLE agent_payloads (
    run_day date NOT NULL,
    decoded_bytes integer NOT NULL,
    project_id uuid NOT NULL,
    run_id uuid NOT NULL,
    -- Keyed hash of the content: the same chunk again is the same row.
    chunk_id uuid NOT NULL,
    steps bytea NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (project_id, run_id, chunk_id, run_day)
) PARTITION BY RANGE (run_day);
-- The bodies are compressed already.
ALTER TABLE agent_payloads ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE TABLE agent_failures (
    occurred_at timestamptz NOT NULL,
    -- When the sender said that it happened, if it told of it and said so.
    told_at timestamptz,
    run_day date NOT NULL,
    kind smallint NOT NULL,
    told boolean NOT NULL,
    project_id uuid NOT NULL,
    run_id uuid NOT NULL,
    failure_id uuid NOT NULL,
    fingerprint uuid NOT NULL,
    step_id bytea,
    step_name text NOT NULL,
    agent text,
    environment text,
    release text,
    code text,
    message text NOT NULL,
    PRIMARY KEY (project_id, run_id, failure_id, run_day)
) PARTITION BY RANGE (run_day);
CREATE INDEX agent_failures_latest ON agent_failures (project_id, occurred_at DESC, failure_id DESC);
CREATE INDEX agent_failures_by_group ON agent_failures (project_id, fingerprint, occurred_at DESC);

-- Makes the daily partitions from one day on, and says how many were missing. Only this function
-- and `runwatch migrate` make any; no insert does.
CREATE FUNCTION make_partitions(first_day date, days integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE
        made integer := 0;
        parent text;
        part text;
        day date;
    BEGIN
        IF days NOT BETWEEN 1 AND 400 THEN
            RAISE EXCEPTION 'make_partitions takes 1 to 400 days, not %', days;
        END IF;
        FOR day IN SELECT first_day + n FROM generate_series(0, days - 1) n LOOP
            FOREACH parent IN ARRAY ARRAY['agent_steps', 'agent_payloads', 'agent_failures'] LOOP
                part := parent || '_' || to_char(day, 'YYYYMMDD');
                IF to_regclass('public.' || part) IS NULL THEN
                    EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)',
                        part, parent, day, day + 1);
                    made := made + 1;
                END IF;
            END LOOP;
        END LOOP;
        RETURN made;
    END
    $$;
REVOKE ALL ON FUNCTION make_partitions(date, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_partitions(date, integer) TO runwatch_worker;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['agent_runs', 'agent_steps', 'agent_payloads', 'agent_failures'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner ON %I TO runwatch_owner USING (true)', name);
        EXECUTE format('CREATE POLICY ingest ON %I TO runwatch_ingest USING (true)', name);
        EXECUTE format('CREATE POLICY worker ON %I TO runwatch_worker USING (true)', name);
        EXECUTE format('CREATE POLICY query ON %I FOR SELECT TO runwatch_query USING (project_id = rw_project())', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO runwatch_ingest', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO runwatch_worker', name);
        EXECUTE format('GRANT SELECT ON %I TO runwatch_query', name);
    END LOOP;
END
$$;
-- A run's failures are computed anew as its facts arrive, and a finished step takes the place of its
-- unfinished copy.
GRANT DELETE ON agent_failures, agent_steps TO runwatch_ingest;
