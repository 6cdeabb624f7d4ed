DROP INDEX agent_runs_by_workflow;
DROP INDEX agent_runs_with_session;
