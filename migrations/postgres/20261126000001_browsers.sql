-- A browser as an environment's provider knows it: by one cookie, whatever it holds.
CREATE TABLE browsers (
  id UUID PRIMARY KEY NOT NULL,
  environment_id UUID NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  secret_hash BYTEA NOT NULL UNIQUE,
  created_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX browsers_expiry ON browsers (expires_at);

-- The sessions that a browser holds: the user's own, for every application, and impersonations, each for one.
CREATE TABLE browser_sessions (
  browser_id UUID NOT NULL REFERENCES browsers (id) ON DELETE CASCADE,
  session_id UUID NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  application_id UUID REFERENCES applications (id) ON DELETE CASCADE,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (browser_id, session_id)
);
CREATE INDEX browser_sessions_session ON browser_sessions (session_id);

-- Who was who in an application by this browser: the last is the one with the highest turn. A session that ended stays, so
-- that nobody else takes its place unasked, until the next one begins there or the person chose.
CREATE TABLE browser_uses (
  browser_id UUID NOT NULL REFERENCES browsers (id) ON DELETE CASCADE,
  application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
  session_id UUID NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  turn BIGINT NOT NULL,
  chosen_at TIMESTAMPTZ,
  PRIMARY KEY (browser_id, application_id, session_id)
);
CREATE INDEX browser_uses_session ON browser_uses (session_id);

-- Cookies of the provider's own from before: whoever has one signs in once more.
DELETE FROM session_cookies WHERE application_id IS NULL;
