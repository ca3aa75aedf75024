-- What a user has beside what lists show: a table of its own, so that the rows that lists walk through stay short. Few users have one.
CREATE TABLE user_details (
  user_id UUID PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  -- A JSON object, as it is shown and given out.
  metadata TEXT,
  -- A language tag (BCP 47).
  locale TEXT,
  -- Why the user is locked, in the words of whoever did it.
  lock_reason TEXT
);

-- The sessions of an account, each kind by itself, the newest first.
CREATE INDEX sessions_account ON sessions (account_id, kind, created_at, id) WHERE account_id IS NOT NULL;

-- How many users an account has, and when something happened in it for the last time. Users are counted with each write, in rows
-- that are added up: a single one would make all who write members of an account wait for each other. The server's upkeep makes
-- one of many. Times follow the audit trail, behind its newest events.
CREATE TABLE account_sizes (
  account_id UUID PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
  environment_id UUID NOT NULL,
  users BIGINT NOT NULL DEFAULT 0,
  active_us BIGINT NOT NULL DEFAULT 0
);
INSERT INTO account_sizes (account_id, environment_id, users, active_us)
SELECT a.id, a.environment_id, coalesce(m.members, 0),
  coalesce((SELECT (extract(epoch FROM e.occurred_at) * 1000000)::bigint FROM audit_events e WHERE e.account_id = a.id
    ORDER BY e.occurred_at DESC, e.id DESC LIMIT 1), 0)
FROM accounts a LEFT JOIN (SELECT account_id, count(*) AS members FROM memberships GROUP BY account_id) m ON m.account_id = a.id;
CREATE INDEX account_sizes_by_users ON account_sizes (environment_id, users, account_id);
CREATE INDEX account_sizes_by_activity ON account_sizes (environment_id, active_us, account_id);
CREATE TABLE account_size_changes (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  users BIGINT NOT NULL
);
CREATE INDEX account_size_changes_account ON account_size_changes (account_id);

CREATE FUNCTION account_sizes_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO account_sizes (account_id, environment_id) SELECT id, environment_id FROM inserted;
  RETURN NULL;
END $$;
CREATE TRIGGER account_sizes_insert AFTER INSERT ON accounts
REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION account_sizes_inserted();
CREATE FUNCTION account_sizes_joined() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO account_size_changes (account_id, users) SELECT account_id, count(*) FROM inserted GROUP BY account_id;
  RETURN NULL;
END $$;
CREATE TRIGGER account_sizes_member AFTER INSERT ON memberships
REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION account_sizes_joined();
-- Where an account itself is deleted there is nothing left to count.
CREATE FUNCTION account_sizes_went() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO account_size_changes (account_id, users)
  SELECT d.account_id, -count(*) FROM deleted d JOIN accounts a ON a.id = d.account_id GROUP BY d.account_id;
  RETURN NULL;
END $$;
CREATE TRIGGER account_sizes_left AFTER DELETE ON memberships
REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION account_sizes_went();
-- How far each environment's trail was read for that.
CREATE TABLE account_activity (
  environment_id UUID PRIMARY KEY REFERENCES environments (id) ON DELETE CASCADE,
  read_at TIMESTAMPTZ NOT NULL,
  read_id UUID NOT NULL
);
INSERT INTO account_activity (environment_id, read_at, read_id)
SELECT v.id, e.occurred_at, e.id FROM environments v CROSS JOIN LATERAL (
  SELECT n.occurred_at, n.id FROM audit_events n WHERE n.environment_id = v.id ORDER BY n.occurred_at DESC, n.id DESC LIMIT 1) e;

-- Users who were deleted. Their ids stay in the trail, and what named them goes out of it: `names` is what that is, as long as it is
-- being done, `passed` how far it is done, and `again` whether that is for the second and last time.
CREATE TABLE deleted_users (
  user_id UUID PRIMARY KEY,
  environment_id UUID NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  deleted_at TIMESTAMPTZ NOT NULL,
  names TEXT,
  passed_at TIMESTAMPTZ,
  passed_id UUID,
  again BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX deleted_users_named ON deleted_users (deleted_at) WHERE names IS NOT NULL;

-- Beside being sealed, which happens once, an event changes in one more way: what names a person goes, while the person is being
-- taken out of the trail and is no user any more. Which event it is stays, as do its time, its place and seal, what was done, by
-- and for which ids, where, by which operator, and why; of its sentences only such parts change as become "deleted user".
CREATE OR REPLACE FUNCTION audit_events_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  allowed audit_events;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    allowed := OLD;
    IF OLD.seq IS NULL AND OLD.leaf IS NULL AND OLD.sealed_in IS NULL
      AND NEW.seq IS NOT NULL AND NEW.leaf IS NOT NULL AND NEW.sealed_in IS NOT NULL THEN
      allowed.seq := NEW.seq;
      allowed.leaf := NEW.leaf;
      allowed.sealed_in := NEW.sealed_in;
      IF NEW *= allowed THEN
        RETURN NEW;
      END IF;
    ELSIF EXISTS (SELECT 1 FROM deleted_users WHERE user_id = OLD.user_id AND names IS NOT NULL)
      AND NOT EXISTS (SELECT 1 FROM users WHERE id = OLD.user_id)
      AND (NEW.description = OLD.description OR strpos(NEW.description, 'deleted user') > 0)
      AND (NEW.reason IS NOT DISTINCT FROM OLD.reason OR strpos(coalesce(NEW.reason, ''), 'deleted user') > 0)
      AND (NEW.ticket IS NOT DISTINCT FROM OLD.ticket OR strpos(coalesce(NEW.ticket, ''), 'deleted user') > 0) THEN
      allowed.user_name := 'deleted user';
      allowed.user_email := NULL;
      IF OLD.actor_kind = 'user' AND OLD.actor_id IS NOT DISTINCT FROM OLD.user_id THEN
        allowed.actor_name := 'deleted user';
      END IF;
      IF OLD.actor_kind = 'user' AND OLD.operator_id IS NULL AND NEW.ip_address IS NULL AND NEW.user_agent IS NULL THEN
        allowed.ip_address := NULL;
        allowed.user_agent := NULL;
      END IF;
      allowed.description := NEW.description;
      allowed.reason := NEW.reason;
      allowed.ticket := NEW.ticket;
      allowed.search_text := NEW.search_text;
      IF NEW *= allowed THEN
        RETURN NEW;
      END IF;
    END IF;
  ELSIF TG_OP = 'DELETE' THEN
    IF EXISTS (
      SELECT 1 FROM retention WHERE environment_id = OLD.environment_id
        AND OLD.occurred_at < CASE WHEN OLD.operator_id IS NULL THEN removing_before ELSE removing_impersonated_before END) THEN
      RETURN OLD;
    END IF;
  END IF;
  RAISE EXCEPTION 'audit events are never changed, nor deleted before their time';
END $$;
-- It reads tables by their names, and whoever may make temporary tables could put others in front of these.
DO $$ BEGIN
  EXECUTE format('ALTER FUNCTION audit_events_refuse() SET search_path = pg_catalog, %I, pg_temp', current_schema());
END $$;
