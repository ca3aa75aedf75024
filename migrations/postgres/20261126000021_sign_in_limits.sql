-- How many sign-ins with an unknown e-mail failed, by environment, door and hour: an event for each would be a stranger's to
-- write without end.
CREATE TABLE failed_sign_ins (
  environment_id UUID NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  door TEXT NOT NULL CHECK (door IN ('portal', 'hosted')),
  hour TIMESTAMPTZ NOT NULL,
  attempts BIGINT NOT NULL,
  PRIMARY KEY (environment_id, door, hour)
);
CREATE INDEX failed_sign_ins_hour ON failed_sign_ins (hour);

-- What a server saw that an administrator should know: once a kind and detail.
CREATE TABLE notices (
  kind TEXT NOT NULL,
  detail TEXT NOT NULL,
  first_seen_at TIMESTAMPTZ NOT NULL,
  last_seen_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (kind, detail)
);
