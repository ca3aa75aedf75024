-- Searching in the order of a list: what users are found by stands in the index of each order, so that whoever is not looked for is
-- passed over there, and no row of the table is read for it.
DROP INDEX users_by_name;
DROP INDEX users_by_email;
DROP INDEX users_by_last_visit;
DROP INDEX users_by_visits;
DROP INDEX users_by_created;
DROP INDEX users_by_account_name;
CREATE INDEX users_by_name ON users (environment_id, status_rank, sort_name, id, search_text);
CREATE INDEX users_by_email ON users (environment_id, status_rank, email, id, search_text);
CREATE INDEX users_by_last_visit ON users (environment_id, status_rank, last_visit_us, id, search_text);
CREATE INDEX users_by_visits ON users (environment_id, status_rank, visits, id, search_text);
CREATE INDEX users_by_created ON users (environment_id, status_rank, created_at, id, search_text);
CREATE INDEX users_by_account_name ON users (environment_id, status_rank, account_sort, id, search_text);

-- The same for the members of an account.
DROP INDEX account_users_by_name;
DROP INDEX account_users_by_email;
DROP INDEX account_users_by_last_visit;
DROP INDEX account_users_by_visits;
DROP INDEX account_users_by_created;
DROP INDEX account_users_by_account_name;
ALTER TABLE account_users ADD COLUMN search_text TEXT NOT NULL DEFAULT '';
UPDATE account_users SET search_text = (SELECT u.search_text FROM users u WHERE u.id = account_users.user_id);
CREATE INDEX account_users_by_name ON account_users (account_id, status_rank, sort_name, user_id, search_text);
CREATE INDEX account_users_by_email ON account_users (account_id, status_rank, email, user_id, search_text);
CREATE INDEX account_users_by_last_visit ON account_users (account_id, status_rank, last_visit_us, user_id, search_text);
CREATE INDEX account_users_by_visits ON account_users (account_id, status_rank, visits, user_id, search_text);
CREATE INDEX account_users_by_created ON account_users (account_id, status_rank, created_at, user_id, search_text);
CREATE INDEX account_users_by_account_name ON account_users (account_id, status_rank, account_sort, user_id, search_text);

DROP TRIGGER account_users_insert;
CREATE TRIGGER account_users_insert AFTER INSERT ON memberships BEGIN
  INSERT INTO account_users
  SELECT new.account_id, u.id, u.status_rank, u.sort_name, u.email, u.last_visit_us, u.visits, u.created_at, u.account_sort,
    u.search_text
  FROM users u WHERE u.id = new.user_id;
END;
DROP TRIGGER account_users_text;
CREATE TRIGGER account_users_text AFTER UPDATE OF sort_name, email, created_at, search_text ON users
WHEN new.sort_name <> old.sort_name OR new.email <> old.email OR new.created_at <> old.created_at
  OR new.search_text <> old.search_text BEGIN
  UPDATE account_users SET sort_name = new.sort_name, email = new.email, created_at = new.created_at,
    search_text = new.search_text
  WHERE user_id = new.id AND account_id IN (SELECT account_id FROM memberships WHERE user_id = new.id);
END;

-- What accounts are found by has an index of its own, as users have. Its rows have numbers that stay: those of `accounts` may change
-- when the file is compacted.
CREATE TABLE account_texts (
  seq INTEGER PRIMARY KEY NOT NULL,
  account_id BLOB NOT NULL UNIQUE,
  search_text TEXT NOT NULL
) STRICT;
INSERT INTO account_texts (account_id, search_text) SELECT id, search_text FROM accounts;
CREATE VIRTUAL TABLE accounts_search USING fts5 (search_text, content = 'account_texts', content_rowid = 'seq', tokenize = 'trigram');
INSERT INTO accounts_search (accounts_search) VALUES ('rebuild');
CREATE TRIGGER accounts_search_insert AFTER INSERT ON accounts BEGIN
  INSERT INTO account_texts (account_id, search_text) VALUES (new.id, new.search_text);
  INSERT INTO accounts_search (rowid, search_text) SELECT seq, search_text FROM account_texts WHERE account_id = new.id;
END;
CREATE TRIGGER accounts_search_update AFTER UPDATE OF search_text ON accounts WHEN new.search_text <> old.search_text BEGIN
  INSERT INTO accounts_search (accounts_search, rowid, search_text)
  SELECT 'delete', seq, search_text FROM account_texts WHERE account_id = new.id;
  UPDATE account_texts SET search_text = new.search_text WHERE account_id = new.id;
  INSERT INTO accounts_search (rowid, search_text) SELECT seq, search_text FROM account_texts WHERE account_id = new.id;
END;
CREATE TRIGGER accounts_search_delete AFTER DELETE ON accounts BEGIN
  INSERT INTO accounts_search (accounts_search, rowid, search_text)
  SELECT 'delete', seq, search_text FROM account_texts WHERE account_id = old.id;
  DELETE FROM account_texts WHERE account_id = old.id;
END;
