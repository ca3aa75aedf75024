-- Counts changes of what every request reads and hardly anybody writes: environments, applications, their addresses, keys.
-- A server that keeps them in memory reads this one number to know whether they are still what they were.
CREATE TABLE configuration_version (
  id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
  version INTEGER NOT NULL
) STRICT;
INSERT INTO configuration_version (id, version) VALUES (1, 1);
CREATE TRIGGER environments_insert_version AFTER INSERT ON environments BEGIN UPDATE configuration_version SET version = version + 1; END;
CREATE TRIGGER environments_update_version AFTER UPDATE ON environments BEGIN UPDATE configuration_version SET version = version + 1; END;
CREATE TRIGGER environments_delete_version AFTER DELETE ON environments BEGIN UPDATE configuration_version SET version = version + 1; END;
CREATE TRIGGER applications_insert_version AFTER INSERT ON applications BEGIN UPDATE configuration_version SET version = version + 1; END;
CREATE TRIGGER applications_update_version AFTER UPDATE ON applications BEGIN UPDATE configuration_version SET version = version + 1; END;
CREATE TRIGGER applications_delete_version AFTER DELETE ON applications BEGIN UPDATE configuration_version SET version = version + 1; END;
CREATE TRIGGER redirect_uris_insert_version AFTER INSERT ON redirect_uris BEGIN UPDATE configuration_version SET version = version + 1; END;
CREATE TRIGGER redirect_uris_update_version AFTER UPDATE ON redirect_uris BEGIN UPDATE configuration_version SET version = version + 1; END;
CREATE TRIGGER redirect_uris_delete_version AFTER DELETE ON redirect_uris BEGIN UPDATE configuration_version SET version = version + 1; END;
CREATE TRIGGER signing_keys_insert_version AFTER INSERT ON signing_keys BEGIN UPDATE configuration_version SET version = version + 1; END;
CREATE TRIGGER signing_keys_update_version AFTER UPDATE ON signing_keys BEGIN UPDATE configuration_version SET version = version + 1; END;
CREATE TRIGGER signing_keys_delete_version AFTER DELETE ON signing_keys BEGIN UPDATE configuration_version SET version = version + 1; END;
