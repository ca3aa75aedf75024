-- Applications are found, sorted and told apart by their names as accounts are: see the text migrations.
ALTER TABLE applications ADD COLUMN text_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE applications ADD COLUMN sort_name TEXT NOT NULL DEFAULT '';
ALTER TABLE applications ADD COLUMN search_text TEXT NOT NULL DEFAULT '';
CREATE INDEX applications_stale_text ON applications (id) WHERE text_version < 2;
CREATE INDEX applications_by_name ON applications (environment_id, sort_name, id);
