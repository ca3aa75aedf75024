-- Keys are UUIDv7 as 16-byte blobs, times are RFC 3339 text in UTC with microseconds, booleans are 0 and 1.
-- seq columns exist for the search index and for stable insertion order; they never leave the database.

CREATE TABLE environments (
  id BLOB PRIMARY KEY NOT NULL,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  position INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL
) STRICT;

CREATE TABLE impersonation_settings (
  environment_id BLOB PRIMARY KEY NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  enabled INTEGER NOT NULL DEFAULT FALSE,
  hide_from_account_audit INTEGER NOT NULL DEFAULT FALSE,
  updated_at TEXT NOT NULL
) STRICT;

CREATE TABLE operators (
  id BLOB PRIMARY KEY NOT NULL,
  email TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  disabled_at TEXT,
  created_at TEXT NOT NULL
) STRICT;

-- A role without an environment is granted for all.
CREATE TABLE operator_roles (
  id BLOB PRIMARY KEY NOT NULL,
  operator_id BLOB NOT NULL REFERENCES operators (id) ON DELETE CASCADE,
  environment_id BLOB REFERENCES environments (id) ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'impersonator', 'backoffice_editor', 'backoffice_viewer'))
) STRICT;
CREATE UNIQUE INDEX operator_roles_one ON operator_roles (operator_id, environment_id, role) WHERE environment_id IS NOT NULL;
CREATE UNIQUE INDEX operator_roles_all ON operator_roles (operator_id, role) WHERE environment_id IS NULL;

CREATE TABLE operator_sessions (
  id BLOB PRIMARY KEY NOT NULL,
  operator_id BLOB NOT NULL REFERENCES operators (id) ON DELETE CASCADE,
  secret_hash BLOB NOT NULL UNIQUE,
  created_at TEXT NOT NULL,
  last_seen_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  ended_at TEXT,
  ip_address TEXT,
  user_agent TEXT
) STRICT;
CREATE INDEX operator_sessions_operator ON operator_sessions (operator_id);

CREATE TABLE accounts (
  id BLOB PRIMARY KEY NOT NULL,
  environment_id BLOB NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  external_id TEXT NOT NULL,
  name TEXT NOT NULL,
  created_at TEXT NOT NULL,
  UNIQUE (environment_id, external_id)
) STRICT;

-- search_text is the lower-cased name and e-mail, sort_name the lower-cased name: folded once, by the server, alike on both databases.
-- last_visit_us is microseconds since 1970, 0 for never, so that a page by key needs no rule for NULL.
CREATE TABLE users (
  seq INTEGER PRIMARY KEY NOT NULL,
  id BLOB NOT NULL UNIQUE,
  environment_id BLOB NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  email TEXT NOT NULL,
  email_domain TEXT NOT NULL,
  email_verified INTEGER NOT NULL DEFAULT FALSE,
  name TEXT NOT NULL,
  sort_name TEXT NOT NULL,
  search_text TEXT NOT NULL,
  picture_url TEXT,
  password_hash TEXT,
  mfa_enrolled INTEGER NOT NULL DEFAULT FALSE,
  locked_at TEXT,
  active_account_id BLOB REFERENCES accounts (id) ON DELETE SET NULL,
  last_login_at TEXT,
  last_visit_us INTEGER NOT NULL DEFAULT 0,
  visits INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  UNIQUE (environment_id, email)
) STRICT;
CREATE INDEX users_by_name ON users (environment_id, sort_name, id);
CREATE INDEX users_by_last_visit ON users (environment_id, last_visit_us, id);
CREATE INDEX users_by_visits ON users (environment_id, visits, id);
CREATE INDEX users_by_created ON users (environment_id, created_at, id);

CREATE VIRTUAL TABLE users_search USING fts5 (search_text, content = 'users', content_rowid = 'seq', tokenize = 'trigram');
CREATE TRIGGER users_search_insert AFTER INSERT ON users BEGIN
  INSERT INTO users_search (rowid, search_text) VALUES (new.seq, new.search_text);
END;
CREATE TRIGGER users_search_delete AFTER DELETE ON users BEGIN
  INSERT INTO users_search (users_search, rowid, search_text) VALUES ('delete', old.seq, old.search_text);
END;
CREATE TRIGGER users_search_update AFTER UPDATE OF search_text ON users BEGIN
  INSERT INTO users_search (users_search, rowid, search_text) VALUES ('delete', old.seq, old.search_text);
  INSERT INTO users_search (rowid, search_text) VALUES (new.seq, new.search_text);
END;

CREATE TABLE roles (
  id BLOB PRIMARY KEY NOT NULL,
  environment_id BLOB NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  name TEXT NOT NULL,
  UNIQUE (environment_id, key)
) STRICT;

CREATE TABLE role_permissions (
  role_id BLOB NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
  permission TEXT NOT NULL,
  PRIMARY KEY (role_id, permission)
) STRICT, WITHOUT ROWID;

CREATE TABLE memberships (
  account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  disabled_at TEXT,
  created_at TEXT NOT NULL,
  PRIMARY KEY (account_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_user ON memberships (user_id);

CREATE TABLE membership_roles (
  account_id BLOB NOT NULL,
  user_id BLOB NOT NULL,
  role_id BLOB NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
  PRIMARY KEY (user_id, account_id, role_id),
  FOREIGN KEY (account_id, user_id) REFERENCES memberships (account_id, user_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE applications (
  id BLOB PRIMARY KEY NOT NULL,
  environment_id BLOB NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  client_id TEXT NOT NULL,
  name TEXT NOT NULL,
  login_method TEXT NOT NULL CHECK (login_method IN ('hosted', 'embedded')),
  app_url TEXT NOT NULL,
  login_url TEXT NOT NULL,
  initiate_login_url TEXT,
  -- Without a secret the client is public and proves itself by PKCE alone.
  client_secret_hash BLOB,
  keep_session_alive INTEGER NOT NULL DEFAULT TRUE,
  signing_algorithm TEXT NOT NULL DEFAULT 'RS256' CHECK (signing_algorithm IN ('RS256', 'ES256')),
  created_at TEXT NOT NULL,
  UNIQUE (environment_id, client_id)
) STRICT;

CREATE TABLE redirect_uris (
  application_id BLOB NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('login', 'logout')),
  uri TEXT NOT NULL,
  PRIMARY KEY (application_id, kind, uri)
) STRICT, WITHOUT ROWID;

CREATE TABLE account_applications (
  account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  application_id BLOB NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
  is_default INTEGER NOT NULL DEFAULT FALSE,
  PRIMARY KEY (account_id, application_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX account_applications_default ON account_applications (account_id) WHERE is_default;

-- A session's account is the one it works in now. deadline is the absolute end of an impersonation and never moves.
CREATE TABLE sessions (
  id BLOB PRIMARY KEY NOT NULL,
  environment_id BLOB NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('password', 'impersonation')),
  account_id BLOB REFERENCES accounts (id) ON DELETE SET NULL,
  application_id BLOB REFERENCES applications (id) ON DELETE SET NULL,
  operator_id BLOB REFERENCES operators (id),
  reason TEXT,
  ticket TEXT,
  deadline TEXT,
  hidden_from_account INTEGER NOT NULL DEFAULT FALSE,
  created_at TEXT NOT NULL,
  last_seen_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  ended_at TEXT,
  end_reason TEXT,
  ip_address TEXT,
  user_agent TEXT,
  CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
  CHECK (
    CASE kind
      WHEN 'impersonation' THEN operator_id IS NOT NULL AND reason IS NOT NULL AND length(reason) BETWEEN 1 AND 500 AND deadline IS NOT NULL
        AND deadline = expires_at
        AND (ended_at IS NOT NULL OR (account_id IS NOT NULL AND application_id IS NOT NULL))
      ELSE operator_id IS NULL AND reason IS NULL AND ticket IS NULL AND deadline IS NULL
    END
  )
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id, created_at);
CREATE INDEX sessions_live ON sessions (environment_id, kind, created_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_operator ON sessions (operator_id, user_id) WHERE ended_at IS NULL AND operator_id IS NOT NULL;
CREATE INDEX sessions_due ON sessions (expires_at) WHERE ended_at IS NULL;

-- The browser's half of a session: an impersonation's is bound to the one application it was handed to.
CREATE TABLE session_cookies (
  secret_hash BLOB PRIMARY KEY NOT NULL,
  session_id BLOB NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  application_id BLOB REFERENCES applications (id) ON DELETE CASCADE,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_cookies_session ON session_cookies (session_id);

CREATE TABLE hand_off_codes (
  code_hash BLOB PRIMARY KEY NOT NULL,
  session_id BLOB NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  application_id BLOB NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
  operator_session_id BLOB REFERENCES operator_sessions (id) ON DELETE SET NULL,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  redeemed_at TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE authorization_codes (
  code_hash BLOB PRIMARY KEY NOT NULL,
  session_id BLOB NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  application_id BLOB NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
  redirect_uri TEXT NOT NULL,
  scope TEXT NOT NULL,
  nonce TEXT,
  code_challenge TEXT,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  redeemed_at TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX authorization_codes_session ON authorization_codes (session_id);

-- family_id is shared by all refresh tokens that one authorization code began.
CREATE TABLE refresh_tokens (
  token_hash BLOB PRIMARY KEY NOT NULL,
  family_id BLOB NOT NULL,
  session_id BLOB NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  application_id BLOB NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
  code_hash BLOB,
  scope TEXT NOT NULL,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  rotated_at TEXT,
  revoked_at TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_family ON refresh_tokens (family_id);
CREATE INDEX refresh_tokens_code ON refresh_tokens (code_hash);

CREATE TABLE signing_keys (
  kid TEXT PRIMARY KEY NOT NULL,
  environment_id BLOB NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  algorithm TEXT NOT NULL CHECK (algorithm IN ('RS256', 'ES256')),
  state TEXT NOT NULL CHECK (state IN ('next', 'active', 'retiring')),
  public_jwk TEXT NOT NULL,
  sealed_private_key BLOB NOT NULL,
  created_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX signing_keys_active ON signing_keys (environment_id, algorithm) WHERE state = 'active';

-- Names are those at the time of the event: what happened stays readable when people and accounts are gone.
CREATE TABLE audit_events (
  id BLOB PRIMARY KEY NOT NULL,
  environment_id BLOB NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  occurred_at TEXT NOT NULL,
  action TEXT NOT NULL,
  severity TEXT NOT NULL CHECK (severity IN ('info', 'medium', 'high', 'critical')),
  actor_kind TEXT NOT NULL CHECK (actor_kind IN ('operator', 'user', 'application', 'system')),
  actor_id BLOB,
  actor_name TEXT NOT NULL,
  operator_id BLOB,
  operator_name TEXT,
  user_id BLOB,
  user_name TEXT,
  user_email TEXT,
  account_id BLOB,
  account_name TEXT,
  application_id BLOB,
  application_name TEXT,
  session_id BLOB,
  reason TEXT,
  ticket TEXT,
  description TEXT NOT NULL,
  ip_address TEXT,
  user_agent TEXT,
  request_id TEXT,
  visible_to_account INTEGER NOT NULL,
  search_text TEXT NOT NULL,
  -- Starting and ending an impersonation always names everyone involved.
  CHECK (action NOT IN ('impersonation.started', 'impersonation.ended')
    OR (operator_id IS NOT NULL AND user_id IS NOT NULL AND session_id IS NOT NULL AND reason IS NOT NULL))
) STRICT;
CREATE INDEX audit_events_by_time ON audit_events (environment_id, occurred_at, id);
CREATE INDEX audit_events_by_user ON audit_events (user_id, occurred_at, id);
CREATE INDEX audit_events_by_account ON audit_events (account_id, occurred_at, id);
CREATE UNIQUE INDEX audit_events_one_start ON audit_events (session_id) WHERE action = 'impersonation.started';
CREATE UNIQUE INDEX audit_events_one_end ON audit_events (session_id) WHERE action = 'impersonation.ended';

CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events BEGIN
  SELECT RAISE(ABORT, 'audit events are never changed');
END;
CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events BEGIN
  SELECT RAISE(ABORT, 'audit events are never deleted');
END;
