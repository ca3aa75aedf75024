-- The cookie that a hand-off took away from the browser, for a moment: two tabs that open at once both come with it. Only another
-- hand-off in the same portal session finds the browser by it.
ALTER TABLE browsers ADD COLUMN former_hash BYTEA;
ALTER TABLE browsers ADD COLUMN former_until TIMESTAMPTZ;
ALTER TABLE browsers ADD COLUMN former_operator_session_id UUID;
CREATE INDEX browsers_former ON browsers (former_hash) WHERE former_hash IS NOT NULL;
