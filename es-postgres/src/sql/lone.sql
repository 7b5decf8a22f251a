INSERT INTO {schema}.events AS e
    (position, stream, revision, id, name, version, recorded_at, effective_at, payload, metadata, hash)
SELECT coalesce(h.position, 0) + 1, $1, coalesce(r.revision, 0) + 1, $3, $4, $5,
    -- Clocks step back; record time doesn't.
    greatest(clock_timestamp(), h.recorded_at), $6, $7, $8,
    sha256(coalesce(r.hash, decode(repeat('00', 32), 'hex')) || int8send(coalesce(r.revision, 0) + 1) || $9)
FROM (SELECT) one
LEFT JOIN LATERAL (
    SELECT l.revision, l.hash FROM {schema}.events l WHERE l.stream = $1 ORDER BY l.revision DESC LIMIT 1
) r ON true
LEFT JOIN LATERAL (
    SELECT l.position, l.recorded_at FROM {schema}.events l ORDER BY l.position DESC LIMIT 1
) h ON true
WHERE ($2 = coalesce(r.revision, 0) OR $2 = -1 OR ($2 = -2 AND r.revision > 0))
    AND current_setting('synchronous_commit') <> 'off'
    AND pg_advisory_xact_lock({lock}, {table}::regclass::oid::integer) IS NOT NULL
RETURNING e.recorded_at AS recorded, e.hash, e.revision - 1 AS met, e.position AS first, pg_notify({channel}, e.position::text) IS NOT NULL
