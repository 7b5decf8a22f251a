//! What the compiler says of errors and futures: this is tested by compiling.

use std::any::type_name;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use es_core::{
    Aggregate, AnyStore, At, AuditTrail, ByStream, CausationTree, Checkpoint, Correctable, EventId,
    EventStore, Execution, Filter, Fold, FoldStream, InMemory, Repository, Runner, RunnerHandle,
    Samples, Sealer, Subscription, Timestamp, project, timeline,
};
use es_memory::MemoryStore;
use es_sqlite::{SqliteReadModels, SqliteStore};
use serde::Serialize;

fn error<E: Error + Send + Sync + 'static>() -> &'static str {
    let name = type_name::<E>();
    let name = name.split('<').next().unwrap_or(name);
    name.rsplit("::").next().unwrap_or(name)
}

fn errors() -> Vec<&'static str> {
    vec![
        error::<es_core::Conflict>(),
        error::<es_core::CorrectError<es_core::NoError>>(),
        error::<es_core::DecodeError>(),
        error::<es_core::EncodeError>(),
        error::<es_core::ExecuteError<es_core::NoError>>(),
        error::<es_core::Failure>(),
        error::<es_core::Invalid>(),
        error::<es_core::InvalidDigest>(),
        error::<es_core::InvalidExtension>(),
        error::<es_core::InvalidEventId>(),
        error::<es_core::InvalidJson>(),
        error::<es_core::InvalidSeal>(),
        error::<es_core::InvalidStreamId>(),
        error::<es_core::InvalidTimestamp>(),
        error::<es_core::LoadError>(),
        error::<es_core::Misplaced>(),
        error::<es_core::NoError>(),
        error::<es_core::PayloadError>(),
        error::<es_core::Rejection>(),
        error::<es_core::StoreError>(),
        error::<es_core::Undecodable>(),
        error::<es_core::Unpublishable>(),
        error::<es_core::Violation<es_core::NoError>>(),
        error::<es_core::WaitError>(),
        error::<es_core::wake::Closed>(),
    ]
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The names of the types that the source makes errors, with those that aren't public.
fn errors_of_the_source() -> Vec<String> {
    let mut paths = Vec::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    sources(&source, &mut paths);
    let mut names = Vec::new();
    for path in paths {
        let text = fs::read_to_string(path).unwrap();
        let mut is_error = false;
        for line in text.lines().filter(|line| !line.starts_with("///")) {
            is_error |= line.starts_with("#[derive(") && line.contains("thiserror::Error");
            let declared = ["pub enum ", "pub struct ", "pub(crate) enum "]
                .iter()
                .find_map(|kind| line.strip_prefix(kind));
            let by_hand = (line.starts_with("impl") && line.contains("Error for "))
                .then(|| line.split("Error for ").nth(1))
                .flatten();
            let name = match (declared, by_hand) {
                (Some(declared), _) => std::mem::take(&mut is_error).then_some(declared),
                (None, by_hand) => by_hand,
            };
            let name = name.and_then(|name| name.split(|c: char| !c.is_alphanumeric()).next());
            names.extend(name.map(str::to_owned));
        }
    }
    names
}

#[test]
fn every_error_can_be_boxed_sent_and_kept() {
    let listed = errors();
    let source = errors_of_the_source();
    assert!(source.len() > 15, "the source was not found");
    let missing: Vec<_> = (source.iter())
        .filter(|name| !listed.contains(&name.as_str()))
        .collect();
    assert!(missing.is_empty(), "list these in `errors`: {missing:?}");
}

fn is_send<T: Send>(_: T) {}

/// Never called: that it compiles for every aggregate and store is the test.
#[expect(dead_code, reason = "compiled, and not run")]
fn futures_of_a_repository<A, S>(accounts: &Repository<A, S>, id: &A::Id, samples: Samples)
where
    A: Aggregate<Id: Send + Sync> + Clone + Serialize + Correctable,
    S: EventStore,
{
    let instant = Timestamp::EPOCH;
    is_send(accounts.load(id));
    is_send(accounts.load_at(id, At::NOW));
    is_send(accounts.load_as_of(id, instant));
    is_send(accounts.load_effective(id, instant));
    is_send(accounts.history(id));
    is_send(accounts.between(id, At::NOW, At::NOW));
    is_send(accounts.facts(id, At::NOW));
    is_send(accounts.diff(id, At::NOW, At::NOW));
    is_send(accounts.timeline(id, samples, |_| ()));
    is_send(accounts.what_if(id).into_future());
    is_send(accounts.audit(id));
    let executed: fn(Execution<'_, A, S>) = |command| is_send(command.into_future());
    executed(accounts.execute(id, |_| ()));
}

/// As above.
#[expect(dead_code, reason = "compiled, and not run")]
fn futures_of_readers<S: EventStore + Clone>(
    store: S,
    mut follower: Subscription<S>,
    mut sealer: Sealer<S>,
    handle: &RunnerHandle,
) {
    is_send(follower.next());
    is_send(AuditTrail::of_correlation(&store, "request"));
    is_send(CausationTree::around(&store, EventId::random()));
    is_send(sealer.run(Duration::from_secs(1)));
    is_send(handle.wait_for(es_core::Position::START));
    is_send(Subscription::new(store, Filter::all(), Checkpoint::START));
}

/// As above.
#[expect(dead_code, reason = "compiled, and not run")]
fn futures_of_a_projection<P, R, S>(store: &S, samples: Samples)
where
    P: Fold + Clone + Default,
    R: FoldStream + Clone,
    S: EventStore + ?Sized,
{
    is_send(project::<P, S>(store, At::NOW));
    is_send(project::<ByStream<R>, S>(store, At::NOW));
    is_send(timeline(store, samples.clone(), |_: &P| ()));
    is_send(timeline(store, samples, |_: &ByStream<R>| ()));
    is_kept(InMemory::<P>::new());
}

/// As above.
#[expect(dead_code, reason = "compiled, and not run")]
fn futures_of_a_runner<S: EventStore, C: es_core::Consumer>(runner: Runner<S, C>) {
    is_send(runner.run());
}

/// As above.
#[expect(dead_code, reason = "compiled, and not run")]
fn futures_of_stores(file: SqliteStore, models: SqliteReadModels, any: AnyStore) {
    is_send(SqliteStore::open("bank.db"));
    is_send(SqliteReadModels::open("bank.db"));
    is_send(file.close());
    is_send(any.close());
    is_kept(models);
    is_kept(any);
    is_kept(MemoryStore::new());
}

/// Whether it may be shared by tasks on any thread.
fn is_kept<T: Send + Sync + 'static>(_: T) {}
