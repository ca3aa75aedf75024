-- Public keys with which a client signs its assertions (private_key_jwt): a JSON Web Key Set, as text.
ALTER TABLE applications ADD COLUMN jwks TEXT;
-- Where a client wants to be told that a session ended (OpenID Connect Back-Channel Logout).
ALTER TABLE applications ADD COLUMN backchannel_logout_uri TEXT;

-- Which applications hold tokens of a session: who has to be told about its end.
CREATE TABLE session_applications (
  session_id BLOB NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  application_id BLOB NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
  created_at TEXT NOT NULL,
  PRIMARY KEY (session_id, application_id)
) STRICT, WITHOUT ROWID;

-- The outbox of back-channel logout, written in the transaction that ends the session. A session ends once, so an
-- application is told once. A row is pending until delivered_at or dead_at is set.
CREATE TABLE logout_deliveries (
  session_id BLOB NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  application_id BLOB NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
  environment_id BLOB NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  user_id BLOB NOT NULL,
  created_at TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt_at TEXT NOT NULL,
  last_attempt_at TEXT,
  -- HTTP status of the last answer, if there was one, and what went wrong in words.
  last_status INTEGER,
  last_error TEXT,
  delivered_at TEXT,
  dead_at TEXT,
  PRIMARY KEY (session_id, application_id),
  CHECK (delivered_at IS NULL OR dead_at IS NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX logout_deliveries_due ON logout_deliveries (next_attempt_at) WHERE delivered_at IS NULL AND dead_at IS NULL;
CREATE INDEX logout_deliveries_application ON logout_deliveries (application_id, created_at, session_id);

-- Assertions that were used: each works once, until it expires.
CREATE TABLE client_assertions (
  application_id BLOB NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
  jti_hash BLOB NOT NULL,
  expires_at TEXT NOT NULL,
  PRIMARY KEY (application_id, jti_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX client_assertions_expiry ON client_assertions (expires_at);

-- Access tokens without a session (client_credentials) that were revoked before their time.
CREATE TABLE revoked_tokens (
  jti TEXT PRIMARY KEY NOT NULL,
  environment_id BLOB NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revoked_tokens_expiry ON revoked_tokens (expires_at);

-- When a key began to sign, and when it stopped.
ALTER TABLE signing_keys ADD COLUMN activated_at TEXT;
ALTER TABLE signing_keys ADD COLUMN retired_at TEXT;
UPDATE signing_keys SET activated_at = created_at WHERE state = 'active';
CREATE UNIQUE INDEX signing_keys_next ON signing_keys (environment_id, algorithm) WHERE state = 'next';
