-- The host name at which an environment is served by itself, with a port where it is not the scheme's own. Without one it is
-- below the server's public address.
ALTER TABLE environments ADD COLUMN host TEXT;
CREATE UNIQUE INDEX environments_host ON environments (host) WHERE host IS NOT NULL;
