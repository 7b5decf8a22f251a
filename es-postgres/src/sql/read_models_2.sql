ALTER TABLE {schema}.es_projections ADD COLUMN lease interval NOT NULL DEFAULT '10 seconds'; -- what the lease is renewed by

-- An event is parked where others of its key are, and these are looked for at every batch.
CREATE INDEX es_parked_by_key ON {schema}.es_parked (name, version, key, position);
