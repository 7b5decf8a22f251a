//! The statements on the library's own tables.

use crate::schema::Schema;

/// Their texts, with the schema's name.
pub(super) struct Sql {
    /// The rows of all partitions of all versions, the newest first, with what is parked of each and the transaction.
    pub(super) all: String,
    /// The same, locked until the transaction ends.
    pub(super) all_locked: String,
    pub(super) insert: String,
    pub(super) take: String,
    pub(super) advance: String,
    pub(super) bound: String,
    pub(super) renew: String,
    pub(super) release: String,
    pub(super) halt: String,
    pub(super) succeed: String,
    pub(super) retire: String,
    pub(super) count_parked: String,
    pub(super) parked_keys: String,
    pub(super) park: String,
    pub(super) parked: String,
    pub(super) first_parked: String,
    pub(super) unpark: String,
    pub(super) skip: String,
    pub(super) load_state: String,
    pub(super) save_state: String,
    pub(super) delete_states: String,
}

impl Sql {
    pub(super) fn new(schema: &Schema) -> Self {
        let schema = schema.identifier();
        let projections = format!("{schema}.es_projections");
        let parked = format!("{schema}.es_parked");
        let states = format!("{schema}.es_states");
        let all = format!(
            "SELECT version, epoch, position, event_id, lease_until <= clock_timestamp(), state, mark, \
             (SELECT count(*) FROM {parked} p WHERE p.name = f.name AND p.version = f.version \
             AND p.partition = f.partition), partition, txid_current(), \
             lease_until > clock_timestamp() + lease \
             FROM {projections} f WHERE name = $1 ORDER BY version DESC, partition"
        );
        let row = "name = $1 AND version = $2 AND partition = $3";
        let of_key = "name = $1 AND version = $2 AND key = $3";
        Self {
            all_locked: format!("{all} FOR UPDATE OF f"),
            all,
            insert: format!(
                "INSERT INTO {projections} (name, version, partition, epoch, position, lease_until, lease, state, mark) \
                 VALUES ($1, $2, $3, $4, 0, clock_timestamp() + make_interval(secs => $5), \
                 make_interval(secs => $5), $6, $7)"
            ),
            take: format!(
                "UPDATE {projections} SET epoch = $4, lease_until = clock_timestamp() + make_interval(secs => $5), \
                 lease = make_interval(secs => $5) WHERE {row}"
            ),
            // The clock that wrote it was set back since: by this one it lasts no longer than any.
            bound: format!(
                "UPDATE {projections} SET lease_until = clock_timestamp() + lease \
                 WHERE name = $1 AND lease_until > clock_timestamp() + lease"
            ),
            advance: format!(
                "UPDATE {projections} SET position = $7, event_id = $8, \
                 lease_until = clock_timestamp() + make_interval(secs => $9), state = $10, mark = $11 \
                 WHERE {row} AND epoch = $4 AND position = $5 AND state = $6 \
                 AND txid_current() = coalesce($12, txid_current())"
            ),
            // What was let go, or taken away by hand, stays so.
            renew: format!(
                "UPDATE {projections} SET lease_until = clock_timestamp() + make_interval(secs => $5) \
                 WHERE {row} AND epoch = $4 AND isfinite(lease_until)"
            ),
            release: format!(
                "UPDATE {projections} SET lease_until = '-infinity' WHERE {row} AND epoch = $4"
            ),
            halt: format!(
                "UPDATE {projections} SET epoch = epoch + 1, lease_until = '-infinity', \
                 state = CASE WHEN state IN ('active', 'succeeding', 'halted') THEN 'halted' ELSE 'retired' END \
                 WHERE name = $1 AND version < $2 AND state <> 'retired'"
            ),
            succeed: format!(
                "UPDATE {projections} SET state = 'succeeding' \
                 WHERE name = $1 AND version = $2 AND partition <> $3 AND state = 'ready'"
            ),
            retire: format!(
                "UPDATE {projections} SET state = 'retired', epoch = epoch + 1, lease_until = '-infinity' \
                 WHERE name = $1 AND version < $2 AND state <> 'retired'"
            ),
            count_parked: format!(
                "SELECT count(*) FROM {parked} WHERE name = $1 AND version = $2 AND partition = $3"
            ),
            // Locked, so that no retry takes the last one away while others are put behind it.
            parked_keys: format!(
                "SELECT key FROM {parked} WHERE name = $1 AND version = $2 AND key = ANY ($3) FOR SHARE"
            ),
            park: format!(
                "INSERT INTO {parked} (name, version, position, key, failure, partition, replay) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7)"
            ),
            parked: format!(
                "SELECT position, key, failure FROM {parked} WHERE name = $1 AND version = $2 \
                 AND key = coalesce($3, key) ORDER BY position"
            ),
            first_parked: format!(
                "SELECT position, replay FROM {parked} WHERE {of_key} ORDER BY position LIMIT 1 FOR UPDATE"
            ),
            unpark: format!(
                "DELETE FROM {parked} WHERE name = $1 AND version = $2 AND position = $3"
            ),
            skip: format!(
                "WITH skipped AS (DELETE FROM {parked} p WHERE name = $1 AND version = $2 AND position = $3 \
                 AND NOT EXISTS (SELECT FROM {parked} o WHERE o.name = p.name AND o.version = p.version \
                 AND o.key = p.key AND o.position < p.position) RETURNING name, version, position, key, failure) \
                 INSERT INTO {schema}.es_skipped (name, version, position, key, failure, actor, reason) \
                 SELECT name, version, position, key, coalesce(failure, ''), $4, $5 FROM skipped"
            ),
            load_state: format!(
                "SELECT schema, position, event_id, state FROM {states} WHERE projection = $1 AND version = $2"
            ),
            save_state: format!(
                "INSERT INTO {states} AS s (projection, version, schema, position, event_id, state) \
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (projection, version) DO UPDATE SET \
                 schema = excluded.schema, position = excluded.position, event_id = excluded.event_id, \
                 state = excluded.state WHERE s.position < excluded.position OR s.schema <> excluded.schema"
            ),
            delete_states: format!("DELETE FROM {states} WHERE projection = $1"),
        }
    }
}
