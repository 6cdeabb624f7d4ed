-- Costly patterns in a run, which follow from its steps (core::findings).
ALTER TABLE agent_runs
    ADD COLUMN finding_kinds smallint[],
    -- As JSON.
    ADD COLUMN findings text;
