-- Room for what comes next, so that no table with millions of rows has to be written anew for it: columns are added in no
-- time, however many rows there are. Nothing here reads or writes a row of the audit trail.

-- What nobody reads. These tables are written anew for it: SQLite takes a column away in no other way.
ALTER TABLE sessions DROP COLUMN hidden_from_account;
ALTER TABLE browser_uses DROP COLUMN chosen_at;
ALTER TABLE operator_sessions DROP COLUMN last_seen_at;
ALTER TABLE notices DROP COLUMN first_seen_at;
ALTER TABLE impersonation_settings DROP COLUMN updated_at;

-- What may be done in a session: act, or only look. A user's own session always acts.
ALTER TABLE sessions ADD COLUMN mode TEXT NOT NULL DEFAULT 'act';

-- Who edits something says which version of it was seen; an edit in between has made another one. A role's version stands for
-- its permissions, an application's for its addresses, a membership's for its roles. Visits and sign-ins are no edits.
ALTER TABLE users ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE accounts ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE applications ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE roles ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE memberships ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

-- What the directory that a user comes from calls it, whatever its e-mail is by now.
ALTER TABLE users ADD COLUMN external_id TEXT;

-- The mode of the session that an event happened in; NULL outside of sessions, and for events of earlier versions.
ALTER TABLE audit_events ADD COLUMN mode TEXT;
-- Where an event stands among those of its environment, its hash as a leaf of their tree, and the seal that covers it: all
-- three are given later and together, by who seals, since who writes knows neither what others are writing nor their order.
ALTER TABLE audit_events ADD COLUMN seq INTEGER;
ALTER TABLE audit_events ADD COLUMN leaf BLOB;
ALTER TABLE audit_events ADD COLUMN sealed_in BLOB;

-- SQLite checks every row when it adds a column with a CHECK, and writes a table anew for any other change of one. A CHECK
-- takes no room in the rows, so its words are changed in the schema itself, as https://www.sqlite.org/lang_altertable.html
-- (section 7, the simpler procedure) says. RESET reads the schema anew; what is created below tells other connections.
--
-- Kinds of sessions, roles, states of keys and kinds of addresses are words of the program, which refuses those that it does
-- not know when it reads them: they need no second list here, to be changed with each new one. The two that have a list decide
-- what may be done, and stand in rows that nobody can mend.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, ' CHECK (role IN (''owner'', ''admin'', ''impersonator'', ''backoffice_editor'', ''backoffice_viewer''))', '')
WHERE type = 'table' AND name = 'operator_roles';
UPDATE sqlite_schema SET sql = replace(sql, ' CHECK (state IN (''next'', ''active'', ''retiring''))', '')
WHERE type = 'table' AND name = 'signing_keys';
UPDATE sqlite_schema SET sql = replace(sql, ' CHECK (kind IN (''login'', ''logout''))', '')
WHERE type = 'table' AND name = 'redirect_uris';
UPDATE sqlite_schema SET sql = replace(replace(replace(sql,
  ' CHECK (kind IN (''password'', ''impersonation''))', ''),
  'mode TEXT NOT NULL DEFAULT ''act''', 'mode TEXT NOT NULL DEFAULT ''act'' CHECK (mode IN (''act'', ''look''))'),
  'AND ticket IS NULL AND deadline IS NULL', 'AND ticket IS NULL AND deadline IS NULL AND mode = ''act''')
WHERE type = 'table' AND name = 'sessions';
-- An application that does something is a client, whether or not a person uses it, and so is a credential. Rows that call it an
-- application stay as they are, for what is sealed over is the row as it was written: the word is read as the same.
UPDATE sqlite_schema SET sql = replace(replace(sql,
  'CHECK (actor_kind IN (''operator'', ''user'', ''application'', ''system''))',
  'CHECK (actor_kind IN (''operator'', ''user'', ''client'', ''agent'', ''system'', ''application''))'),
  'mode TEXT', 'mode TEXT CHECK (mode IN (''act'', ''look''))')
WHERE type = 'table' AND name = 'audit_events';
PRAGMA writable_schema = RESET;

CREATE UNIQUE INDEX users_external_id ON users (environment_id, external_id) WHERE external_id IS NOT NULL;

-- One count an environment: each is proved by itself and to its own people, whom the events of others do not concern, and who
-- seals one waits for nobody else.
CREATE UNIQUE INDEX audit_events_seq ON audit_events (environment_id, seq) WHERE seq IS NOT NULL;

-- An event is written without a seal, and sealed once: then nothing of it changes any more.
CREATE TRIGGER audit_events_sealed_later BEFORE INSERT ON audit_events
WHEN NEW.seq IS NOT NULL OR NEW.leaf IS NOT NULL OR NEW.sealed_in IS NOT NULL
BEGIN
  SELECT RAISE(ABORT, 'audit events are sealed after they are written');
END;
DROP TRIGGER audit_events_no_update;
CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events
WHEN OLD.seq IS NOT NULL OR OLD.leaf IS NOT NULL OR OLD.sealed_in IS NOT NULL
  OR NEW.seq IS NULL OR NEW.leaf IS NULL OR NEW.sealed_in IS NULL
  -- UPDATE OR REPLACE deletes the row that has the number already, and asks no trigger.
  OR EXISTS (SELECT 1 FROM audit_events WHERE environment_id = NEW.environment_id AND seq = NEW.seq)
  OR NEW.rowid IS NOT OLD.rowid
  OR (NEW.id, NEW.environment_id, NEW.occurred_at, NEW.action, NEW.severity, NEW.actor_kind, NEW.actor_id, NEW.actor_name,
      NEW.operator_id, NEW.operator_name, NEW.user_id, NEW.user_name, NEW.user_email, NEW.account_id, NEW.account_name,
      NEW.application_id, NEW.application_name, NEW.session_id, NEW.reason, NEW.ticket, NEW.description, NEW.ip_address,
      NEW.user_agent, NEW.request_id, NEW.visible_to_account, NEW.search_text, NEW.mode)
    IS NOT
     (OLD.id, OLD.environment_id, OLD.occurred_at, OLD.action, OLD.severity, OLD.actor_kind, OLD.actor_id, OLD.actor_name,
      OLD.operator_id, OLD.operator_name, OLD.user_id, OLD.user_name, OLD.user_email, OLD.account_id, OLD.account_name,
      OLD.application_id, OLD.application_name, OLD.session_id, OLD.reason, OLD.ticket, OLD.description, OLD.ip_address,
      OLD.user_agent, OLD.request_id, OLD.visible_to_account, OLD.search_text, OLD.mode)
BEGIN
  SELECT RAISE(ABORT, 'audit events are never changed');
END;
