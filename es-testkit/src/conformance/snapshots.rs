//! Law 10, for snapshots: a store that keeps them returns the right one. (It may forget any, but these it just got.)

use es_core::{Revision, Snapshot, SnapshotStore, StreamId};

use super::bench::{Bench, json, stream};
use super::failure::{Fact, same};

fn snapshot(bench: &Bench, stream: &StreamId, revision: u64, state: &str) -> Snapshot {
    let revision = Revision::new(revision);
    Snapshot::new(stream.clone(), revision, bench.id(), 1, 1, json(state))
}

const NEWEST: Revision = Revision::new(u64::MAX);

pub(crate) async fn a_snapshot_comes_back(bench: &Bench) -> Fact {
    let (writer, reader) = (bench.handle().await?, bench.handle().await?);
    let bytes = bench.profile.limits.payload_bytes.min(1 << 20);
    let large = format!("\"{}\"", "x".repeat(bytes - 2));
    let states = [
        "{}",
        " [1.0, 1e5,{\"b\":1,\"a\":2}]",
        r#""a\u0000b🏦'""#,
        &large,
    ];
    for (index, state) in states.into_iter().enumerate() {
        let stream = stream(&format!("{index}/it's"))?;
        same(
            "a snapshot before it is kept",
            reader.load_snapshot(&stream, NEWEST).await?,
            None,
        )?;
        let mut kept = snapshot(bench, &stream, 3, state);
        (kept.schema, kept.fold) =
            [(0, 0), (u64::MAX, u32::MAX), (1 << 63, 1 << 31), (1, 2)][index];
        writer.keep_snapshot(kept.clone()).await?;
        same(
            "the snapshot",
            reader.load_snapshot(&stream, NEWEST).await?,
            Some(kept),
        )?;
    }
    Ok(())
}

pub(crate) async fn the_newest_snapshot_at_or_below_a_revision_is_loaded(bench: &Bench) -> Fact {
    let (store, stream) = (bench.handle().await?, stream("1")?);
    // Not in the order of their revisions: an older program may keep an older one later.
    for revision in [20, 100, 3] {
        store
            .keep_snapshot(snapshot(bench, &stream, revision, "{}"))
            .await?;
    }
    for (at_most, newest) in [
        (0, None),
        (2, None),
        (3, Some(3)),
        (19, Some(3)),
        (20, Some(20)),
        (99, Some(20)),
        (100, Some(100)),
        (u64::MAX, Some(100)),
    ] {
        let loaded = store.load_snapshot(&stream, Revision::new(at_most)).await?;
        let revision = loaded.map(|snapshot| snapshot.revision.number());
        same(
            format!("the newest snapshot at or below {at_most}"),
            revision,
            newest,
        )?;
    }
    Ok(())
}

pub(crate) async fn a_snapshot_replaces_one_of_its_revision(bench: &Bench) -> Fact {
    let (store, stream) = (bench.handle().await?, stream("1")?);
    for state in ["1", "2", "3"] {
        let mut kept = snapshot(bench, &stream, 7, state);
        kept.fold = 9;
        store.keep_snapshot(kept.clone()).await?;
        same(
            "the snapshot",
            store.load_snapshot(&stream, NEWEST).await?,
            Some(kept),
        )?;
    }
    Ok(())
}

pub(crate) async fn deleted_snapshots_are_gone_and_others_stay(bench: &Bench) -> Fact {
    let store = bench.handle().await?;
    let streams = [stream("a")?, stream("A")?, stream("a ")?, stream("%")?];
    for stream in &streams {
        for revision in [1, 5] {
            store
                .keep_snapshot(snapshot(bench, stream, revision, "{}"))
                .await?;
        }
    }
    for (gone, stream) in streams.iter().enumerate().rev() {
        store.delete_snapshots(stream).await?;
        store.delete_snapshots(stream).await?;
        for (index, stream) in streams.iter().enumerate() {
            let left = store.load_snapshot(stream, NEWEST).await?.is_some();
            same(
                format!("whether {stream} has a snapshot"),
                left,
                index < gone,
            )?;
        }
    }
    let stream = &streams[0];
    store
        .keep_snapshot(snapshot(bench, stream, 2, "{}"))
        .await?;
    let again = store.load_snapshot(stream, NEWEST).await?;
    same(
        "a snapshot kept after deletion",
        again.map(|kept| kept.revision),
        Some(Revision::new(2)),
    )
}
