-- The roles of the services, one for each, and the owner of the schema. `runwatch migrate` runs this
-- before the migrations, as whoever it was told to connect as. Roles belong to the whole server, so
-- it changes nothing that is there already. Passwords are set elsewhere (`runwatch up`, or you).
DO $$
DECLARE
    name text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'runwatch_owner') THEN
        CREATE ROLE runwatch_owner NOLOGIN;
    END IF;
    FOREACH name IN ARRAY ARRAY['runwatch_ingest', 'runwatch_query', 'runwatch_control', 'runwatch_worker'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', name);
        END IF;
    END LOOP;
    IF NOT pg_has_role(current_user, 'runwatch_owner', 'MEMBER') THEN
        EXECUTE format('GRANT runwatch_owner TO %I', current_user);
    END IF;
EXCEPTION
    -- Another migration, of another database on this server, made them at the same moment.
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;

ALTER ROLE runwatch_query SET default_transaction_read_only = on;
ALTER SCHEMA public OWNER TO runwatch_owner;
