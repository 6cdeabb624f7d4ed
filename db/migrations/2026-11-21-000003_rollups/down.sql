DROP TABLE idempotency_keys, quarantine, ingest_outcomes, failure_groups, usage_hour_total, usage_minute_total, usage_hour, usage_minute, usage_deltas;
