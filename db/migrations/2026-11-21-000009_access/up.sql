-- People, what they are in which project, their sign-ins, and the log of what they changed.
CREATE TABLE users (
    user_id uuid PRIMARY KEY,
    -- Lower case: how people are known and asked for.
    email text NOT NULL UNIQUE CHECK (email = lower(email) AND octet_length(email) <= 255),
    name text NOT NULL CHECK (octet_length(name) <= 255),
    -- Argon2id in PHC form; none for people who have not set one, or who sign in elsewhere.
    password_hash text,
    -- Makes projects and users.
    is_instance_admin boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz
);

CREATE TABLE members (
    project_id uuid NOT NULL REFERENCES projects,
    user_id uuid NOT NULL REFERENCES users,
    -- core::access::Role
    role smallint NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (project_id, user_id)
);
CREATE INDEX members_by_user ON members (user_id);

-- Where somebody is signed in: a browser, or a terminal.
CREATE TABLE sign_ins (
    sign_in_id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    -- SHA-256 of the token that renews it, and of the one before, whose use shows that it was stolen.
    refresh_hash bytea NOT NULL UNIQUE,
    previous_hash bytea UNIQUE,
    began_at timestamptz NOT NULL,
    renewed_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX sign_ins_by_user ON sign_ins (user_id);
CREATE INDEX sign_ins_by_age ON sign_ins (renewed_at);

-- Attempts to sign in, by what they are limited by: an account or an address.
CREATE TABLE sign_in_attempts (
    -- Hashed, as an address says where somebody is.
    subject_hash bytea NOT NULL,
    began_at timestamptz NOT NULL,
    attempts integer NOT NULL,
    PRIMARY KEY (subject_hash)
);
CREATE INDEX sign_in_attempts_by_age ON sign_in_attempts (began_at);

-- Links that let somebody set a password: of the first start, of an invitation.
CREATE TABLE password_links (
    -- SHA-256 of the token in the link.
    token_hash bytea PRIMARY KEY,
    -- None for the one who is yet to be made: the instance's first admin.
    user_id uuid REFERENCES users,
    made_at timestamptz NOT NULL
);

ALTER TABLE api_keys
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN last_used_at timestamptz;

-- What was changed by whom. Each entry has a keyed hash of itself and of the one before (core::audit).
CREATE TABLE audit_log (
    at timestamptz NOT NULL,
    -- From 1 on, without gaps.
    seq bigint NOT NULL,
    -- The nil id for what is of no project.
    project_id uuid NOT NULL,
    -- None for the installation itself.
    actor_id uuid,
    -- user, key or system
    actor_kind text NOT NULL,
    -- As the operation of the API is called.
    action text NOT NULL,
    subject text NOT NULL,
    -- JSON, as text, because a hash is taken of it.
    details text NOT NULL,
    request_id text NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (project_id, seq)
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['members', 'audit_log'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner ON %I TO runwatch_owner USING (true)', name);
        EXECUTE format('CREATE POLICY control ON %I TO runwatch_control USING (true)', name);
    END LOOP;
END
$$;
CREATE POLICY query ON audit_log FOR SELECT TO runwatch_query USING (project_id = rw_project());
CREATE POLICY worker ON audit_log TO runwatch_worker USING (true);
GRANT SELECT, INSERT ON audit_log TO runwatch_control, runwatch_worker;
GRANT SELECT ON audit_log TO runwatch_query;
GRANT SELECT, INSERT, UPDATE, DELETE ON members TO runwatch_control;
GRANT SELECT, INSERT, UPDATE ON users, sign_ins TO runwatch_control;
GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_attempts, password_links TO runwatch_control;
GRANT DELETE ON sign_ins TO runwatch_control;

-- A key that is neither revoked nor past its time; the moment until which it may be taken as valid.
DROP FUNCTION find_api_key(uuid);
CREATE FUNCTION find_api_key(wanted uuid)
    RETURNS TABLE (project_id uuid, content_key uuid, secret_hash bytea, scopes text[], expires_in_ms bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
        SELECT k.project_id, p.content_key, k.secret_hash, k.scopes,
            (extract(epoch FROM k.expires_at - public.rw_now()) * 1000)::bigint
        FROM public.api_keys k JOIN public.projects p USING (project_id)
        WHERE k.key_id = wanted AND k.revoked_at IS NULL
            AND (k.expires_at IS NULL OR k.expires_at > public.rw_now())
    $$;
REVOKE ALL ON FUNCTION find_api_key(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_api_key(uuid) TO runwatch_ingest, runwatch_query, runwatch_control;

-- Who is signed in under an id, and what they are in a project, for services that do not know yet.
CREATE FUNCTION find_person(wanted uuid, in_project uuid)
    RETURNS TABLE (user_id uuid, is_instance_admin boolean, role smallint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
        SELECT u.user_id, u.is_instance_admin,
            (SELECT m.role FROM public.members m
             WHERE m.project_id = in_project AND m.user_id = u.user_id)
        FROM public.sign_ins s JOIN public.users u USING (user_id)
        WHERE s.sign_in_id = wanted AND s.ended_at IS NULL AND u.disabled_at IS NULL
    $$;
REVOKE ALL ON FUNCTION find_person(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_person(uuid, uuid) TO runwatch_query, runwatch_control;
