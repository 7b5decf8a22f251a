-- Until what is being appended is there: what comes after is hashed, or refused.
SELECT pg_advisory_xact_lock({lock}, {table}::regclass::oid::integer);

-- Also a mark: whoever opens the store sees by it that events are hashed.
ALTER TABLE {schema}.events ADD CONSTRAINT events_are_hashed CHECK (hash IS NOT NULL) NOT VALID;

-- For whoever checks the hashes: `since` is the first position whose event has one.
CREATE TABLE {schema}.tamper_evidence (one boolean PRIMARY KEY DEFAULT true CHECK (one), since bigint NOT NULL);
INSERT INTO {schema}.tamper_evidence (since) SELECT coalesce(max(position), 0) + 1 FROM {schema}.events;
