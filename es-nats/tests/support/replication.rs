//! What the servers of a cluster say of a log.

use std::time::Duration;

use es_core::{EventStore, Position};
use es_nats::{NatsOptions, NatsStore};
use es_servers::NatsCluster;

/// What a server says of a replicated stream.
#[derive(serde::Deserialize)]
struct Replication {
    leader: Option<String>,
    #[serde(default)]
    replicas: Vec<Replica>,
}

#[derive(serde::Deserialize)]
struct Replica {
    current: bool,
    #[serde(default)]
    offline: bool,
}

async fn replication(address: &str, name: &str) -> Option<Replication> {
    let client = async_nats::connect(address).await.ok()?;
    let info = client.request(format!("$JS.API.STREAM.INFO.{name}"), "".into());
    let info = info.await.ok()?;
    let info: serde_json::Value = serde_json::from_slice(&info.payload).ok()?;
    serde_json::from_value(info.get("cluster")?.clone()).ok()
}

/// A handle that knows nothing yet, once the leader shows it everything up to `head`: one that was elected just now may
/// answer with less for a moment.
pub(crate) async fn opened(options: NatsOptions, address: &str, head: Position) -> NatsStore {
    let store = options.open(address).await.unwrap();
    let showing = async {
        while store.head().await.unwrap() < head {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let shown = tokio::time::timeout(Duration::from_mins(1), showing).await;
    shown.expect("what was acknowledged isn't shown");
    store
}

/// Waits until the log has a leader, and every replica what it has; the leader.
pub(crate) async fn recovered(cluster: &NatsCluster, name: &str) -> String {
    let addresses = cluster.url();
    let recovering = async {
        loop {
            for address in addresses.split(',') {
                if let Some(Replication {
                    leader: Some(leader),
                    replicas,
                }) = replication(address, name).await
                    && replicas.len() == 2
                    && replicas
                        .iter()
                        .all(|replica| replica.current && !replica.offline)
                {
                    return leader;
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let recovered = tokio::time::timeout(Duration::from_mins(2), recovering).await;
    recovered.expect("the cluster doesn't recover")
}

/// Waits until the log has another leader than the one that was killed.
pub(crate) async fn moved(cluster: &NatsCluster, name: &str, from: &str) {
    let addresses = cluster.url();
    let moving = async {
        loop {
            for address in addresses.split(',') {
                let told = replication(address, name).await;
                if told
                    .and_then(|told| told.leader)
                    .is_some_and(|leader| leader != from)
                {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let moved = tokio::time::timeout(Duration::from_mins(1), moving).await;
    moved.expect("the cluster elects no other leader");
}
