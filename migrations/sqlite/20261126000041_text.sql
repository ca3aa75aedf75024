-- What rows are found and sorted by is made by the server from their text. Rows that hold it in the form of an older version
-- are written anew when it starts: text_version says which form a row has, and the indexes find those of an older one. Both
-- are made anew, with the next number, when the form changes.

-- email_conflict is the spelling that the row's address should have and cannot: another user has it, or (empty) it is no
-- address any more. Such a row stays as it is, and is signed in to with the spelling that it has.
ALTER TABLE users ADD COLUMN text_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN email_conflict TEXT;
CREATE INDEX users_stale_text ON users (seq) WHERE text_version < 1;
CREATE INDEX users_email_conflicts ON users (environment_id, id) WHERE email_conflict IS NOT NULL;

ALTER TABLE accounts ADD COLUMN text_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN sort_name TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN search_text TEXT NOT NULL DEFAULT '';
CREATE INDEX accounts_stale_text ON accounts (id) WHERE text_version < 1;
CREATE INDEX accounts_by_name ON accounts (environment_id, sort_name, id);

-- Support is given ids: of a session, of a request.
CREATE INDEX audit_events_by_session ON audit_events (session_id, occurred_at, id) WHERE session_id IS NOT NULL;
CREATE INDEX audit_events_by_request ON audit_events (request_id, occurred_at, id) WHERE request_id IS NOT NULL;
