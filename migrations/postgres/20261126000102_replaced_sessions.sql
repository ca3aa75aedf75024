-- Sessions of an application whose place in the browser another one took while they ran: their tabs may be open yet, and a tab
-- that is loaded anew cannot be told from one of the other.
CREATE TABLE replaced_sessions (
  secret_hash BYTEA NOT NULL REFERENCES session_cookies (secret_hash) ON DELETE CASCADE,
  session_id UUID NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  PRIMARY KEY (secret_hash, session_id)
);
CREATE INDEX replaced_sessions_session ON replaced_sessions (session_id);
