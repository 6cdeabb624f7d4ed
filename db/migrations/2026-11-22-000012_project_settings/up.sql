-- What the admins of a project decide about it. A project without a row has no limits, keeps everything, and
-- nothing is redacted.
CREATE TABLE project_settings (
    changed_at timestamptz NOT NULL,
    -- When stored_bytes was measured last.
    measured_at timestamptz,
    -- What the project takes on the disk.
    stored_bytes bigint NOT NULL DEFAULT 0,
    project_id uuid NOT NULL REFERENCES projects,
    -- core::project_settings::ProjectSettings as JSON.
    settings text NOT NULL,
    PRIMARY KEY (project_id)
);
ALTER TABLE project_settings ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON project_settings TO runwatch_owner USING (true);
CREATE POLICY control ON project_settings TO runwatch_control USING (true);
CREATE POLICY worker ON project_settings TO runwatch_worker USING (true);
CREATE POLICY query ON project_settings FOR SELECT TO runwatch_query USING (project_id = rw_project());
GRANT SELECT, INSERT, UPDATE ON project_settings TO runwatch_control;
GRANT SELECT ON project_settings TO runwatch_query;
GRANT SELECT, UPDATE (stored_bytes, measured_at) ON project_settings TO runwatch_worker;

-- A key comes with the settings of its project.
DROP FUNCTION find_api_key(uuid);
CREATE FUNCTION find_api_key(wanted uuid)
    RETURNS TABLE (project_id uuid, content_key uuid, secret_hash bytea, scopes text[], expires_in_ms bigint, is_use_noted boolean, settings text, stored_bytes bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
        SELECT k.project_id, p.content_key, k.secret_hash, k.scopes,
            (extract(epoch FROM k.expires_at - public.rw_now()) * 1000)::bigint,
            coalesce(k.last_used_at > public.rw_now() - interval '1 minute', false),
            coalesce(s.settings, '{}'), coalesce(s.stored_bytes, 0)
        FROM public.api_keys k JOIN public.projects p USING (project_id)
        LEFT JOIN public.project_settings s USING (project_id)
        WHERE k.key_id = wanted AND k.revoked_at IS NULL
            AND (k.expires_at IS NULL OR k.expires_at > public.rw_now())
    $$;
REVOKE ALL ON FUNCTION find_api_key(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_api_key(uuid) TO runwatch_ingest, runwatch_query, runwatch_control;
