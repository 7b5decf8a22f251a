#variable_conflict use_column
DECLARE
    locked boolean;
    told boolean;
BEGIN
    -- In any other level what follows would see the log as it was before the lock was had.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'an append needs the isolation level READ COMMITTED' USING ERRCODE = 'ES001';
    END IF;
    IF current_setting('synchronous_commit') = 'off' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;

    -- Held until the commit is seen by all. It is a statement of its own: those after it see what was committed before.
    locked := pg_advisory_xact_lock({lock}, {table}::regclass::oid::integer) IS NOT NULL;

    INSERT INTO {schema}.events AS e
        (position, stream, revision, id, name, version, recorded_at, effective_at, payload, metadata)
    SELECT coalesce(h.position, 0) + 1, stream, coalesce(r.revision, 0) + 1, id, name, version,
        -- Clocks step back; record time doesn't.
        greatest(clock_timestamp(), h.recorded_at), effective, payload, metadata
    FROM (SELECT) one
    LEFT JOIN LATERAL (
        SELECT l.revision FROM {schema}.events l WHERE l.stream = append_one.stream ORDER BY l.revision DESC LIMIT 1
    ) r ON true
    LEFT JOIN LATERAL (
        SELECT l.position, l.recorded_at FROM {schema}.events l ORDER BY l.position DESC LIMIT 1
    ) h ON true
    WHERE expected = coalesce(r.revision, 0) OR expected = -1 OR (expected = -2 AND r.revision > 0)
    RETURNING e.recorded_at, e.revision - 1, e.position INTO recorded, met, placed;

    IF FOUND THEN
        told := pg_notify({channel}, placed::text) IS NOT NULL;
    ELSE
        met := coalesce((
            SELECT l.revision FROM {schema}.events l WHERE l.stream = append_one.stream ORDER BY l.revision DESC LIMIT 1
        ), 0);
        SELECT l.recorded_at, l.position, l.revision INTO recorded, placed, found_revision
        FROM {schema}.events l WHERE l.stream = append_one.stream AND l.id = append_one.id;
    END IF;
END;
