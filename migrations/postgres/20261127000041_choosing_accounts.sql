-- SQLite gets an index in which a search for accounts reads what it looks for. Here there is one already.
COMMENT ON INDEX accounts_search IS 'Accounts by a part of their name or id: few hits by this, many by accounts_by_name to the first few.';
