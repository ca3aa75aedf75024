-- When an operator opened the running session once more here, until its application asks: it is what that new tab means.
ALTER TABLE browser_sessions ADD COLUMN reopened_at TEXT;
