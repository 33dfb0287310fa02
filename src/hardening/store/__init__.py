"""History: every scan with its numbers, results and snapshots, in SQLite or PostgreSQL. All SQL is in this room."""
