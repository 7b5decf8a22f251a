#variable_conflict use_column
DECLARE
    locked boolean;
    head bigint;
    revisions bigint[];
    stream integer;
    revision bigint;
    last_hashes bytea[];
    hashes bytea[];
    hash bytea;
    digest bytea;
    event integer := 0;
    at integer;
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

    IF digests IS NULL THEN
        SELECT coalesce(h.position, 0), h.recorded_at, ARRAY(
            SELECT coalesce((
                SELECT e.revision FROM {schema}.events e WHERE e.stream = s.name ORDER BY e.revision DESC LIMIT 1
            ), 0)
            FROM unnest(streams) AS s (name)
        )
        INTO head, recorded, revisions
        FROM (SELECT) one
        LEFT JOIN LATERAL (
            SELECT e.position, e.recorded_at FROM {schema}.events e ORDER BY e.position DESC LIMIT 1
        ) h ON true;
    ELSE
        SELECT coalesce(h.position, 0), h.recorded_at, r.revisions, r.hashes
        INTO head, recorded, revisions, last_hashes
        FROM (
            SELECT array_agg(coalesce(l.revision, 0)) AS revisions,
                array_agg(coalesce(l.hash, decode(repeat('00', 32), 'hex'))) AS hashes
            FROM unnest(streams) AS s (name)
            LEFT JOIN LATERAL (
                SELECT e.revision, e.hash FROM {schema}.events e WHERE e.stream = s.name ORDER BY e.revision DESC LIMIT 1
            ) l ON true
        ) r
        LEFT JOIN LATERAL (
            SELECT e.position, e.recorded_at FROM {schema}.events e ORDER BY e.position DESC LIMIT 1
        ) h ON true;
    END IF;
    -- Clocks step back; record time doesn't.
    recorded := greatest(clock_timestamp(), recorded);

    IF expected = revisions AND NOT careful THEN
        -- As mostly: each append has a stream of its own, which is as it expects. They are placed one after the other. If an
        -- event id was there before, the index refuses it, and the caller asks again, carefully.
        met := revisions;
        before := head;
        head := head + cardinality(ids);
    ELSE
        SELECT array_agg(i.append), array_agg(i.id), array_agg(e.revision), array_agg(e.position),
            array_agg(e.recorded_at)
        INTO found_append, found_id, found_revision, found_position, found_recorded
        FROM unnest(appends, names_of_streams, ids) AS i (append, stream, id)
        CROSS JOIN LATERAL (
            SELECT e.revision, e.position, e.recorded_at
            FROM {schema}.events e WHERE e.stream = i.stream AND e.id = i.id OFFSET 0
        ) e;

        met := array_fill(0::bigint, ARRAY[cardinality(counts)]);
        firsts := met;
        FOR append IN 1 .. cardinality(counts) LOOP
            stream := of_stream[append];
            revision := revisions[stream];
            met[append] := revision;
            IF (expected[append] = revision OR expected[append] = -1 OR (expected[append] = -2 AND revision > 0))
                AND (found_append IS NULL OR append <> ALL (found_append))
            THEN
                firsts[append] := head + 1;
                head := head + counts[append];
                revisions[stream] := revision + counts[append];
            END IF;
        END LOOP;
    END IF;

    -- Whoever assumed something else learns what the streams had.
    IF assumed IS DISTINCT FROM last_hashes THEN
        had := last_hashes;
    END IF;
    -- Where an event stands behind another of the same call, one hash is computed after the other, unless the caller did that
    -- and assumed right.
    IF digests IS NULL OR (before IS NOT NULL AND cardinality(ids) = cardinality(counts)) THEN
        hashes := NULL;
    ELSIF before IS NOT NULL AND assumed = last_hashes THEN
        hashes := chained;
    ELSE
        FOREACH digest IN ARRAY digests LOOP
            event := event + 1;
            at := appends[event];
            IF before IS NOT NULL OR firsts[at] > 0 THEN
                stream := of_stream[at];
                hash := sha256(last_hashes[stream] || int8send(met[at] + places[event] + 1) || digest);
                last_hashes[stream] := hash;
                hashes[event] := hash;
            END IF;
        END LOOP;
    END IF;

    INSERT INTO {schema}.events
        (position, stream, revision, id, name, version, recorded_at, effective_at, payload, metadata, hash)
    SELECT coalesce(before + i.number, firsts[i.append] + i.place), i.stream, met[i.append] + i.place + 1, i.id, i.name,
        i.version, recorded, i.effective, i.payload, i.metadata,
        coalesce(hashes[i.number], CASE WHEN assumed[i.append] = last_hashes[i.append] THEN chained[i.number]
            ELSE sha256(last_hashes[i.append] || int8send(met[i.append] + 1) || digests[i.number]) END)
    FROM unnest(appends, places, names_of_streams, ids, names, versions, effective, payloads, metadata)
        WITH ORDINALITY AS i (append, place, stream, id, name, version, effective, payload, metadata, number)
    WHERE before IS NOT NULL OR firsts[i.append] > 0;

    IF FOUND THEN
        PERFORM pg_notify({channel}, head::text);
    END IF;
END;
