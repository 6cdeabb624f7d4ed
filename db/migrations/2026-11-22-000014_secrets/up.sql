-- Secrets of projects, such as the credentials of channels, sealed before they get here (core::secrets). Keys that
-- are not in the database wrap one data key per project, which seals the project's secrets.
CREATE TABLE project_keys (
    -- When the data key was made; wrapping it anew does not change it.
    created_at timestamptz NOT NULL,
    project_id uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    -- What it is wrapped under: the id of a key of SECRETS_KEY.
    kek_id text NOT NULL,
    wrapped_key bytea NOT NULL,
    PRIMARY KEY (project_id)
);
CREATE TABLE secrets (
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    -- How often it was put; the ciphertext opens with this one only.
    version bigint NOT NULL,
    -- Nothing opens without the data key of its project.
    project_id uuid NOT NULL REFERENCES project_keys ON DELETE CASCADE,
    secret_id uuid NOT NULL,
    purpose text NOT NULL,
    ciphertext bytea NOT NULL,
    PRIMARY KEY (project_id, secret_id)
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['project_keys', 'secrets'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner ON %I TO runwatch_owner USING (true)', name);
        EXECUTE format('CREATE POLICY control ON %I TO runwatch_control USING (true)', name);
        EXECUTE format('CREATE POLICY worker ON %I FOR SELECT TO runwatch_worker USING (true)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO runwatch_control', name);
        EXECUTE format('GRANT SELECT ON %I TO runwatch_worker', name);
    END LOOP;
END
$$;
