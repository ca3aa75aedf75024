-- An account is chosen by typing a part of its name or id. Few hits are found by the trigrams of the text (accounts_search), many by
-- walking the names in their order to the first few (accounts_by_name): the planner tells one from the other by its statistics of the
-- text, of which the usual hundred values say little where every name is another.
ALTER TABLE accounts ALTER COLUMN search_text SET STATISTICS 1000;
