DROP FUNCTION find_person(uuid, uuid);
DROP FUNCTION find_api_key(uuid);
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
ALTER TABLE api_keys DROP COLUMN expires_at, DROP COLUMN last_used_at;
DROP TABLE audit_log, password_links, sign_in_attempts, sign_ins, members, users;
