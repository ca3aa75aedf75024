-- What applications got wrong of late, for whoever can mend it: kept a day, the newest of each application only.
CREATE TABLE application_problems (
  environment_id BLOB NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  -- All zeros where it cannot be told which application it was.
  application_id BLOB NOT NULL,
  kind TEXT NOT NULL,
  -- What was refused, shortened; empty where saying it would tell a secret.
  value TEXT NOT NULL,
  first_at TEXT NOT NULL,
  last_at TEXT NOT NULL,
  occurrences INTEGER NOT NULL,
  -- Of the last one.
  request_id TEXT NOT NULL,
  PRIMARY KEY (environment_id, application_id, kind, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX application_problems_age ON application_problems (last_at);
