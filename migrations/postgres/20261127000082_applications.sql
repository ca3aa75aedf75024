-- A secret that was replaced works for a while beside the new one; applications may be every new account's.
ALTER TABLE applications ADD COLUMN former_secret_hash BYTEA;
ALTER TABLE applications ADD COLUMN former_secret_until TIMESTAMPTZ;
ALTER TABLE applications ADD COLUMN assigned_to_new BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE applications ADD COLUMN default_of_new BOOLEAN NOT NULL DEFAULT FALSE;
