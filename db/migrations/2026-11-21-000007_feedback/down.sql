DROP TABLE run_feedback;
