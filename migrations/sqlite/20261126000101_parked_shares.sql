-- Each network has a share of what waits, and its own oldest requests go when it is used up.
ALTER TABLE parked_requests ADD COLUMN network TEXT NOT NULL DEFAULT '';
ALTER TABLE parked_requests ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
CREATE INDEX parked_requests_share ON parked_requests (environment_id, network, expires_at, bytes);
