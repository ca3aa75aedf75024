-- Portal sessions that are long over, by age: they are deleted.
CREATE INDEX operator_sessions_expiry ON operator_sessions (expires_at);
