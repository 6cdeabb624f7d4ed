-- Their roles belong to the server, and only whoever may create roles can drop them.
DO $$
BEGIN
    IF EXISTS (SELECT FROM sql_logins) THEN
        RAISE EXCEPTION 'there are SQL logins: take them away first (runwatch sql-login list, runwatch sql-login revoke NAME)';
    END IF;
END
$$;
DROP FUNCTION end_overdue_sql();
DROP VIEW analytics.runs, analytics.steps, analytics.failures, analytics.failure_groups, analytics.feedback,
    analytics.usage_by_minute, analytics.usage_by_hour;
DROP FUNCTION analytics.run_status(smallint), analytics.step_status(smallint), analytics.step_kind(smallint),
    analytics.failure_type(smallint), analytics.finding_kind(smallint), analytics.feedback_source(smallint),
    analytics.step_id(bytea), analytics.usd(bigint), analytics.ms(bigint);
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['agent_runs', 'agent_steps', 'agent_failures', 'run_feedback', 'usage_minute', 'usage_hour', 'failure_groups'] LOOP
        EXECUTE format('DROP POLICY analyst ON %I', name);
        EXECUTE format('REVOKE ALL ON %I FROM runwatch_sql', name);
    END LOOP;
END
$$;
REVOKE ALL ON SCHEMA analytics FROM runwatch_sql;
DROP TABLE sql_logins;
