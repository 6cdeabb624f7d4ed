-- What people and evaluators think of runs and steps. It may be told before anything else of the run
-- is, so it stands by itself; one row a judgement, which never changes.
CREATE TABLE run_feedback (
    -- When it was given: as told, else when it was received.
    created_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    content_hash bigint NOT NULL,
    -- The value if it is a number, and 1 or 0 for yes or no.
    number double precision,
    -- 1 number, 2 boolean, 3 text.
    value_kind smallint NOT NULL,
    -- 0 api, 1 user, 2 evaluator.
    source smallint NOT NULL,
    project_id uuid NOT NULL,
    run_id uuid NOT NULL,
    feedback_id uuid NOT NULL,
    step_id bytea,
    name text NOT NULL,
    -- The value if it is a text.
    text text,
    user_id text,
    comment text,
    PRIMARY KEY (project_id, run_id, feedback_id)
);
CREATE INDEX run_feedback_latest ON run_feedback (project_id, created_at DESC, feedback_id DESC, run_id DESC);
CREATE INDEX run_feedback_by_name ON run_feedback (project_id, name, created_at DESC, feedback_id DESC, run_id DESC);

ALTER TABLE run_feedback ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON run_feedback TO runwatch_owner USING (true);
CREATE POLICY ingest ON run_feedback TO runwatch_ingest USING (true);
CREATE POLICY worker ON run_feedback TO runwatch_worker USING (true);
CREATE POLICY query ON run_feedback FOR SELECT TO runwatch_query USING (project_id = rw_project());
GRANT SELECT, INSERT ON run_feedback TO runwatch_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON run_feedback TO runwatch_worker;
GRANT SELECT ON run_feedback TO runwatch_query;
