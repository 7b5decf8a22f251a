-- The SHA-256 of the event and of its stream up to it; nothing where the log wasn't tamper-evident. The check is of new rows
-- alone, so that nothing is read to make it.
ALTER TABLE {schema}.events ADD COLUMN hash bytea;
ALTER TABLE {schema}.events ADD CONSTRAINT events_hash_check CHECK (octet_length(hash) = 32) NOT VALID;

-- The hash of an event behind one with the hash `previous`: es-core describes it at `Digest`. It is for looking: the library
-- itself computes what the event says, and the function `append` adds the place. To check a log:
--   SELECT stream, min(revision) FROM (
--       SELECT *, hash(lag(hash) OVER (PARTITION BY stream ORDER BY revision), id, revision, version, stream, name, payload,
--           metadata, effective_at) AS computed FROM events
--   ) e WHERE hash <> computed GROUP BY stream;
CREATE FUNCTION {schema}.hash(
    previous bytea,
    id uuid,
    revision bigint,
    version bigint,
    stream text,
    name text,
    payload text,
    metadata text,
    effective_at timestamptz
) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(coalesce(previous, decode(repeat('00', 32), 'hex')) || int8send(revision) || sha256(
        uuid_send(id) || int8send(version)
        || int4send(octet_length(stream)) || int4send(octet_length(name)) || int4send(octet_length(payload))
        || int4send(octet_length(coalesce(metadata, '{{}}')))
        || convert_to(stream || name || payload || coalesce(metadata, '{{}}'), 'UTF8')
        || coalesce(timestamptz_send(effective_at), '')
    ))
$$;

{append}
