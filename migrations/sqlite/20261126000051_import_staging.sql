-- An import that is under way, one an environment. Its rows are put aside first and written in short transactions once all
-- of them are known to be good, so that nobody else waits; what was interrupted in between is finished from here.
CREATE TABLE imports (
  id BLOB PRIMARY KEY NOT NULL,
  environment_id BLOB NOT NULL UNIQUE REFERENCES environments (id) ON DELETE CASCADE,
  owner BLOB NOT NULL,
  applying INTEGER NOT NULL DEFAULT FALSE,
  started_at TEXT NOT NULL,
  touched_at TEXT NOT NULL,
  closing TEXT NOT NULL
) STRICT;

-- A batch of rows as JSON.
CREATE TABLE import_chunks (
  import_id BLOB NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (import_id, number)
) STRICT;
