DROP FUNCTION make_partitions(date, integer);
DROP TABLE agent_failures;
DROP TABLE agent_payloads;
DROP TABLE agent_steps;
DROP TABLE agent_runs;
