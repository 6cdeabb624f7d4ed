UPDATE change_readers SET transaction_id = 0 WHERE reader = 'search';
UPDATE change_readers SET transaction_id = 1 WHERE reader = 'search_gap';
DROP TABLE search_blocks;
DROP TABLE search_segments;
