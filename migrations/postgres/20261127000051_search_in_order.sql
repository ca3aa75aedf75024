-- On SQLite this puts what is looked for into the indexes of the lists' orders. Here an entry of an index may have 2.7 kB, which a long
-- name with a long address is beyond, and the index of three letters in a row serves accounts as it is.
SELECT 1;
