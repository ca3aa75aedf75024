-- Which refresh token a refresh token was given for: several for one are siblings, of which one can be used.
ALTER TABLE refresh_tokens ADD COLUMN parent_hash BYTEA;
CREATE INDEX refresh_tokens_parent ON refresh_tokens (parent_hash) WHERE parent_hash IS NOT NULL;

-- When a used code came again from somebody who was not its client in a hurry: what it gave is taken back, once.
ALTER TABLE authorization_codes ADD COLUMN replayed_at TIMESTAMPTZ;

-- For which reasons a code was refused, so that the audit trail has each once.
ALTER TABLE hand_off_codes ADD COLUMN refusals TEXT;

-- What the cookie came with: it is worth nothing once that was taken back.
ALTER TABLE session_cookies ADD COLUMN family_id UUID;

-- What the browser that shall trade the code has to prove, where its application has no secret (RFC 7636).
ALTER TABLE hand_off_codes ADD COLUMN code_challenge TEXT;
