-- An import that is under way, one an environment. Its rows are put aside first and written in short transactions once all
-- of them are known to be good, so that nobody else waits; what was interrupted in between is finished from here.
CREATE TABLE imports (
  id UUID PRIMARY KEY NOT NULL,
  environment_id UUID NOT NULL UNIQUE REFERENCES environments (id) ON DELETE CASCADE,
  owner UUID NOT NULL,
  applying BOOLEAN NOT NULL DEFAULT FALSE,
  started_at TIMESTAMPTZ NOT NULL,
  touched_at TIMESTAMPTZ NOT NULL,
  closing TEXT NOT NULL
);

-- A batch of rows as JSON.
CREATE TABLE import_chunks (
  import_id UUID NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
  number BIGINT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (import_id, number)
);
