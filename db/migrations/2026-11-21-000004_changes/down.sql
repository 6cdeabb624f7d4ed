DROP TABLE change_readers;
DROP TABLE run_changes;
