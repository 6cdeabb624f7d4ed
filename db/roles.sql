-- The roles of the services, one for each, the owner of the schema, and the group of the analysts who sign in
-- themselves (`runwatch sql-login`). `runwatch migrate` runs this
-- before the migrations, as whoever it was told to connect as. Roles belong to the whole server, so
-- it changes nothing that is there already. Passwords are set elsewhere (`runwatch up`, or you).
DO $$
DECLARE
    name text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'runwatch_owner') THEN
        CREATE ROLE runwatch_owner NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'runwatch_sql') THEN
        CREATE ROLE runwatch_sql NOLOGIN;
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

-- Only the owner makes objects, not even temporary or large ones are left to everybody. Where the
-- one who migrates may not revoke this, as on some managed servers, Postgres warns and goes on.
DO $$
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END
$$;
REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea),
    lo_open(oid, integer), lo_put(oid, bigint, bytea), lo_truncate(integer, integer),
    lo_truncate64(integer, bigint), lo_unlink(oid), lowrite(integer, bytea) FROM PUBLIC;

-- Nor do analysts take the locks by which the services keep apart, or fill the log of the database.
DO $$
DECLARE
    func regprocedure;
BEGIN
    FOR func IN
        SELECT oid FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace
            AND proname ~ '^pg_(try_)?advisory_(xact_)?lock'
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', func);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s
            TO runwatch_owner, runwatch_ingest, runwatch_query, runwatch_control, runwatch_worker', func);
    END LOOP;
    FOR func IN
        SELECT oid FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = 'pg_logical_emit_message'
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', func);
    END LOOP;
END
$$;

-- Only once: two migrations of two databases on one server may not change it at the same moment.
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
        WHERE r.rolname = 'runwatch_query' AND s.setdatabase = 0
            AND 'default_transaction_read_only=on' = ANY (s.setconfig)) THEN
        ALTER ROLE runwatch_query SET default_transaction_read_only = on;
    END IF;
EXCEPTION
    WHEN internal_error OR unique_violation THEN NULL;
END
$$;
ALTER SCHEMA public OWNER TO runwatch_owner;
-- What analysts read; the owner itself may not make schemas.
CREATE SCHEMA IF NOT EXISTS analytics AUTHORIZATION runwatch_owner;
