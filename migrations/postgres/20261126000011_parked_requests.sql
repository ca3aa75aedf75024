-- Authorization requests that are too long to be carried through the sign-in page: kept here under a short name meanwhile.
CREATE TABLE parked_requests (
  name_hash BYTEA PRIMARY KEY NOT NULL,
  environment_id UUID NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  -- Path and query, as the browser is to ask for it again.
  text TEXT NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX parked_requests_age ON parked_requests (environment_id, expires_at);
CREATE INDEX parked_requests_expiry ON parked_requests (expires_at);
