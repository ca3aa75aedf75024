-- Room for what comes next, so that no table with millions of rows has to be written anew for it: columns are added in no
-- time, however many rows there are. Nothing here reads or writes a row of the audit trail but the search for its new index.

-- What nobody reads.
ALTER TABLE sessions DROP COLUMN hidden_from_account;
ALTER TABLE browser_uses DROP COLUMN chosen_at;
ALTER TABLE operator_sessions DROP COLUMN last_seen_at;
ALTER TABLE notices DROP COLUMN first_seen_at;
ALTER TABLE impersonation_settings DROP COLUMN updated_at;

-- Kinds of sessions, roles, states of keys and kinds of addresses are words of the program, which refuses those that it does
-- not know when it reads them: they need no second list here, to be changed with each new one. The two that have a list decide
-- what may be done, and stand in rows that nobody can mend. NOT VALID holds for every row from now on, and reads none of those
-- that are there: they have no mode, or the one that the column begins with, and a word of the shorter list.
ALTER TABLE sessions DROP CONSTRAINT sessions_kind_check;
ALTER TABLE operator_roles DROP CONSTRAINT operator_roles_role_check;
ALTER TABLE signing_keys DROP CONSTRAINT signing_keys_state_check;
ALTER TABLE redirect_uris DROP CONSTRAINT redirect_uris_kind_check;

-- What may be done in a session: act, or only look. A user's own session always acts.
ALTER TABLE sessions ADD COLUMN mode TEXT NOT NULL DEFAULT 'act';
ALTER TABLE sessions ADD CONSTRAINT sessions_mode_check CHECK (mode IN ('act', 'look')) NOT VALID;
ALTER TABLE sessions ADD CONSTRAINT sessions_own_mode_check CHECK (kind = 'impersonation' OR mode = 'act') NOT VALID;

-- Who edits something says which version of it was seen; an edit in between has made another one. A role's version stands for
-- its permissions, an application's for its addresses, a membership's for its roles. Visits and sign-ins are no edits.
ALTER TABLE users ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE accounts ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE applications ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE roles ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE memberships ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

-- What the directory that a user comes from calls it, whatever its e-mail is by now.
ALTER TABLE users ADD COLUMN external_id TEXT;
CREATE UNIQUE INDEX users_external_id ON users (environment_id, external_id) WHERE external_id IS NOT NULL;

-- The mode of the session that an event happened in; NULL outside of sessions, and for events of earlier versions.
ALTER TABLE audit_events ADD COLUMN mode TEXT;
-- Where an event stands among those of its environment, its hash as a leaf of their tree, and the seal that covers it: all
-- three are given later and together, by who seals, since who writes knows neither what others are writing nor their order.
ALTER TABLE audit_events ADD COLUMN seq BIGINT;
ALTER TABLE audit_events ADD COLUMN leaf BYTEA;
ALTER TABLE audit_events ADD COLUMN sealed_in UUID;
ALTER TABLE audit_events ADD CONSTRAINT audit_events_mode_check CHECK (mode IN ('act', 'look')) NOT VALID;
-- An application that does something is a client, whether or not a person uses it, and so is a credential. Rows that call it an
-- application stay as they are, for what is sealed over is the row as it was written: the word is read as the same.
ALTER TABLE audit_events DROP CONSTRAINT audit_events_actor_kind_check;
ALTER TABLE audit_events ADD CONSTRAINT audit_events_actor_kind_check
  CHECK (actor_kind IN ('operator', 'user', 'client', 'agent', 'system', 'application')) NOT VALID;

-- One count an environment: each is proved by itself and to its own people, whom the events of others do not concern, and who
-- seals one waits for nobody else.
CREATE UNIQUE INDEX audit_events_seq ON audit_events (environment_id, seq) WHERE seq IS NOT NULL;

-- An event is written without a seal, and sealed once: then nothing of it changes any more. Whole rows are compared, byte by
-- byte, so that a column that is added later cannot be changed either.
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
  END IF;
  RAISE EXCEPTION 'audit events are never changed or deleted';
END $$;
CREATE FUNCTION audit_events_refuse_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit events are sealed after they are written';
END $$;
CREATE TRIGGER audit_events_sealed_later BEFORE INSERT ON audit_events FOR EACH ROW
  WHEN (NEW.seq IS NOT NULL OR NEW.leaf IS NOT NULL OR NEW.sealed_in IS NOT NULL)
  EXECUTE FUNCTION audit_events_refuse_sealed();
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_sealed_later;
