-- For how many days an environment keeps what is over.
CREATE TABLE retention (
  environment_id BLOB PRIMARY KEY NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  audit_days INTEGER NOT NULL DEFAULT 400 CHECK (audit_days BETWEEN 1 AND 36500),
  session_days INTEGER NOT NULL DEFAULT 400 CHECK (session_days BETWEEN 1 AND 36500),
  portal_session_days INTEGER NOT NULL DEFAULT 400 CHECK (portal_session_days BETWEEN 1 AND 36500),
  failed_sign_in_days INTEGER NOT NULL DEFAULT 400 CHECK (failed_sign_in_days BETWEEN 1 AND 36500),
  -- When all was removed that was due, for the last time, and what was removed that no event says yet.
  swept_at TEXT,
  removed_events INTEGER NOT NULL DEFAULT 0,
  removed_sessions INTEGER NOT NULL DEFAULT 0,
  removed_portal_sessions INTEGER NOT NULL DEFAULT 0,
  removed_failed_sign_ins INTEGER NOT NULL DEFAULT 0,
  -- Events of before these may be deleted: those of impersonations, and the others. Set in a transaction that deletes, and taken
  -- back in it: whoever is outside of it never sees them.
  removing_before TEXT,
  removing_impersonated_before TEXT
) STRICT;
-- What is there already was never removed before: eight days are left to say how long it is kept.
INSERT INTO retention (environment_id, swept_at)
SELECT id, strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now', '+7 days') FROM environments;

-- Sessions that are over, the oldest first.
CREATE INDEX sessions_ended ON sessions (environment_id, kind, ended_at) WHERE ended_at IS NOT NULL;

-- From how many addresses sign-ins with an unknown e-mail failed in an hour, as far as they are kept apart, and how many from
-- each. An address is a hash that nobody can make without the master key; an empty one stands for all others.
ALTER TABLE failed_sign_ins ADD COLUMN addresses INTEGER NOT NULL DEFAULT 0;
CREATE TABLE failed_sign_in_addresses (
  environment_id BLOB NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  hour TEXT NOT NULL,
  door TEXT NOT NULL,
  address BLOB NOT NULL,
  attempts INTEGER NOT NULL,
  PRIMARY KEY (environment_id, hour, door, address)
) STRICT, WITHOUT ROWID;

-- What may be deleted is so many days older than the newest event of its environment, which nobody can delete: not for any
-- clock, and whatever the row says, nothing younger goes, and nothing of an impersonation within 30 days. Times are compared as
-- text when events are deleted, and so have to be written in the one zone that all are stored in.
CREATE TRIGGER retention_begins_shut BEFORE INSERT ON retention
WHEN NEW.removing_before IS NOT NULL OR NEW.removing_impersonated_before IS NOT NULL
BEGIN
  SELECT RAISE(ABORT, 'audit events are not deleted before their time');
END;
CREATE TRIGGER retention_keeps_time BEFORE UPDATE ON retention
WHEN (NEW.removing_before IS NOT NULL OR NEW.removing_impersonated_before IS NOT NULL) AND NOT COALESCE(
  (SELECT NEW.removing_before GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]*'
    AND NEW.removing_impersonated_before GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]*'
    AND NEW.removing_before GLOB '*+00:00' AND NEW.removing_impersonated_before GLOB '*+00:00'
    AND unixepoch(newest.at) - unixepoch(NEW.removing_before) >= NEW.audit_days * 86400
    AND unixepoch(newest.at) - unixepoch(NEW.removing_impersonated_before) >= MAX(NEW.audit_days, 30) * 86400
   FROM (SELECT MAX(occurred_at) AS at FROM audit_events WHERE environment_id = NEW.environment_id) AS newest), FALSE)
BEGIN
  SELECT RAISE(ABORT, 'audit events are not deleted before their time');
END;

DROP TRIGGER audit_events_no_delete;
CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
WHEN NOT EXISTS (
  SELECT 1 FROM retention WHERE environment_id = OLD.environment_id
    AND OLD.occurred_at < CASE WHEN OLD.operator_id IS NULL THEN removing_before ELSE removing_impersonated_before END)
BEGIN
  SELECT RAISE(ABORT, 'audit events are never deleted before their time');
END;
