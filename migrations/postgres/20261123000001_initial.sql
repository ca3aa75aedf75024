-- Keys are UUIDv7, times are UTC with microseconds.
-- seq columns exist for the search index and for stable insertion order; they never leave the database.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE environments (
  id UUID PRIMARY KEY NOT NULL,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  position BIGINT NOT NULL DEFAULT 0,
  created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE impersonation_settings (
  environment_id UUID PRIMARY KEY NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  enabled BOOLEAN NOT NULL DEFAULT FALSE,
  hide_from_account_audit BOOLEAN NOT NULL DEFAULT FALSE,
  updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE operators (
  id UUID PRIMARY KEY NOT NULL,
  email TEXT COLLATE "C" NOT NULL UNIQUE,
  name TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  disabled_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL
);

-- A role without an environment is granted for all.
CREATE TABLE operator_roles (
  id UUID PRIMARY KEY NOT NULL,
  operator_id UUID NOT NULL REFERENCES operators (id) ON DELETE CASCADE,
  environment_id UUID REFERENCES environments (id) ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'impersonator', 'backoffice_editor', 'backoffice_viewer'))
);
CREATE UNIQUE INDEX operator_roles_one ON operator_roles (operator_id, environment_id, role) WHERE environment_id IS NOT NULL;
CREATE UNIQUE INDEX operator_roles_all ON operator_roles (operator_id, role) WHERE environment_id IS NULL;

CREATE TABLE operator_sessions (
  id UUID PRIMARY KEY NOT NULL,
  operator_id UUID NOT NULL REFERENCES operators (id) ON DELETE CASCADE,
  secret_hash BYTEA NOT NULL UNIQUE,
  created_at TIMESTAMPTZ NOT NULL,
  last_seen_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  ended_at TIMESTAMPTZ,
  ip_address TEXT,
  user_agent TEXT
);
CREATE INDEX operator_sessions_operator ON operator_sessions (operator_id);

CREATE TABLE accounts (
  id UUID PRIMARY KEY NOT NULL,
  environment_id UUID NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  external_id TEXT NOT NULL,
  name TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  UNIQUE (environment_id, external_id)
);

-- search_text is the lower-cased name and e-mail, sort_name the lower-cased name: folded once, by the server, alike on both databases.
-- last_visit_us is microseconds since 1970, 0 for never, so that a page by key needs no rule for NULL.
CREATE TABLE users (
  seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id UUID NOT NULL UNIQUE,
  environment_id UUID NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  email TEXT COLLATE "C" NOT NULL,
  email_domain TEXT NOT NULL,
  email_verified BOOLEAN NOT NULL DEFAULT FALSE,
  name TEXT NOT NULL,
  sort_name TEXT COLLATE "C" NOT NULL,
  search_text TEXT NOT NULL,
  picture_url TEXT,
  password_hash TEXT,
  mfa_enrolled BOOLEAN NOT NULL DEFAULT FALSE,
  locked_at TIMESTAMPTZ,
  active_account_id UUID REFERENCES accounts (id) ON DELETE SET NULL,
  last_login_at TIMESTAMPTZ,
  last_visit_us BIGINT NOT NULL DEFAULT 0,
  visits BIGINT NOT NULL DEFAULT 0,
  created_at TIMESTAMPTZ NOT NULL,
  UNIQUE (environment_id, email)
);
CREATE INDEX users_by_name ON users (environment_id, sort_name, id);
CREATE INDEX users_by_last_visit ON users (environment_id, last_visit_us, id);
CREATE INDEX users_by_visits ON users (environment_id, visits, id);
CREATE INDEX users_by_created ON users (environment_id, created_at, id);

CREATE INDEX users_search ON users USING gin (search_text gin_trgm_ops);

CREATE TABLE roles (
  id UUID PRIMARY KEY NOT NULL,
  environment_id UUID NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  name TEXT NOT NULL,
  UNIQUE (environment_id, key)
);

CREATE TABLE role_permissions (
  role_id UUID NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
  permission TEXT NOT NULL,
  PRIMARY KEY (role_id, permission)
);

CREATE TABLE memberships (
  account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  disabled_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (account_id, user_id)
);
CREATE INDEX memberships_user ON memberships (user_id);

CREATE TABLE membership_roles (
  account_id UUID NOT NULL,
  user_id UUID NOT NULL,
  role_id UUID NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
  PRIMARY KEY (user_id, account_id, role_id),
  FOREIGN KEY (account_id, user_id) REFERENCES memberships (account_id, user_id) ON DELETE CASCADE
);

CREATE TABLE applications (
  id UUID PRIMARY KEY NOT NULL,
  environment_id UUID NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  client_id TEXT NOT NULL,
  name TEXT NOT NULL,
  login_method TEXT NOT NULL CHECK (login_method IN ('hosted', 'embedded')),
  app_url TEXT NOT NULL,
  login_url TEXT NOT NULL,
  initiate_login_url TEXT,
  -- Without a secret the client is public and proves itself by PKCE alone.
  client_secret_hash BYTEA,
  keep_session_alive BOOLEAN NOT NULL DEFAULT TRUE,
  signing_algorithm TEXT NOT NULL DEFAULT 'RS256' CHECK (signing_algorithm IN ('RS256', 'ES256')),
  created_at TIMESTAMPTZ NOT NULL,
  UNIQUE (environment_id, client_id)
);

CREATE TABLE redirect_uris (
  application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('login', 'logout')),
  uri TEXT NOT NULL,
  PRIMARY KEY (application_id, kind, uri)
);

CREATE TABLE account_applications (
  account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
  is_default BOOLEAN NOT NULL DEFAULT FALSE,
  PRIMARY KEY (account_id, application_id)
);
CREATE UNIQUE INDEX account_applications_default ON account_applications (account_id) WHERE is_default;

-- A session's account is the one it works in now. deadline is the absolute end of an impersonation and never moves.
CREATE TABLE sessions (
  id UUID PRIMARY KEY NOT NULL,
  environment_id UUID NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('password', 'impersonation')),
  account_id UUID REFERENCES accounts (id) ON DELETE SET NULL,
  application_id UUID REFERENCES applications (id) ON DELETE SET NULL,
  operator_id UUID REFERENCES operators (id),
  reason TEXT,
  ticket TEXT,
  deadline TIMESTAMPTZ,
  hidden_from_account BOOLEAN NOT NULL DEFAULT FALSE,
  created_at TIMESTAMPTZ NOT NULL,
  last_seen_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  ended_at TIMESTAMPTZ,
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
);
CREATE INDEX sessions_user ON sessions (user_id, created_at);
CREATE INDEX sessions_live ON sessions (environment_id, kind, created_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_operator ON sessions (operator_id, user_id) WHERE ended_at IS NULL AND operator_id IS NOT NULL;
CREATE INDEX sessions_due ON sessions (expires_at) WHERE ended_at IS NULL;

-- The browser's half of a session: an impersonation's is bound to the one application it was handed to.
CREATE TABLE session_cookies (
  secret_hash BYTEA PRIMARY KEY NOT NULL,
  session_id UUID NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  application_id UUID REFERENCES applications (id) ON DELETE CASCADE,
  created_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX session_cookies_session ON session_cookies (session_id);

CREATE TABLE hand_off_codes (
  code_hash BYTEA PRIMARY KEY NOT NULL,
  session_id UUID NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
  operator_session_id UUID REFERENCES operator_sessions (id) ON DELETE SET NULL,
  created_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  redeemed_at TIMESTAMPTZ
);

CREATE TABLE authorization_codes (
  code_hash BYTEA PRIMARY KEY NOT NULL,
  session_id UUID NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
  redirect_uri TEXT NOT NULL,
  scope TEXT NOT NULL,
  nonce TEXT,
  code_challenge TEXT,
  created_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  redeemed_at TIMESTAMPTZ
);
CREATE INDEX authorization_codes_session ON authorization_codes (session_id);

-- family_id is shared by all refresh tokens that one authorization code began.
CREATE TABLE refresh_tokens (
  token_hash BYTEA PRIMARY KEY NOT NULL,
  family_id UUID NOT NULL,
  session_id UUID NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
  code_hash BYTEA,
  scope TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  rotated_at TIMESTAMPTZ,
  revoked_at TIMESTAMPTZ
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_family ON refresh_tokens (family_id);
CREATE INDEX refresh_tokens_code ON refresh_tokens (code_hash);

CREATE TABLE signing_keys (
  kid TEXT PRIMARY KEY NOT NULL,
  environment_id UUID NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  algorithm TEXT NOT NULL CHECK (algorithm IN ('RS256', 'ES256')),
  state TEXT NOT NULL CHECK (state IN ('next', 'active', 'retiring')),
  public_jwk TEXT NOT NULL,
  sealed_private_key BYTEA NOT NULL,
  created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX signing_keys_active ON signing_keys (environment_id, algorithm) WHERE state = 'active';

-- Names are those at the time of the event: what happened stays readable when people and accounts are gone.
CREATE TABLE audit_events (
  id UUID PRIMARY KEY NOT NULL,
  environment_id UUID NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  occurred_at TIMESTAMPTZ NOT NULL,
  action TEXT NOT NULL,
  severity TEXT NOT NULL CHECK (severity IN ('info', 'medium', 'high', 'critical')),
  actor_kind TEXT NOT NULL CHECK (actor_kind IN ('operator', 'user', 'application', 'system')),
  actor_id UUID,
  actor_name TEXT NOT NULL,
  operator_id UUID,
  operator_name TEXT,
  user_id UUID,
  user_name TEXT,
  user_email TEXT,
  account_id UUID,
  account_name TEXT,
  application_id UUID,
  application_name TEXT,
  session_id UUID,
  reason TEXT,
  ticket TEXT,
  description TEXT NOT NULL,
  ip_address TEXT,
  user_agent TEXT,
  request_id TEXT,
  visible_to_account BOOLEAN NOT NULL,
  search_text TEXT NOT NULL,
  -- Starting and ending an impersonation always names everyone involved.
  CHECK (action NOT IN ('impersonation.started', 'impersonation.ended')
    OR (operator_id IS NOT NULL AND user_id IS NOT NULL AND session_id IS NOT NULL AND reason IS NOT NULL))
);
CREATE INDEX audit_events_by_time ON audit_events (environment_id, occurred_at, id);
CREATE INDEX audit_events_by_user ON audit_events (user_id, occurred_at, id);
CREATE INDEX audit_events_by_account ON audit_events (account_id, occurred_at, id);
CREATE UNIQUE INDEX audit_events_one_start ON audit_events (session_id) WHERE action = 'impersonation.started';
CREATE UNIQUE INDEX audit_events_one_end ON audit_events (session_id) WHERE action = 'impersonation.ended';

CREATE FUNCTION audit_events_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit events are never changed or deleted';
END $$;
CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE ON audit_events
  FOR EACH ROW EXECUTE FUNCTION audit_events_refuse();
