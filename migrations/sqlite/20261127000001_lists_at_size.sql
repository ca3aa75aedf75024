-- Lists of users read only what they show, however many users there are: for each order one index in which those of a status
-- stand together. A list of all is the three read at once; one of a status is one of them.
DROP INDEX users_by_name;
DROP INDEX users_by_last_visit;
DROP INDEX users_by_visits;
DROP INDEX users_by_created;
DROP INDEX users_by_status;
DROP INDEX users_without_account;

-- The name of the main account, as its users are sorted by it: behind a 0, or 1 where there is none, which is behind all names.
ALTER TABLE users ADD COLUMN account_sort TEXT NOT NULL DEFAULT '1';
UPDATE users SET account_sort = '0' || (SELECT sort_name FROM accounts WHERE id = users.active_account_id)
WHERE active_account_id IS NOT NULL;

CREATE INDEX users_by_name ON users (environment_id, status_rank, sort_name, id);
CREATE INDEX users_by_email ON users (environment_id, status_rank, email, id);
CREATE INDEX users_by_last_visit ON users (environment_id, status_rank, last_visit_us, id);
CREATE INDEX users_by_visits ON users (environment_id, status_rank, visits, id);
CREATE INDEX users_by_created ON users (environment_id, status_rank, created_at, id);
CREATE INDEX users_by_account_name ON users (environment_id, status_rank, account_sort, id);

-- The members of an account with what they are listed by, kept by the triggers below.
CREATE TABLE account_users (
  account_id BLOB NOT NULL,
  user_id BLOB NOT NULL,
  status_rank INTEGER NOT NULL,
  sort_name TEXT NOT NULL,
  email TEXT NOT NULL,
  last_visit_us INTEGER NOT NULL,
  visits INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  account_sort TEXT NOT NULL,
  PRIMARY KEY (account_id, user_id),
  FOREIGN KEY (account_id, user_id) REFERENCES memberships (account_id, user_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO account_users
SELECT m.account_id, u.id, u.status_rank, u.sort_name, u.email, u.last_visit_us, u.visits, u.created_at, u.account_sort
FROM memberships m JOIN users u ON u.id = m.user_id ORDER BY m.account_id, u.id;
CREATE INDEX account_users_by_name ON account_users (account_id, status_rank, sort_name, user_id);
CREATE INDEX account_users_by_email ON account_users (account_id, status_rank, email, user_id);
CREATE INDEX account_users_by_last_visit ON account_users (account_id, status_rank, last_visit_us, user_id);
CREATE INDEX account_users_by_visits ON account_users (account_id, status_rank, visits, user_id);
CREATE INDEX account_users_by_created ON account_users (account_id, status_rank, created_at, user_id);
CREATE INDEX account_users_by_account_name ON account_users (account_id, status_rank, account_sort, user_id);

CREATE TRIGGER account_users_insert AFTER INSERT ON memberships BEGIN
  INSERT INTO account_users
  SELECT new.account_id, u.id, u.status_rank, u.sort_name, u.email, u.last_visit_us, u.visits, u.created_at, u.account_sort
  FROM users u WHERE u.id = new.user_id;
END;
-- One for what changes together: each writes only the indexes that have it.
CREATE TRIGGER account_users_visit AFTER UPDATE OF last_visit_us, visits ON users
WHEN new.last_visit_us <> old.last_visit_us OR new.visits <> old.visits BEGIN
  UPDATE account_users SET last_visit_us = new.last_visit_us, visits = new.visits
  WHERE user_id = new.id AND account_id IN (SELECT account_id FROM memberships WHERE user_id = new.id);
END;
CREATE TRIGGER account_users_status AFTER UPDATE OF locked_at, email_verified ON users
WHEN new.status_rank <> old.status_rank BEGIN
  UPDATE account_users SET status_rank = new.status_rank
  WHERE user_id = new.id AND account_id IN (SELECT account_id FROM memberships WHERE user_id = new.id);
END;
CREATE TRIGGER account_users_text AFTER UPDATE OF sort_name, email, created_at ON users
WHEN new.sort_name <> old.sort_name OR new.email <> old.email OR new.created_at <> old.created_at BEGIN
  UPDATE account_users SET sort_name = new.sort_name, email = new.email, created_at = new.created_at
  WHERE user_id = new.id AND account_id IN (SELECT account_id FROM memberships WHERE user_id = new.id);
END;
CREATE TRIGGER account_users_account AFTER UPDATE OF account_sort ON users
WHEN new.account_sort <> old.account_sort BEGIN
  UPDATE account_users SET account_sort = new.account_sort
  WHERE user_id = new.id AND account_id IN (SELECT account_id FROM memberships WHERE user_id = new.id);
END;

CREATE TRIGGER users_account_insert AFTER INSERT ON users WHEN new.active_account_id IS NOT NULL BEGIN
  UPDATE users SET account_sort = coalesce((SELECT '0' || sort_name FROM accounts WHERE id = new.active_account_id), '1')
  WHERE seq = new.seq;
END;
CREATE TRIGGER users_account_update AFTER UPDATE OF active_account_id ON users
WHEN new.active_account_id IS NOT old.active_account_id BEGIN
  UPDATE users SET account_sort = coalesce((SELECT '0' || sort_name FROM accounts WHERE id = new.active_account_id), '1')
  WHERE seq = new.seq;
END;
CREATE TRIGGER users_account_rename AFTER UPDATE OF sort_name ON accounts WHEN new.sort_name <> old.sort_name BEGIN
  UPDATE users SET account_sort = '0' || new.sort_name WHERE active_account_id = new.id;
END;

-- How many there are is kept with each write, not counted with each page.
CREATE TABLE environment_counts (
  environment_id BLOB PRIMARY KEY NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  active INTEGER NOT NULL DEFAULT 0,
  invited INTEGER NOT NULL DEFAULT 0,
  locked INTEGER NOT NULL DEFAULT 0,
  accounts INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO environment_counts
SELECT e.id,
  (SELECT count(*) FROM users u WHERE u.environment_id = e.id AND u.status_rank = 0),
  (SELECT count(*) FROM users u WHERE u.environment_id = e.id AND u.status_rank = 1),
  (SELECT count(*) FROM users u WHERE u.environment_id = e.id AND u.status_rank = 2),
  (SELECT count(*) FROM accounts a WHERE a.environment_id = e.id)
FROM environments e;
CREATE TRIGGER environment_counts_insert AFTER INSERT ON environments BEGIN
  INSERT INTO environment_counts (environment_id) VALUES (new.id);
END;
CREATE TRIGGER users_counted_insert AFTER INSERT ON users BEGIN
  UPDATE environment_counts SET active = active + (new.status_rank = 0), invited = invited + (new.status_rank = 1),
    locked = locked + (new.status_rank = 2) WHERE environment_id = new.environment_id;
END;
CREATE TRIGGER users_counted_delete AFTER DELETE ON users BEGIN
  UPDATE environment_counts SET active = active - (old.status_rank = 0), invited = invited - (old.status_rank = 1),
    locked = locked - (old.status_rank = 2) WHERE environment_id = old.environment_id;
END;
CREATE TRIGGER users_counted_update AFTER UPDATE OF locked_at, email_verified, environment_id ON users
WHEN new.status_rank <> old.status_rank OR new.environment_id <> old.environment_id BEGIN
  UPDATE environment_counts SET active = active - (old.status_rank = 0), invited = invited - (old.status_rank = 1),
    locked = locked - (old.status_rank = 2) WHERE environment_id = old.environment_id;
  UPDATE environment_counts SET active = active + (new.status_rank = 0), invited = invited + (new.status_rank = 1),
    locked = locked + (new.status_rank = 2) WHERE environment_id = new.environment_id;
END;
CREATE TRIGGER accounts_counted_insert AFTER INSERT ON accounts BEGIN
  UPDATE environment_counts SET accounts = accounts + 1 WHERE environment_id = new.environment_id;
END;
CREATE TRIGGER accounts_counted_delete AFTER DELETE ON accounts BEGIN
  UPDATE environment_counts SET accounts = accounts - 1 WHERE environment_id = old.environment_id;
END;
CREATE TRIGGER accounts_counted_update AFTER UPDATE OF environment_id ON accounts
WHEN new.environment_id <> old.environment_id BEGIN
  UPDATE environment_counts SET accounts = accounts - 1 WHERE environment_id = old.environment_id;
  UPDATE environment_counts SET accounts = accounts + 1 WHERE environment_id = new.environment_id;
END;
