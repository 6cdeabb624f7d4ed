-- Conversations and workflows are found by the runs that they consist of.
CREATE INDEX agent_runs_with_session ON agent_runs (project_id, started_at DESC, run_id DESC)
    WHERE is_run AND session_id IS NOT NULL;
CREATE INDEX agent_runs_by_workflow ON agent_runs (project_id, workflow_id, started_at DESC)
    WHERE is_run AND workflow_id IS NOT NULL;
