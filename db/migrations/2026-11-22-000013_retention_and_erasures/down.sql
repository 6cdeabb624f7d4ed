DROP FUNCTION drop_empty_partitions(date);
REVOKE UPDATE (body, texts) ON run_changes FROM runwatch_worker;
DROP TABLE erased_runs, erasures, project_storage;
DROP INDEX run_feedback_by_user, run_feedback_by_age, agent_runs_by_age;
