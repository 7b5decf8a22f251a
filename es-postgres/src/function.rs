//! The database's function `append`, which numbers events: as it is, and as it hashes them, too.

/// A kind of the function: what it has beside what all have.
pub(crate) struct Kind {
    declared: &'static str,
    selected: &'static str,
    into: &'static str,
    of_streams: &'static str,
    hashing: &'static str,
    column: &'static str,
    hash_of_one: &'static str,
    hash_of_each: &'static str,
}

/// For a log that isn't tamper-evident. It does nothing for those that are.
pub(crate) const PLAIN: Kind = Kind {
    declared: "",
    selected: "r.revisions",
    into: "revisions",
    of_streams: "
        SELECT ARRAY(
            SELECT coalesce((
                SELECT e.revision FROM {schema}.events e WHERE e.stream = s.name ORDER BY e.revision DESC LIMIT 1
            ), 0)
            FROM unnest(streams) AS s (name)
        ) AS revisions
    ",
    hashing: "",
    column: "",
    hash_of_one: "",
    hash_of_each: "",
};

/// For a tamper-evident one.
pub(crate) const HASHING: Kind = Kind {
    declared: "
    last_hashes bytea[];
    hashes bytea[];
    hash bytea;
    at integer;",
    selected: "r.revisions, r.last_hashes",
    into: "revisions, last_hashes",
    of_streams: "
        SELECT array_agg(coalesce(l.revision, 0)) AS revisions, array_agg(l.hash) AS last_hashes
        FROM unnest(streams) AS s (name)
        LEFT JOIN LATERAL (
            SELECT e.revision, e.hash FROM {schema}.events e WHERE e.stream = s.name ORDER BY e.revision DESC LIMIT 1
        ) l ON true
    ",
    hashing: "    IF before IS NULL OR cardinality(ids) > cardinality(counts) THEN
        -- Events stand behind others of the same call, so one hash is computed after the other.
        hashes := array_fill(NULL::bytea, ARRAY[cardinality(ids)]);
        FOR event IN 1 .. cardinality(ids) LOOP
            at := appends[event];
            IF before IS NOT NULL OR firsts[at] > 0 THEN
                stream := of_stream[at];
                hash := {schema}.hash(last_hashes[stream], ids[event], met[at] + places[event] + 1, versions[event],
                    streams[stream], names[event], payloads[event], metadata[event], effective[event]);
                last_hashes[stream] := hash;
                hashes[event] := hash;
            END IF;
        END LOOP;
    ELSIF cardinality(ids) = 1 THEN
        -- Here and not in the INSERT, which would make the whole expression ready anew each time.
        hash := {schema}.hash(last_hashes[1], ids[1], met[1] + 1, versions[1], streams[1], names[1], payloads[1],
            metadata[1], effective[1]);
    END IF;

",
    column: ", hash",
    hash_of_one: ", hash",
    hash_of_each: ", coalesce(hashes[i.number], {schema}.hash(last_hashes[i.append], i.id, met[i.append] + 1, i.version,
            i.stream, i.name, i.payload, i.metadata, i.effective))",
};

impl Kind {
    /// The function's body.
    pub(crate) fn body(&self, schema: &str, table: &str, lock: i32, channel: &str) -> String {
        let of = |text: &str| text.replace("{schema}", schema);
        format!(
            include_str!("sql/body.sql"),
            schema = schema,
            table = table,
            lock = lock,
            channel = channel,
            declared = self.declared,
            selected = self.selected,
            into = self.into,
            of_streams = of(self.of_streams),
            hashing = of(self.hashing),
            column = self.column,
            hash_of_one = of(self.hash_of_one),
            hash_of_each = of(self.hash_of_each),
        )
    }
}
