//! Law 12: what is stored stays as it is.

use es_core::{Expected, SnapshotStore};

use super::bench::{Bench, append, json, stream, whole};
use super::failure::{Fact, holds, same};
use super::{Declared, Failure, Tampering};

pub(crate) async fn no_append_changes_what_is_stored(bench: &Bench) -> Fact {
    let (store, stream) = (bench.handle().await?, stream("1")?);
    let mut events = bench.events(3);
    append(&store, &stream, Expected::NoStream, events.clone()).await?;
    let before = whole(&store).await?;
    for event in &mut events {
        event.payload = json("\"mended\"");
    }
    // Whatever these are answered, nothing that is there changes.
    for part in [
        &events[..],
        &events[..1],
        &events[2..],
        &[events[2].clone(), events[0].clone()],
    ] {
        for expected in [Expected::Any, Expected::NoStream, Expected::StreamExists] {
            drop(append(&store, &stream, expected, part.to_vec()).await);
        }
    }
    store.delete_snapshots(&stream).await?;
    let added = append(&store, &stream, Expected::Any, bench.events(1)).await?;
    let after = whole(&store).await?;
    same("events after one more", after.log().len(), 4)?;
    same("its revision", added.revision().number(), 4)?;
    same("the events before it", &after.log()[..3], before.log())
}

pub(crate) async fn the_database_refuses_to_change_or_delete_events(bench: &Bench) -> Fact {
    let (store, stream) = (bench.handle().await?, stream("1")?);
    bench.grow(&store, &stream, 3).await?;
    let before = whole(&store).await?;
    let declared = bench.declares(Declared::NoDatabase);
    for tampering in Tampering::ALL {
        match bench.subject.tamper(tampering).await {
            None if declared => continue,
            None => {
                let message =
                    "there is no database to tamper with, and `NoDatabase` isn't declared";
                return Err(Failure::new(message));
            }
            Some(answer) => {
                holds(!declared, || {
                    "there is a database, but `NoDatabase` is declared".into()
                })?;
                holds(answer.is_err(), || {
                    format!("the database allowed {tampering:?}")
                })?;
            }
        }
        same(
            format!("the store after {tampering:?}"),
            &whole(&store).await?,
            &before,
        )?;
    }
    Ok(())
}
