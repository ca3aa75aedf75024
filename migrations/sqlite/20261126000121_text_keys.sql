-- Keys by which names are found have another form: see the earlier text migration.
DROP INDEX users_stale_text;
CREATE INDEX users_stale_text ON users (seq) WHERE text_version < 2;
DROP INDEX accounts_stale_text;
CREATE INDEX accounts_stale_text ON accounts (id) WHERE text_version < 2;
