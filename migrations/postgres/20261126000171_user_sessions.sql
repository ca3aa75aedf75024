-- A user's running sessions in the order in which they began: the oldest end first. Before users are held below.
CREATE INDEX sessions_running ON sessions (user_id, created_at, id) WHERE ended_at IS NULL;

-- Since when a user's own sessions may have begun: with another password, those from before are over.
ALTER TABLE users ADD COLUMN sessions_end_before TIMESTAMPTZ;
CREATE INDEX users_with_ended_sessions ON users (sessions_end_before) WHERE sessions_end_before IS NOT NULL;
