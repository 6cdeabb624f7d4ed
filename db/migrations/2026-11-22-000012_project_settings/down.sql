DROP FUNCTION find_api_key(uuid);
CREATE FUNCTION find_api_key(wanted uuid)
    RETURNS TABLE (project_id uuid, content_key uuid, secret_hash bytea, scopes text[], expires_in_ms bigint, is_use_noted boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
        SELECT k.project_id, p.content_key, k.secret_hash, k.scopes,
            (extract(epoch FROM k.expires_at - public.rw_now()) * 1000)::bigint,
            coalesce(k.last_used_at > public.rw_now() - interval '1 minute', false)
        FROM public.api_keys k JOIN public.projects p USING (project_id)
        WHERE k.key_id = wanted AND k.revoked_at IS NULL
            AND (k.expires_at IS NULL OR k.expires_at > public.rw_now())
    $$;
REVOKE ALL ON FUNCTION find_api_key(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_api_key(uuid) TO runwatch_ingest, runwatch_query, runwatch_control;
DROP TABLE project_settings;
