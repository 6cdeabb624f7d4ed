-- What is forgotten: by its age, and because somebody asks for it.

-- Runs by when they were first received, which never changes: an update of a run does not touch the index.
CREATE INDEX agent_runs_by_age ON agent_runs (project_id, received_at);
CREATE INDEX run_feedback_by_age ON run_feedback (project_id, received_at);
CREATE INDEX run_feedback_by_user ON run_feedback (project_id, user_id) WHERE user_id IS NOT NULL;

-- What the runs of a day take on the disk, of projects with a quota. A day is measured again if its row
-- is gone.
CREATE TABLE project_storage (
    measured_at timestamptz NOT NULL,
    bytes bigint NOT NULL,
    run_day date NOT NULL,
    project_id uuid NOT NULL,
    PRIMARY KEY (project_id, run_day)
);

-- What was asked to be erased, and what was.
CREATE TABLE erasures (
    requested_at timestamptz NOT NULL,
    done_at timestamptz,
    runs bigint NOT NULL DEFAULT 0,
    steps bigint NOT NULL DEFAULT 0,
    payload_chunks bigint NOT NULL DEFAULT 0,
    failures bigint NOT NULL DEFAULT 0,
    feedback bigint NOT NULL DEFAULT 0,
    quarantined bigint NOT NULL DEFAULT 0,
    failure_groups bigint NOT NULL DEFAULT 0,
    -- Transactions below this one have to be over: they may not have seen what was erased.
    barrier bigint,
    -- 0 what a user did, 1 a session.
    kind smallint NOT NULL,
    project_id uuid NOT NULL REFERENCES projects,
    erasure_id uuid NOT NULL,
    -- Whom it is about: the id of the user or of the session. None as soon as it is done.
    subject text,
    -- The groups of the failures that were erased, until it is done.
    touched_groups uuid[],
    PRIMARY KEY (project_id, erasure_id)
);
CREATE INDEX erasures_pending ON erasures (requested_at) WHERE done_at IS NULL;

-- Runs that were erased: they are not taken again, though somebody may send them once more.
CREATE TABLE erased_runs (
    erased_at timestamptz NOT NULL,
    project_id uuid NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (project_id, run_id)
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['project_storage', 'erasures', 'erased_runs'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner ON %I TO runwatch_owner USING (true)', name);
        EXECUTE format('CREATE POLICY worker ON %I TO runwatch_worker USING (true)', name);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE, DELETE ON project_storage TO runwatch_worker;
GRANT SELECT, UPDATE ON erasures TO runwatch_worker;
GRANT SELECT, INSERT ON erased_runs TO runwatch_worker;
CREATE POLICY ingest ON erased_runs FOR SELECT TO runwatch_ingest USING (true);
GRANT SELECT ON erased_runs TO runwatch_ingest;
CREATE POLICY control ON erasures TO runwatch_control USING (true);
-- Whom it is about is written by control and read by the worker alone.
GRANT SELECT (requested_at, done_at, runs, steps, payload_chunks, failures, feedback, quarantined, failure_groups, kind, project_id, erasure_id),
    INSERT ON erasures TO runwatch_control;
-- What an erased run said is taken out of the changes that are kept for those who follow.
GRANT UPDATE (body, texts) ON run_changes TO runwatch_worker;

-- Drops one partition from before a day, if nothing is in it and no run of its day is left, and says how
-- many it dropped. Yesterday's and later ones never go: flushes may be writing into them. One at a time, so that
-- no two tables are locked at once; whoever writes is waited for half a second, and then left alone.
CREATE FUNCTION drop_empty_partitions(before date) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET lock_timeout = '500ms'
    AS $$
    DECLARE
        last_day date := least(before, (public.rw_now() AT TIME ZONE 'UTC')::date - 1);
        parent text;
        part text;
        day date;
        is_filled boolean;
    BEGIN
        FOR parent, part, day IN
            SELECT p.relname, c.relname, right(c.relname, 8)::date
            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
            WHERE p.relnamespace = 'public'::regnamespace AND p.relkind = 'p'
                AND p.relname IN ('agent_steps', 'agent_payloads', 'agent_failures')
                AND right(c.relname, 8)::date < last_day
            ORDER BY 3, 2
        LOOP
            -- The day of a run is that of its first receipt. One without steps may still get some.
            SELECT EXISTS (SELECT FROM public.projects p WHERE EXISTS (
                SELECT FROM public.agent_runs r WHERE r.project_id = p.project_id
                    AND r.received_at >= day::timestamp AT TIME ZONE 'UTC'
                    AND r.received_at < (day + 1)::timestamp AT TIME ZONE 'UTC')) INTO is_filled;
            CONTINUE WHEN is_filled;
            EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', part) INTO is_filled;
            CONTINUE WHEN is_filled;
            BEGIN
                EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', parent);
                EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', part) INTO is_filled;
                CONTINUE WHEN is_filled;
                EXECUTE format('DROP TABLE public.%I', part);
                RETURN 1;
            EXCEPTION WHEN lock_not_available THEN
                RETURN 0;
            END;
        END LOOP;
        RETURN 0;
    END
    $$;
REVOKE ALL ON FUNCTION drop_empty_partitions(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_empty_partitions(date) TO runwatch_worker;
