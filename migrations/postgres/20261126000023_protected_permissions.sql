-- Grows with each change, so that a page that is out of date can be told so.
ALTER TABLE impersonation_settings ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

-- Only an Owner may impersonate who holds one of these in any account.
CREATE TABLE protected_permissions (
  environment_id UUID NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  permission TEXT NOT NULL,
  PRIMARY KEY (environment_id, permission)
);
