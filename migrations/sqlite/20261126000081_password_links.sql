-- Links with which users choose a password: one living link a user, used once. Only the SHA-256 of a link's code is kept.
CREATE TABLE password_links (
  user_id BLOB PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  code_hash BLOB NOT NULL UNIQUE,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL
) STRICT;
CREATE INDEX password_links_expiry ON password_links (expires_at);
