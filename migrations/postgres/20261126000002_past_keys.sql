-- Public halves of keys that are published no more. Nothing that they signed opens anything; an id token that comes back as
-- a hint, from an application that kept it, still says who is meant.
CREATE TABLE past_signing_keys (
  kid TEXT PRIMARY KEY NOT NULL,
  environment_id UUID NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  algorithm TEXT NOT NULL,
  public_jwk TEXT NOT NULL,
  retired_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX past_signing_keys_age ON past_signing_keys (retired_at);
