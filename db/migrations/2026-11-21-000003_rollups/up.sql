-- What several runs share. Ingest only appends to usage_deltas; one job folds them into the rest.

CREATE TABLE usage_deltas (
    project_id uuid NOT NULL,
    delta_id uuid NOT NULL,
    -- core::rollup::Deltas of one flush.
    body bytea NOT NULL,
    PRIMARY KEY (project_id, delta_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

CREATE TABLE usage_minute (
    bucket timestamptz NOT NULL,
    items bigint NOT NULL,
    errors bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cached_tokens bigint NOT NULL,
    reasoning_tokens bigint NOT NULL,
    cost_nano_usd bigint NOT NULL,
    duration_us bigint NOT NULL,
    -- Percentiles of the durations, read from "latency" when the row is written, for those who
    -- cannot read it: SQL, and whoever asks for many rows.
    p50_us bigint NOT NULL,
    p95_us bigint NOT NULL,
    p99_us bigint NOT NULL,
    -- 0 counts runs, other numbers are step kinds.
    kind smallint NOT NULL,
    status smallint NOT NULL,
    project_id uuid NOT NULL,
    agent text NOT NULL,
    model text NOT NULL,
    tool text NOT NULL,
    environment text NOT NULL,
    -- core::rollup::Histogram of the durations.
    latency bytea NOT NULL,
    PRIMARY KEY (project_id, bucket, kind, status, agent, model, tool, environment)
);
CREATE TABLE usage_hour (LIKE usage_minute INCLUDING ALL);

-- The same for all agents, models, tools, environments, kinds of steps and statuses together: two
-- rows a bucket (kind 0 for runs, -1 for steps), for whoever asks for no more than that.
CREATE TABLE usage_minute_total (LIKE usage_minute INCLUDING ALL);
CREATE TABLE usage_hour_total (LIKE usage_minute INCLUDING ALL);

CREATE TABLE failure_groups (
    failures bigint NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    kind smallint NOT NULL,
    project_id uuid NOT NULL,
    fingerprint uuid NOT NULL,
    first_run_id uuid NOT NULL,
    first_release text,
    agent text NOT NULL,
    step_name text NOT NULL,
    -- The message with its variable parts removed.
    title text NOT NULL,
    PRIMARY KEY (project_id, fingerprint)
);
CREATE INDEX failure_groups_latest ON failure_groups (project_id, last_seen_at DESC, fingerprint DESC);

-- Items received by minute and what became of them: nothing disappears uncounted.
CREATE TABLE ingest_outcomes (
    bucket timestamptz NOT NULL,
    items bigint NOT NULL,
    project_id uuid NOT NULL,
    -- stored, duplicate or rejected.
    outcome text NOT NULL,
    -- The code of the reason, of what was rejected; else empty.
    code text NOT NULL,
    PRIMARY KEY (project_id, bucket, outcome, code)
);

-- Rejected items with the reason, so that nothing is lost for one bad field.
CREATE TABLE quarantine (
    received_at timestamptz NOT NULL,
    project_id uuid NOT NULL,
    item_id uuid NOT NULL,
    -- What it was sent as: span, run, step, failure.
    item text NOT NULL,
    code text NOT NULL,
    message text NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (project_id, item_id)
);
CREATE INDEX quarantine_latest ON quarantine (project_id, received_at DESC, item_id DESC);

-- Idempotency keys of the last day: the same key with another body is refused.
CREATE TABLE idempotency_keys (
    created_at timestamptz NOT NULL,
    project_id uuid NOT NULL,
    body_hash uuid NOT NULL,
    key text NOT NULL,
    PRIMARY KEY (project_id, key)
);
CREATE INDEX idempotency_keys_oldest ON idempotency_keys (created_at);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['usage_deltas', 'usage_minute', 'usage_hour', 'usage_minute_total', 'usage_hour_total', 'failure_groups', 'ingest_outcomes', 'quarantine', 'idempotency_keys'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner ON %I TO runwatch_owner USING (true)', name);
        EXECUTE format('CREATE POLICY worker ON %I TO runwatch_worker USING (true)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO runwatch_worker', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['usage_deltas', 'usage_minute', 'usage_hour', 'usage_minute_total', 'usage_hour_total', 'failure_groups', 'ingest_outcomes', 'quarantine'] LOOP
        EXECUTE format('CREATE POLICY query ON %I FOR SELECT TO runwatch_query USING (project_id = rw_project())', name);
        EXECUTE format('GRANT SELECT ON %I TO runwatch_query', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['usage_deltas', 'quarantine', 'idempotency_keys'] LOOP
        EXECUTE format('CREATE POLICY ingest ON %I TO runwatch_ingest USING (true)', name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO runwatch_ingest', name);
    END LOOP;
END
$$;
