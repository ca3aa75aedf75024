-- What the timers look for, found without reading what they do not.

-- Running impersonations: each is asked every second whether its policy still says yes.
CREATE INDEX sessions_impersonating ON sessions (id) WHERE ended_at IS NULL AND kind = 'impersonation';
-- Users who were locked lately, whose sessions have to end.
CREATE INDEX users_locked ON users (locked_at) WHERE locked_at IS NOT NULL;

-- Set once the codes, tokens and cookies of an ended session were deleted. Until then it is in the index.
ALTER TABLE sessions ADD COLUMN tidied_at TIMESTAMPTZ;
CREATE INDEX sessions_untidied ON sessions (ended_at) WHERE ended_at IS NOT NULL AND tidied_at IS NULL;
CREATE INDEX hand_off_codes_session ON hand_off_codes (session_id);

-- What was delivered or given up, by age.
CREATE INDEX logout_deliveries_settled ON logout_deliveries (created_at) WHERE delivered_at IS NOT NULL OR dead_at IS NOT NULL;

-- The accounts of an application.
CREATE INDEX account_applications_application ON account_applications (application_id);
