-- The list of users by main account: account by account, and who has none.
CREATE INDEX users_by_account ON users (active_account_id, id);
CREATE INDEX users_without_account ON users (environment_id, id) WHERE active_account_id IS NULL;

-- The list of users by status: active, invited, locked. A column, since SQLite finds the place in an index of columns only.
ALTER TABLE users ADD COLUMN status_rank BIGINT NOT NULL GENERATED ALWAYS AS (
  CASE WHEN locked_at IS NOT NULL THEN 2 WHEN email_verified THEN 0 ELSE 1 END
) STORED;
CREATE INDEX users_by_status ON users (environment_id, status_rank, id);

-- Accounts by a part of their name or id.
CREATE INDEX accounts_search ON accounts USING gin (search_text gin_trgm_ops);
