-- Lists of users read only what they show, however many users there are: for each order one index in which those of a status
-- stand together. A list of all is the three read at once; one of a status is one of them.
DROP INDEX users_by_name;
DROP INDEX users_by_last_visit;
DROP INDEX users_by_visits;
DROP INDEX users_by_created;
DROP INDEX users_by_status;
DROP INDEX users_without_account;

-- The name of the main account, as its users are sorted by it: behind a 0, or 1 where there is none, which is behind all names.
ALTER TABLE users ADD COLUMN account_sort TEXT COLLATE "C" NOT NULL DEFAULT '1';
UPDATE users SET account_sort = '0' || a.sort_name FROM accounts a WHERE a.id = users.active_account_id;

CREATE INDEX users_by_name ON users (environment_id, status_rank, sort_name, id);
CREATE INDEX users_by_email ON users (environment_id, status_rank, email, id);
CREATE INDEX users_by_last_visit ON users (environment_id, status_rank, last_visit_us, id);
CREATE INDEX users_by_visits ON users (environment_id, status_rank, visits, id);
CREATE INDEX users_by_created ON users (environment_id, status_rank, created_at, id);
CREATE INDEX users_by_account_name ON users (environment_id, status_rank, account_sort, id);

-- The members of an account with what they are listed by, kept by the triggers below.
CREATE TABLE account_users (
  account_id UUID NOT NULL,
  user_id UUID NOT NULL,
  status_rank BIGINT NOT NULL,
  sort_name TEXT COLLATE "C" NOT NULL,
  email TEXT COLLATE "C" NOT NULL,
  last_visit_us BIGINT NOT NULL,
  visits BIGINT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  account_sort TEXT COLLATE "C" NOT NULL
);
INSERT INTO account_users
SELECT m.account_id, u.id, u.status_rank, u.sort_name, u.email, u.last_visit_us, u.visits, u.created_at, u.account_sort
FROM memberships m JOIN users u ON u.id = m.user_id;
ALTER TABLE account_users ADD PRIMARY KEY (account_id, user_id);
ALTER TABLE account_users ADD FOREIGN KEY (account_id, user_id) REFERENCES memberships (account_id, user_id) ON DELETE CASCADE;
CREATE INDEX account_users_user ON account_users (user_id);
CREATE INDEX account_users_by_name ON account_users (account_id, status_rank, sort_name, user_id);
CREATE INDEX account_users_by_email ON account_users (account_id, status_rank, email, user_id);
CREATE INDEX account_users_by_last_visit ON account_users (account_id, status_rank, last_visit_us, user_id);
CREATE INDEX account_users_by_visits ON account_users (account_id, status_rank, visits, user_id);
CREATE INDEX account_users_by_created ON account_users (account_id, status_rank, created_at, user_id);
CREATE INDEX account_users_by_account_name ON account_users (account_id, status_rank, account_sort, user_id);

CREATE FUNCTION account_users_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO account_users
  SELECT m.account_id, u.id, u.status_rank, u.sort_name, u.email, u.last_visit_us, u.visits, u.created_at, u.account_sort
  FROM inserted m JOIN users u ON u.id = m.user_id;
  RETURN NULL;
END $$;
CREATE TRIGGER account_users_insert AFTER INSERT ON memberships
REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION account_users_inserted();

CREATE FUNCTION account_users_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE account_users SET status_rank = NEW.status_rank, sort_name = NEW.sort_name, email = NEW.email,
    last_visit_us = NEW.last_visit_us, visits = NEW.visits, created_at = NEW.created_at, account_sort = NEW.account_sort
  WHERE user_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER account_users_update AFTER UPDATE ON users FOR EACH ROW
WHEN ((NEW.status_rank, NEW.sort_name, NEW.email, NEW.last_visit_us, NEW.visits, NEW.created_at, NEW.account_sort)
  IS DISTINCT FROM (OLD.status_rank, OLD.sort_name, OLD.email, OLD.last_visit_us, OLD.visits, OLD.created_at, OLD.account_sort))
EXECUTE FUNCTION account_users_updated();

CREATE FUNCTION users_account() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  name TEXT;
BEGIN
  -- Whoever renames it is waited for.
  SELECT sort_name INTO name FROM accounts WHERE id = NEW.active_account_id FOR SHARE;
  NEW.account_sort := coalesce('0' || name, '1');
  RETURN NEW;
END $$;
CREATE TRIGGER users_account_insert BEFORE INSERT ON users FOR EACH ROW WHEN (NEW.active_account_id IS NOT NULL)
EXECUTE FUNCTION users_account();
CREATE TRIGGER users_account_update BEFORE UPDATE OF active_account_id ON users FOR EACH ROW
WHEN (NEW.active_account_id IS DISTINCT FROM OLD.active_account_id) EXECUTE FUNCTION users_account();
CREATE FUNCTION users_account_renamed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE users SET account_sort = '0' || NEW.sort_name WHERE active_account_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER users_account_rename AFTER UPDATE OF sort_name ON accounts FOR EACH ROW
WHEN (NEW.sort_name IS DISTINCT FROM OLD.sort_name) EXECUTE FUNCTION users_account_renamed();

-- How many there are is kept with each write, not counted with each page. Rows are added up: a single one would make all
-- writers of an environment wait for each other. The server's upkeep makes one of many.
CREATE TABLE environment_counts (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  environment_id UUID NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  active BIGINT NOT NULL DEFAULT 0,
  invited BIGINT NOT NULL DEFAULT 0,
  locked BIGINT NOT NULL DEFAULT 0,
  accounts BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX environment_counts_environment ON environment_counts (environment_id);
INSERT INTO environment_counts (environment_id, active, invited, locked)
SELECT environment_id, count(*) FILTER (WHERE status_rank = 0), count(*) FILTER (WHERE status_rank = 1),
  count(*) FILTER (WHERE status_rank = 2)
FROM users GROUP BY environment_id;
INSERT INTO environment_counts (environment_id, accounts) SELECT environment_id, count(*) FROM accounts GROUP BY environment_id;

-- Where an environment itself is deleted there is nothing left to count.
CREATE FUNCTION users_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO environment_counts (environment_id, active, invited, locked)
  SELECT environment_id, count(*) FILTER (WHERE status_rank = 0), count(*) FILTER (WHERE status_rank = 1),
    count(*) FILTER (WHERE status_rank = 2)
  FROM inserted GROUP BY environment_id;
  RETURN NULL;
END $$;
CREATE FUNCTION users_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO environment_counts (environment_id, active, invited, locked)
  SELECT d.environment_id, -count(*) FILTER (WHERE d.status_rank = 0), -count(*) FILTER (WHERE d.status_rank = 1),
    -count(*) FILTER (WHERE d.status_rank = 2)
  FROM deleted d JOIN environments e ON e.id = d.environment_id GROUP BY d.environment_id;
  RETURN NULL;
END $$;
CREATE FUNCTION users_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.environment_id = OLD.environment_id THEN
    INSERT INTO environment_counts (environment_id, active, invited, locked) VALUES (NEW.environment_id,
      (NEW.status_rank = 0)::int - (OLD.status_rank = 0)::int, (NEW.status_rank = 1)::int - (OLD.status_rank = 1)::int,
      (NEW.status_rank = 2)::int - (OLD.status_rank = 2)::int);
    RETURN NULL;
  END IF;
  INSERT INTO environment_counts (environment_id, active, invited, locked) VALUES
    (OLD.environment_id, -(OLD.status_rank = 0)::int, -(OLD.status_rank = 1)::int, -(OLD.status_rank = 2)::int),
    (NEW.environment_id, (NEW.status_rank = 0)::int, (NEW.status_rank = 1)::int, (NEW.status_rank = 2)::int);
  RETURN NULL;
END $$;
CREATE TRIGGER users_counted_insert AFTER INSERT ON users
REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION users_inserted();
CREATE TRIGGER users_counted_delete AFTER DELETE ON users
REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION users_deleted();
CREATE TRIGGER users_counted_update AFTER UPDATE ON users FOR EACH ROW
WHEN (NEW.status_rank IS DISTINCT FROM OLD.status_rank OR NEW.environment_id IS DISTINCT FROM OLD.environment_id)
EXECUTE FUNCTION users_changed();

CREATE FUNCTION accounts_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO environment_counts (environment_id, accounts)
  SELECT environment_id, count(*) FROM inserted GROUP BY environment_id;
  RETURN NULL;
END $$;
CREATE FUNCTION accounts_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO environment_counts (environment_id, accounts)
  SELECT d.environment_id, -count(*) FROM deleted d JOIN environments e ON e.id = d.environment_id GROUP BY d.environment_id;
  RETURN NULL;
END $$;
CREATE FUNCTION accounts_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO environment_counts (environment_id, accounts) VALUES (OLD.environment_id, -1), (NEW.environment_id, 1);
  RETURN NULL;
END $$;
CREATE TRIGGER accounts_counted_insert AFTER INSERT ON accounts
REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION accounts_inserted();
CREATE TRIGGER accounts_counted_delete AFTER DELETE ON accounts
REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION accounts_deleted();
CREATE TRIGGER accounts_counted_update AFTER UPDATE ON accounts FOR EACH ROW
WHEN (NEW.environment_id IS DISTINCT FROM OLD.environment_id) EXECUTE FUNCTION accounts_changed();
