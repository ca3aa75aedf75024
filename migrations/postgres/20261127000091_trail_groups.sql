-- What is rare in the trail would be asked of each chunk of its index, and there are hundreds. Full chunks that follow each other
-- become a group: what it has of a term says which of them have it, and where those are few also in which places.

-- Half made, in use, or replaced, as chunks are.
CREATE TABLE audit_groups (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY NOT NULL,
  environment_id UUID NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  state TEXT NOT NULL CHECK (state IN ('building', 'ready', 'gone')),
  changed_at TIMESTAMPTZ NOT NULL,
  chunks BIGINT NOT NULL
);
CREATE INDEX audit_groups_by_state ON audit_groups (environment_id, state);

CREATE TABLE audit_group_terms (
  group_id BIGINT NOT NULL,
  term BIGINT NOT NULL,
  places BYTEA NOT NULL,
  PRIMARY KEY (group_id, term)
);
-- They are packed already. One that is longer than a page is kept elsewhere.
ALTER TABLE audit_group_terms ALTER COLUMN places SET STORAGE EXTERNAL;

-- The group of a chunk, and its number there. A chunk that is made anew is in none.
ALTER TABLE audit_chunks ADD COLUMN group_id BIGINT;
ALTER TABLE audit_chunks ADD COLUMN group_place BIGINT;
CREATE INDEX audit_chunks_by_group ON audit_chunks (environment_id, group_id, level);
