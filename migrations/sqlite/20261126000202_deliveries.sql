-- The outbox: what others have to be told, written in the transaction of what it is about. A row is pending until delivered_at
-- or dead_at is set. Whoever claims it for an attempt moves next_attempt_at to when the claim is over.
CREATE TABLE deliveries (
  id BLOB PRIMARY KEY NOT NULL,
  environment_id BLOB NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  -- What is sent, and with it what the next two are ids of: 'back_channel_logout' tells an application of the end of a session.
  kind TEXT NOT NULL,
  destination BLOB NOT NULL,
  about BLOB NOT NULL,
  -- JSON: what else the message is made of, as it was then.
  payload TEXT NOT NULL,
  created_at TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt_at TEXT NOT NULL,
  last_attempt_at TEXT,
  -- HTTP status of the last answer, if there was one, and what went wrong in words.
  last_status INTEGER,
  last_error TEXT,
  delivered_at TEXT,
  dead_at TEXT,
  CHECK (delivered_at IS NULL OR dead_at IS NULL)
) STRICT;
-- Nobody is told the same thing twice. A session ends once.
CREATE UNIQUE INDEX deliveries_one ON deliveries (destination, about, kind);
-- Few of millions: what is pending, and what is settled and old.
CREATE INDEX deliveries_due ON deliveries (next_attempt_at) WHERE delivered_at IS NULL AND dead_at IS NULL;
CREATE INDEX deliveries_settled ON deliveries (created_at) WHERE delivered_at IS NOT NULL OR dead_at IS NOT NULL;
CREATE INDEX deliveries_latest ON deliveries (destination, created_at, id);

-- With an application goes what it was to be told. What a session was about is told though its user is removed meanwhile.
CREATE TRIGGER applications_delete_deliveries AFTER DELETE ON applications BEGIN
  DELETE FROM deliveries WHERE kind = 'back_channel_logout' AND destination = OLD.id;
END;

-- Random ids of version 4: these rows had none.
INSERT INTO deliveries (id, environment_id, kind, destination, about, payload, created_at, attempts, next_attempt_at,
  last_attempt_at, last_status, last_error, delivered_at, dead_at)
SELECT unhex(hex(randomblob(6)) || '4' || substr(hex(randomblob(2)), 2) || '8' || substr(hex(randomblob(8)), 2)),
  environment_id, 'back_channel_logout', application_id, session_id,
  '{"user_id":"' || lower(hex(user_id)) || '"}', created_at, attempts, next_attempt_at, last_attempt_at, last_status, last_error,
  delivered_at, dead_at
FROM logout_deliveries;
DROP TABLE logout_deliveries;
