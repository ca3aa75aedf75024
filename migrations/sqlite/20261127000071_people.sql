-- What a user has beside what lists show: a table of its own, so that the rows that lists walk through stay short. Few users have one.
CREATE TABLE user_details (
  user_id BLOB PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- A JSON object, as it is shown and given out.
  metadata TEXT,
  -- A language tag (BCP 47).
  locale TEXT,
  -- Why the user is locked, in the words of whoever did it.
  lock_reason TEXT
) STRICT, WITHOUT ROWID;

-- The sessions of an account, each kind by itself, the newest first.
CREATE INDEX sessions_account ON sessions (account_id, kind, created_at, id) WHERE account_id IS NOT NULL;

-- How many users an account has, and when something happened in it for the last time. Users are counted with each write; times
-- follow the audit trail, behind its newest events.
CREATE TABLE account_sizes (
  account_id BLOB PRIMARY KEY NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  environment_id BLOB NOT NULL,
  users INTEGER NOT NULL DEFAULT 0,
  active_us INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO account_sizes (account_id, environment_id, users, active_us)
SELECT a.id, a.environment_id, (SELECT count(*) FROM memberships m WHERE m.account_id = a.id),
  coalesce((SELECT unixepoch(MAX(e.occurred_at)) * 1000000 FROM audit_events e WHERE e.account_id = a.id), 0)
FROM accounts a;
CREATE INDEX account_sizes_by_users ON account_sizes (environment_id, users, account_id);
CREATE INDEX account_sizes_by_activity ON account_sizes (environment_id, active_us, account_id);
-- What writers add on PostgreSQL; nothing here, where there is one writer at a time.
CREATE TABLE account_size_changes (
  account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  users INTEGER NOT NULL
) STRICT;
CREATE INDEX account_size_changes_account ON account_size_changes (account_id);
CREATE TRIGGER account_sizes_insert AFTER INSERT ON accounts BEGIN
  INSERT INTO account_sizes (account_id, environment_id) VALUES (new.id, new.environment_id);
END;
CREATE TRIGGER account_sizes_member AFTER INSERT ON memberships BEGIN
  UPDATE account_sizes SET users = users + 1 WHERE account_id = new.account_id;
END;
CREATE TRIGGER account_sizes_left AFTER DELETE ON memberships BEGIN
  UPDATE account_sizes SET users = users - 1 WHERE account_id = old.account_id;
END;
-- How far each environment's trail was read for that.
CREATE TABLE account_activity (
  environment_id BLOB PRIMARY KEY NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  read_at TEXT NOT NULL,
  read_id BLOB NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO account_activity (environment_id, read_at, read_id)
SELECT e.environment_id, e.occurred_at, e.id FROM environments v JOIN audit_events e ON e.id = (
  SELECT n.id FROM audit_events n WHERE n.environment_id = v.id ORDER BY n.occurred_at DESC, n.id DESC LIMIT 1);

-- Users who were deleted. Their ids stay in the trail, and what named them goes out of it: `names` is what that is, as long as it is
-- being done, `passed` how far it is done, and `again` whether that is for the second and last time.
CREATE TABLE deleted_users (
  user_id BLOB PRIMARY KEY NOT NULL,
  environment_id BLOB NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  deleted_at TEXT NOT NULL,
  names TEXT,
  passed_at TEXT,
  passed_id BLOB,
  again INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX deleted_users_named ON deleted_users (deleted_at) WHERE names IS NOT NULL;

-- Beside being sealed, which happens once, an event changes in one more way: what names a person goes, while the person is being
-- taken out of the trail and is no user any more. Which event it is stays, as do its time, its place and seal, what was done, by
-- and for which ids, where, by which operator, and why; of its sentences only such parts change as become "deleted user".
DROP TRIGGER audit_events_no_update;
CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events
WHEN NEW.rowid IS NOT OLD.rowid
  OR (NEW.id, NEW.environment_id, NEW.occurred_at, NEW.action, NEW.severity, NEW.actor_kind, NEW.actor_id, NEW.operator_id,
      NEW.operator_name, NEW.user_id, NEW.account_id, NEW.account_name, NEW.application_id, NEW.application_name,
      NEW.session_id, NEW.request_id, NEW.visible_to_account, NEW.mode)
    IS NOT
     (OLD.id, OLD.environment_id, OLD.occurred_at, OLD.action, OLD.severity, OLD.actor_kind, OLD.actor_id, OLD.operator_id,
      OLD.operator_name, OLD.user_id, OLD.account_id, OLD.account_name, OLD.application_id, OLD.application_name,
      OLD.session_id, OLD.request_id, OLD.visible_to_account, OLD.mode)
  OR NOT (
    (OLD.seq IS NULL AND OLD.leaf IS NULL AND OLD.sealed_in IS NULL
      AND NEW.seq IS NOT NULL AND NEW.leaf IS NOT NULL AND NEW.sealed_in IS NOT NULL
      -- UPDATE OR REPLACE deletes the row that has the number already, and asks no trigger.
      AND NOT EXISTS (SELECT 1 FROM audit_events WHERE environment_id = NEW.environment_id AND seq = NEW.seq)
      AND (NEW.actor_name, NEW.user_name, NEW.user_email, NEW.reason, NEW.ticket, NEW.description, NEW.ip_address,
           NEW.user_agent, NEW.search_text)
        IS
          (OLD.actor_name, OLD.user_name, OLD.user_email, OLD.reason, OLD.ticket, OLD.description, OLD.ip_address,
           OLD.user_agent, OLD.search_text))
    OR
    (EXISTS (SELECT 1 FROM deleted_users WHERE user_id = OLD.user_id AND names IS NOT NULL)
      AND NOT EXISTS (SELECT 1 FROM users WHERE id = OLD.user_id)
      AND (NEW.seq, NEW.leaf, NEW.sealed_in) IS (OLD.seq, OLD.leaf, OLD.sealed_in)
      AND NEW.user_name IS 'deleted user' AND NEW.user_email IS NULL
      AND NEW.actor_name IS CASE WHEN OLD.actor_kind = 'user' AND OLD.actor_id IS OLD.user_id THEN 'deleted user' ELSE OLD.actor_name END
      AND ((NEW.ip_address, NEW.user_agent) IS (OLD.ip_address, OLD.user_agent)
        OR (OLD.operator_id IS NULL AND OLD.actor_kind = 'user' AND NEW.ip_address IS NULL AND NEW.user_agent IS NULL))
      AND (NEW.description IS OLD.description OR instr(NEW.description, 'deleted user') > 0)
      AND (NEW.reason IS OLD.reason OR instr(coalesce(NEW.reason, ''), 'deleted user') > 0)
      AND (NEW.ticket IS OLD.ticket OR instr(coalesce(NEW.ticket, ''), 'deleted user') > 0)))
BEGIN
  SELECT RAISE(ABORT, 'audit events are never changed');
END;
