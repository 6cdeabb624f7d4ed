ALTER TABLE agent_runs DROP COLUMN finding_kinds, DROP COLUMN findings;
