-- Links with which users choose a password: one living link a user, used once. Only the SHA-256 of a link's code is kept.
CREATE TABLE password_links (
  user_id UUID PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  code_hash BYTEA NOT NULL UNIQUE,
  created_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX password_links_expiry ON password_links (expires_at);
