-- An account is chosen by typing a part of its name or id. What is written goes into the index at once: otherwise thousands of
-- imported accounts wait in a list beside it, which is read whole at each search, and for which the planner rather reads the table.
ALTER INDEX accounts_search SET (fastupdate = off);
SELECT gin_clean_pending_list('accounts_search');
