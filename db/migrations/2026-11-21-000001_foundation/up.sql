-- What everything stands on: the clock, projects and their keys.

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO runwatch_ingest, runwatch_query, runwatch_control, runwatch_worker;

-- The clock that schedules everything. Tests move it by the offset, which only the owner can write.
CREATE TABLE clock_offset (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    amount interval NOT NULL
);
INSERT INTO clock_offset (amount) VALUES ('0');
GRANT SELECT ON clock_offset TO runwatch_ingest, runwatch_query, runwatch_control, runwatch_worker;

CREATE FUNCTION rw_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT now() + (SELECT amount FROM clock_offset) $$;

-- The project whose rows the transaction may see, set by SET LOCAL app.project; none sees nothing.
CREATE FUNCTION rw_project() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('app.project', true), '')::uuid $$;

CREATE TABLE projects (
    project_id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name <> '' AND octet_length(name) <= 255),
    -- Secret under which the project's contents are hashed.
    content_key uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_keys (
    project_id uuid NOT NULL REFERENCES projects,
    key_id uuid NOT NULL,
    name text NOT NULL CHECK (octet_length(name) <= 255),
    scopes text[] NOT NULL,
    -- HMAC-SHA-256 of the secret half under a key that is not in the database (core::api_key).
    secret_hash bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    PRIMARY KEY (project_id, key_id)
);
-- Keys are looked up before the project is known.
CREATE INDEX api_keys_by_id ON api_keys (key_id);

ALTER TABLE projects ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON projects TO runwatch_owner USING (true);
CREATE POLICY owner ON api_keys TO runwatch_owner USING (true);
CREATE POLICY control ON projects TO runwatch_control USING (true);
CREATE POLICY control ON api_keys TO runwatch_control USING (true);
CREATE POLICY ingest ON projects FOR SELECT TO runwatch_ingest USING (true);
CREATE POLICY query ON projects FOR SELECT TO runwatch_query USING (project_id = rw_project());
CREATE POLICY worker ON projects FOR SELECT TO runwatch_worker USING (true);
GRANT SELECT, INSERT, UPDATE ON projects, api_keys TO runwatch_control;
GRANT SELECT ON projects TO runwatch_ingest, runwatch_worker;
-- Not the content key: nobody who reads needs it.
GRANT SELECT (project_id, name, created_at) ON projects TO runwatch_query;

-- Finds a key by its exact id, for services that do not know the project yet.
CREATE FUNCTION find_api_key(wanted uuid)
    RETURNS TABLE (project_id uuid, content_key uuid, secret_hash bytea, scopes text[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
        SELECT k.project_id, p.content_key, k.secret_hash, k.scopes
        FROM public.api_keys k JOIN public.projects p USING (project_id)
        WHERE k.key_id = wanted AND k.revoked_at IS NULL
    $$;
REVOKE ALL ON FUNCTION find_api_key(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_api_key(uuid) TO runwatch_ingest, runwatch_query, runwatch_control;
