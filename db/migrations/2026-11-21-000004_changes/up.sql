-- What was committed, in an order in which nothing comes late: live streams tell it, and the search
-- index is made of it. Kept for minutes.
CREATE TABLE run_changes (
    -- The transaction that wrote the row. Whoever reads takes only those below the oldest one under
    -- way (pg_snapshot_xmin), so that none with a smaller id can appear afterwards.
    transaction_id bigint NOT NULL,
    -- How much there is to read for whoever makes the search index of it.
    text_bytes bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    project_id uuid NOT NULL,
    -- core::changes: what changed of which run, and the texts that are in no payload chunk, of the same
    -- runs in the same order.
    body bytea NOT NULL,
    texts bytea NOT NULL,
    PRIMARY KEY (project_id, transaction_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
-- Ids of steps do not compress, and texts are not kept for long.
ALTER TABLE run_changes ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE run_changes ALTER COLUMN texts SET STORAGE EXTERNAL;
-- For those who read the changes of all projects.
CREATE INDEX run_changes_in_order ON run_changes (transaction_id);

-- Up to which transaction the changes were read by those who read all of them once.
CREATE TABLE change_readers (
    -- forget: what was deleted; search: what the search index was made of; search_gap: what was deleted
    -- before the index was made of all of it.
    reader text PRIMARY KEY,
    -- It goes on with this one.
    transaction_id bigint NOT NULL
);
INSERT INTO change_readers (reader, transaction_id) VALUES ('forget', 0), ('search', 0), ('search_gap', 0);
GRANT SELECT ON change_readers TO runwatch_query;
GRANT SELECT, UPDATE ON change_readers TO runwatch_worker;

ALTER TABLE run_changes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON run_changes TO runwatch_owner USING (true);
CREATE POLICY ingest ON run_changes TO runwatch_ingest USING (true);
CREATE POLICY worker ON run_changes TO runwatch_worker USING (true);
CREATE POLICY query ON run_changes FOR SELECT TO runwatch_query USING (project_id = rw_project());
GRANT INSERT ON run_changes TO runwatch_ingest;
GRANT SELECT, INSERT, DELETE ON run_changes TO runwatch_worker;
GRANT SELECT ON run_changes TO runwatch_query;
