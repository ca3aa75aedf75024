-- For how many days an environment keeps what is over.
CREATE TABLE retention (
  environment_id UUID PRIMARY KEY NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  audit_days BIGINT NOT NULL DEFAULT 400 CHECK (audit_days BETWEEN 1 AND 36500),
  session_days BIGINT NOT NULL DEFAULT 400 CHECK (session_days BETWEEN 1 AND 36500),
  portal_session_days BIGINT NOT NULL DEFAULT 400 CHECK (portal_session_days BETWEEN 1 AND 36500),
  failed_sign_in_days BIGINT NOT NULL DEFAULT 400 CHECK (failed_sign_in_days BETWEEN 1 AND 36500),
  -- When all was removed that was due, for the last time, and what was removed that no event says yet.
  swept_at TIMESTAMPTZ,
  removed_events BIGINT NOT NULL DEFAULT 0,
  removed_sessions BIGINT NOT NULL DEFAULT 0,
  removed_portal_sessions BIGINT NOT NULL DEFAULT 0,
  removed_failed_sign_ins BIGINT NOT NULL DEFAULT 0,
  -- Events of before these may be deleted: those of impersonations, and the others. Set in a transaction that deletes, and taken
  -- back in it: whoever is outside of it never sees them.
  removing_before TIMESTAMPTZ,
  removing_impersonated_before TIMESTAMPTZ
);
-- What is there already was never removed before: eight days are left to say how long it is kept.
INSERT INTO retention (environment_id, swept_at) SELECT id, now() + interval '7 days' FROM environments;

-- Sessions that are over, the oldest first.
CREATE INDEX sessions_ended ON sessions (environment_id, kind, ended_at) WHERE ended_at IS NOT NULL;

-- From how many addresses sign-ins with an unknown e-mail failed in an hour, as far as they are kept apart, and how many from
-- each. An address is a hash that nobody can make without the master key; an empty one stands for all others.
ALTER TABLE failed_sign_ins ADD COLUMN addresses BIGINT NOT NULL DEFAULT 0;
CREATE TABLE failed_sign_in_addresses (
  environment_id UUID NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  hour TIMESTAMPTZ NOT NULL,
  door TEXT NOT NULL,
  address BYTEA NOT NULL,
  attempts BIGINT NOT NULL,
  PRIMARY KEY (environment_id, hour, door, address)
);

-- What may be deleted is so many days older than the newest event of its environment, which nobody can delete: not for any
-- clock, and whatever the row says, nothing younger goes, and nothing of an impersonation within 30 days.
CREATE FUNCTION retention_keeps_time() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  newest TIMESTAMPTZ;
BEGIN
  SELECT MAX(occurred_at) INTO newest FROM audit_events WHERE environment_id = NEW.environment_id;
  IF TG_OP = 'UPDATE' AND COALESCE(
    newest - NEW.removing_before >= make_interval(hours => 24 * NEW.audit_days::int)
    AND newest - NEW.removing_impersonated_before >= make_interval(hours => 24 * GREATEST(NEW.audit_days, 30)::int), FALSE) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'audit events are not deleted before their time';
END $$;
CREATE TRIGGER retention_keeps_time BEFORE INSERT OR UPDATE ON retention FOR EACH ROW
  WHEN (NEW.removing_before IS NOT NULL OR NEW.removing_impersonated_before IS NOT NULL)
  EXECUTE FUNCTION retention_keeps_time();
ALTER TABLE retention ENABLE ALWAYS TRIGGER retention_keeps_time;

CREATE OR REPLACE FUNCTION audit_events_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  sealed audit_events;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.seq IS NULL AND OLD.leaf IS NULL AND OLD.sealed_in IS NULL
      AND NEW.seq IS NOT NULL AND NEW.leaf IS NOT NULL AND NEW.sealed_in IS NOT NULL THEN
      sealed := OLD;
      sealed.seq := NEW.seq;
      sealed.leaf := NEW.leaf;
      sealed.sealed_in := NEW.sealed_in;
      IF NEW *= sealed THEN
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

-- Both read tables by their names, and whoever may make temporary tables could put others in front of these.
DO $$ BEGIN
  EXECUTE format('ALTER FUNCTION audit_events_refuse() SET search_path = pg_catalog, %I, pg_temp', current_schema());
  EXECUTE format('ALTER FUNCTION retention_keeps_time() SET search_path = pg_catalog, %I, pg_temp', current_schema());
END $$;
