DROP TABLE secrets, project_keys;
