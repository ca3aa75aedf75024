-- The index of the audit trail. It is filled behind the newest events by the server, in transactions of its own: an event costs
-- no more to write than before, and a trail that is there already is indexed while everything goes on.

-- A part of an environment's trail: what comes after one place, up to and with another. What is half made is 'building', what
-- others stand for by now is 'gone', until whoever still reads it is done.
CREATE TABLE audit_chunks (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY NOT NULL,
  environment_id UUID NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  state TEXT NOT NULL CHECK (state IN ('building', 'ready', 'gone')),
  changed_at TIMESTAMPTZ NOT NULL,
  level BIGINT NOT NULL,
  events BIGINT NOT NULL,
  after_at TIMESTAMPTZ NOT NULL,
  after_id UUID NOT NULL,
  last_at TIMESTAMPTZ NOT NULL,
  last_id UUID NOT NULL,
  -- When it was held against the trail again, in which an event may have come late, or have been removed.
  counted_at TIMESTAMPTZ
);
CREATE INDEX audit_chunks_by_time ON audit_chunks (environment_id, state, last_at, last_id);

-- The places of a chunk's events that have a term: a fact, such as an action, or three letters in a row of their text.
CREATE TABLE audit_terms (
  chunk_id BIGINT NOT NULL,
  term BIGINT NOT NULL,
  places BYTEA NOT NULL,
  PRIMARY KEY (chunk_id, term)
);

-- The ids of a chunk's events, 64 in a row: 512 rows a chunk.
CREATE TABLE audit_slots (
  slot BIGINT PRIMARY KEY NOT NULL,
  first_at TIMESTAMPTZ NOT NULL,
  ids BYTEA NOT NULL
);

-- Who fills an environment's index now: one server at a time.
CREATE TABLE audit_index_claims (
  environment_id UUID PRIMARY KEY NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  claimed_until TIMESTAMPTZ NOT NULL
);

-- They are short, or packed already: neither compressing them nor keeping them elsewhere is worth it.
ALTER TABLE audit_terms ALTER COLUMN places SET STORAGE PLAIN;
ALTER TABLE audit_slots ALTER COLUMN ids SET STORAGE PLAIN;
