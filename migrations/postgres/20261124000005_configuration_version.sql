-- Counts changes of what every request reads and hardly anybody writes: environments, applications, their addresses, keys.
-- A server that keeps them in memory reads this one number to know whether they are still what they were.
CREATE TABLE configuration_version (
  id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
  version BIGINT NOT NULL
);
INSERT INTO configuration_version (id, version) VALUES (1, 1);

CREATE FUNCTION configuration_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE configuration_version SET version = version + 1;
  RETURN NULL;
END
$$;
CREATE TRIGGER environments_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON environments FOR EACH STATEMENT EXECUTE FUNCTION configuration_changed();
CREATE TRIGGER applications_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON applications FOR EACH STATEMENT EXECUTE FUNCTION configuration_changed();
CREATE TRIGGER redirect_uris_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON redirect_uris FOR EACH STATEMENT EXECUTE FUNCTION configuration_changed();
CREATE TRIGGER signing_keys_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON signing_keys FOR EACH STATEMENT EXECUTE FUNCTION configuration_changed();
