-- The search index: of each project immutable segments, in which the grams of its texts are looked up
-- (crates/search has the format). The worker makes small ones from what changed and merges them.
CREATE TABLE search_segments (
    -- When the first and the last of the runs that it has documents of started.
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    -- Of all its blocks.
    bytes bigint NOT NULL,
    documents integer NOT NULL,
    bits smallint NOT NULL,
    -- Segments of one level are merged into one of the next; 5 is the last.
    level smallint NOT NULL,
    project_id uuid NOT NULL,
    -- By time of making.
    segment_id uuid NOT NULL,
    -- Where its documents stand in the order of hits.
    ranks bytea NOT NULL,
    PRIMARY KEY (project_id, segment_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX search_segments_to_merge ON search_segments (project_id, level) INCLUDE (documents) WHERE level < 5;

CREATE TABLE search_blocks (
    -- Below 0 documents, from 0 on lists of them.
    block integer NOT NULL,
    project_id uuid NOT NULL,
    segment_id uuid NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (project_id, segment_id, block)
) WITH (autovacuum_vacuum_scale_factor = 0.02);
-- They hardly compress.
ALTER TABLE search_segments ALTER COLUMN ranks SET STORAGE EXTERNAL;
ALTER TABLE search_blocks ALTER COLUMN body SET STORAGE EXTERNAL;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['search_segments', 'search_blocks'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner ON %I TO runwatch_owner USING (true)', name);
        EXECUTE format('CREATE POLICY worker ON %I TO runwatch_worker USING (true)', name);
        EXECUTE format('CREATE POLICY query ON %I FOR SELECT TO runwatch_query USING (project_id = rw_project())', name);
        EXECUTE format('GRANT SELECT, INSERT, DELETE ON %I TO runwatch_worker', name);
        EXECUTE format('GRANT SELECT ON %I TO runwatch_query', name);
    END LOOP;
END
$$;
