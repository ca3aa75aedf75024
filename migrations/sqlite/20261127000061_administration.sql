-- What the portal itself administers: environments, operators, and the first of both.

-- A colour of the style's; without one it goes by name and place. An archived environment is there for nobody, and complete.
ALTER TABLE environments ADD COLUMN colour TEXT
  CHECK (colour IN ('pink', 'blue', 'teal', 'grey', 'violet', 'sky', 'magenta'));
ALTER TABLE environments ADD COLUMN archived_at TEXT;
ALTER TABLE environments ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
-- Read with the switch by whatever starts and goes on: nothing of an archived environment does.
ALTER TABLE impersonation_settings ADD COLUMN archived INTEGER NOT NULL DEFAULT FALSE;

-- Who was invited and has not chosen a password yet is disabled until then. Whoever was removed has no address and no role any
-- more; the row stays for what it did.
ALTER TABLE operators ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE operators ADD COLUMN invited_at TEXT;
ALTER TABLE operators ADD COLUMN removed_at TEXT;

-- Links with which operators choose a password: one living link an operator, used once. Only the SHA-256 of its code is kept.
CREATE TABLE operator_links (
  operator_id BLOB PRIMARY KEY NOT NULL REFERENCES operators (id) ON DELETE CASCADE,
  code_hash BLOB NOT NULL UNIQUE,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL
) STRICT;

-- Links with which an installation without operators is set up.
CREATE TABLE setup_links (
  code_hash BLOB PRIMARY KEY NOT NULL,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL
) STRICT;

-- An operator's portal sessions and impersonations, newest first.
CREATE INDEX operator_sessions_newest ON operator_sessions (operator_id, created_at, id);
DROP INDEX operator_sessions_operator;
CREATE INDEX sessions_of_operator ON sessions (operator_id, environment_id, created_at, id) WHERE operator_id IS NOT NULL;
