-- The cookie that a hand-off took away from the browser, for a moment: two tabs that open at once both come with it. Only another
-- hand-off in the same portal session finds the browser by it.
ALTER TABLE browsers ADD COLUMN former_hash BLOB;
ALTER TABLE browsers ADD COLUMN former_until TEXT;
ALTER TABLE browsers ADD COLUMN former_operator_session_id BLOB;
CREATE INDEX browsers_former ON browsers (former_hash) WHERE former_hash IS NOT NULL;
