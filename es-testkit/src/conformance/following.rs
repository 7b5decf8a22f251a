//! Law 9: a wait ends when there is something to read.

use std::time::Duration;

use es_core::{EventStore, Position};
use futures_util::future::join_all;

use super::bench::{Bench, stream};
use super::failure::Fact;

pub(crate) async fn a_wait_returns_at_once_where_the_log_is_past(bench: &Bench) -> Fact {
    let (store, stream) = (bench.handle().await?, stream("1")?);
    for _ in 0..5 {
        let appended = bench.grow(&store, &stream, 2).await?;
        let before = Position::new(appended.position().number() - 1);
        for handle in bench.handles(2).await? {
            let waits = [Position::START, before].map(|position| handle.wait_past(position));
            for ended in bench
                .soon("waits for what is there", join_all(waits))
                .await?
            {
                ended?;
            }
        }
    }
    Ok(())
}

pub(crate) async fn a_wait_ends_when_an_event_is_appended(bench: &Bench) -> Fact {
    let (writer, stream) = (bench.handle().await?, stream("1")?);
    for round in 0..5 {
        let head = writer.head().await?;
        let mut waits = Vec::new();
        // From the writer's own handle, and from others.
        for handle in [writer.clone(), bench.handle().await?, bench.handle().await?] {
            waits.push(tokio::spawn(async move { handle.wait_past(head).await }));
        }
        // The waits may or may not have begun: both must end.
        if round % 2 == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bench.grow(&writer, &stream, 1).await?;
        for ended in bench.soon("waits for an append", join_all(waits)).await? {
            ended??;
        }
    }
    Ok(())
}

pub(crate) async fn an_append_between_a_read_and_a_wait_is_not_missed(bench: &Bench) -> Fact {
    let (reader, writer, stream) = (bench.handle().await?, bench.handle().await?, stream("1")?);
    for _ in 0..50 {
        let head = reader.head().await?;
        let (beside, writer, stream) = (bench.clone(), writer.clone(), stream.clone());
        let append = tokio::spawn(async move { beside.grow(&writer, &stream, 1).await });
        bench
            .soon("a wait beside an append", reader.wait_past(head))
            .await??;
        append.await??;
    }
    Ok(())
}
