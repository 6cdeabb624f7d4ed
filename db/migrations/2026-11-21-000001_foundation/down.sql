DROP FUNCTION find_api_key(uuid);
DROP TABLE api_keys;
DROP TABLE projects;
DROP FUNCTION rw_project();
DROP FUNCTION rw_now();
DROP TABLE clock_offset;
REVOKE ALL ON SCHEMA public FROM runwatch_ingest, runwatch_query, runwatch_control, runwatch_worker;
