-- An account is chosen by typing a part of its name or id. What is looked for stands in the index, in the order of the names: the
-- first few hits end the search, and one that finds nothing reads this index alone and no row of the table.
CREATE INDEX accounts_by_text ON accounts (environment_id, sort_name, id, search_text);
DROP INDEX accounts_by_name;
