-- What is rare in the trail would be asked of each chunk of its index, and there are hundreds. Full chunks that follow each other
-- become a group: what it has of a term says which of them have it, and where those are few also in which places.

-- Half made, in use, or replaced, as chunks are.
CREATE TABLE audit_groups (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  environment_id BLOB NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  state TEXT NOT NULL CHECK (state IN ('building', 'ready', 'gone')),
  changed_at TEXT NOT NULL,
  chunks INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_groups_by_state ON audit_groups (environment_id, state);

CREATE TABLE audit_group_terms (
  group_id INTEGER NOT NULL,
  term INTEGER NOT NULL,
  places BLOB NOT NULL,
  PRIMARY KEY (group_id, term)
) STRICT, WITHOUT ROWID;

-- The group of a chunk, and its number there. A chunk that is made anew is in none.
ALTER TABLE audit_chunks ADD COLUMN group_id INTEGER;
ALTER TABLE audit_chunks ADD COLUMN group_place INTEGER;
CREATE INDEX audit_chunks_by_group ON audit_chunks (environment_id, group_id, level);
