-- A secret that was replaced works for a while beside the new one; applications may be every new account's.
ALTER TABLE applications ADD COLUMN former_secret_hash BLOB;
ALTER TABLE applications ADD COLUMN former_secret_until TEXT;
ALTER TABLE applications ADD COLUMN assigned_to_new INTEGER NOT NULL DEFAULT 0;
ALTER TABLE applications ADD COLUMN default_of_new INTEGER NOT NULL DEFAULT 0;
