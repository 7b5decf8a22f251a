//! What an operator sees of a command.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, LazyLock, Mutex};

use es_core::{Checkpoint, Filter, Repository, Subscription};
use es_memory::MemoryStore;
use tracing::Dispatch;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use crate::bank::{Account, ada};
use crate::stores::{Cue, Stage};

/// A span that was closed: its name, the name of the one around it, and its fields as text.
#[derive(Debug, Clone)]
struct Closed {
    name: &'static str,
    parent: Option<&'static str>,
    fields: Fields,
}

#[derive(Debug, Clone, Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let value = format!("{value:?}").trim_matches('"').to_owned();
        let before = self.0.insert(field.name(), value);
        assert_eq!(before, None, "`{}` is recorded twice", field.name());
    }
}

/// The spans that were closed, in order.
#[derive(Debug, Clone, Default)]
struct Spans(Arc<Mutex<Vec<Closed>>>);

impl Spans {
    /// Those closed since the last call.
    fn take(&self) -> Vec<Closed> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// The only one of this name among them, with the fields that are told, as `name=value`.
    #[track_caller]
    fn only(closed: &[Closed], name: &str, fields: &[&str]) -> Option<&'static str> {
        let named: Vec<_> = closed.iter().filter(|span| span.name == name).collect();
        let [span] = named[..] else {
            panic!("not one {name} among {closed:?}");
        };
        let told: Vec<_> = span.fields.0.iter().collect();
        let told: Vec<_> = told
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(told, fields, "{name}");
        span.parent
    }
}

impl<S: tracing::Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        context.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        values.record(span.extensions_mut().get_mut::<Fields>().unwrap());
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        let fields = span.extensions_mut().remove::<Fields>().unwrap();
        let parent = span.parent().map(|parent| parent.name());
        let name = span.name();
        self.0.lock().unwrap().push(Closed {
            name,
            parent,
            fields,
        });
    }
}

/// Two subscribers that want every span, for as long as the tests run.
///
/// With fewer than two, tracing asks the thread that is the first to come to a span whether anybody wants it, for all
/// threads. That may be another test's, which has no subscriber.
static ALWAYS: LazyLock<[Dispatch; 2]> =
    LazyLock::new(|| [(); 2].map(|()| Dispatch::new(tracing_subscriber::registry())));

/// Collects the spans of this thread until the guard is dropped.
fn collected() -> (Spans, tracing::subscriber::DefaultGuard) {
    LazyLock::force(&ALWAYS);
    let spans = Spans::default();
    let subscriber = tracing_subscriber::registry().with(spans.clone());
    (spans, tracing::subscriber::set_default(subscriber))
}

#[tokio::test]
async fn a_command_tells_what_it_read_and_appended_and_came_to() {
    let accounts = Repository::<Account, _>::new(MemoryStore::new());
    let (spans, _guard) = collected();

    accounts
        .create(&ada(), Account::open("Ada"))
        .by("teller")
        .await
        .unwrap();
    let closed = spans.take();
    let created = [
        "actor=teller",
        "conflicts=0",
        "outcome=appended",
        "revision=1",
        "stream=account/ada",
    ];
    assert_eq!(Spans::only(&closed, "es.execute", &created), None);
    let appended = [
        "events=1",
        "repeated=false",
        "revision=1",
        "stream=account/ada",
    ];
    assert_eq!(
        Spans::only(&closed, "es.append", &appended),
        Some("es.execute")
    );

    accounts
        .execute(&ada(), |account| account.deposit(5))
        .await
        .unwrap();
    let closed = spans.take();
    let read = ["events=1", "from=1", "stream=account/ada"];
    assert_eq!(
        Spans::only(&closed, "es.read_stream", &read),
        Some("es.execute")
    );

    let refused = accounts
        .execute(&ada(), |account| account.withdraw(6))
        .await;
    refused.unwrap_err();
    let refused = [
        "conflicts=0",
        "error=only 5 there",
        "outcome=rejected",
        "stream=account/ada",
    ];
    Spans::only(&spans.take(), "es.execute", &refused);

    accounts.load(&ada()).await.unwrap();
    Spans::only(
        &spans.take(),
        "es.load",
        &["revision=2", "stream=account/ada"],
    );
}

#[tokio::test]
async fn a_command_tells_how_often_others_came_first_and_why_it_failed() {
    let stage = Stage::default();
    let accounts = Repository::<Account, _>::new(stage.clone());
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    let (spans, _guard) = collected();

    stage.cue(&[Cue::Overtaken, Cue::Overtaken]);
    accounts
        .execute(&ada(), |account| account.deposit(5))
        .await
        .unwrap();
    let overtaken = [
        "conflicts=2",
        "outcome=appended",
        "revision=4",
        "stream=account/ada",
    ];
    Spans::only(&spans.take(), "es.execute", &overtaken);

    stage.cue(&[Cue::Unavailable]);
    let failed = accounts.execute(&ada(), |account| account.deposit(5)).await;
    failed.unwrap_err();
    let closed = spans.take();
    let error = "error=the store is unavailable; nothing was written";
    Spans::only(
        &closed,
        "es.execute",
        &["conflicts=0", error, "outcome=failed", "stream=account/ada"],
    );
    Spans::only(
        &closed,
        "es.append",
        &[error, "events=1", "stream=account/ada"],
    );
}

#[tokio::test]
async fn a_snapshot_tells_whether_it_was_loaded_or_kept() {
    let store = MemoryStore::new();
    let accounts = Repository::<Account, _>::new(store.clone()).with_snapshots(store);
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    let (spans, _guard) = collected();
    // Every third event.
    let twice = |account: &Account| (account.deposit(1), account.deposit(2));
    accounts.execute(&ada(), twice).await.unwrap();
    let closed = spans.take();
    let mut snapshots: Vec<_> = closed
        .iter()
        .filter(|span| span.name == "es.snapshot")
        .collect();
    let kept = snapshots.pop().unwrap();
    assert_eq!(
        (&*kept.fields.0["what"], &*kept.fields.0["revision"]),
        ("keep", "3")
    );
    let loaded = snapshots.pop().unwrap();
    assert_eq!(loaded.fields.0["what"], "load");
}

#[tokio::test]
async fn a_reader_of_the_log_tells_how_far_it_looked() {
    let store = MemoryStore::new();
    let accounts = Repository::<Account, _>::new(store.clone());
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    let (spans, _guard) = collected();
    let mut subscription =
        Subscription::new(store, Filter::all().category("order"), Checkpoint::START);
    assert!(subscription.next().await.unwrap().is_caught_up());
    Spans::only(
        &spans.take(),
        "es.read_log",
        &["after=0", "events=0", "looked_to=1"],
    );
}
