use es_core::{
    Apply, DecodeError, Envelope, Event, EventId, EventSet, Fold, Json, Position, Projection,
    ProjectionEvents, Recorded, Revision, StoredEvent, StreamId, Timestamp,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened", formerly = "account.made")]
struct Opened {
    owner: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.deposited", version = 2)]
struct Deposited {
    #[event(since = 2, renamed_from = "amt")]
    cents: i64,
}

mod card {
    use es_core::Event;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
    #[event(name = "card.opened")]
    pub(crate) struct Opened {}
}

#[derive(Debug, Clone, Default, PartialEq, Projection)]
#[projection(name = "overview", version = 3)]
#[event(Opened)]
#[event(Deposited)]
#[event(card::Opened as CardOpened)]
struct Overview {
    owners: Vec<(String, StreamId)>,
    cents: i64,
    cards: Vec<Revision>,
}

impl Apply<Recorded<Opened>> for Overview {
    fn apply(&mut self, opened: Recorded<Opened>) {
        self.owners.push((opened.event.owner, opened.stream));
    }
}

impl Apply<Recorded<Deposited>> for Overview {
    fn apply(&mut self, deposited: Recorded<Deposited>) {
        self.cents += deposited.cents;
    }
}

impl Apply<Recorded<card::Opened>> for Overview {
    fn apply(&mut self, opened: Recorded<card::Opened>) {
        self.cards.push(opened.revision);
    }
}

#[derive(Projection)]
#[projection(name = "ledger", version = 1, event = LedgerEvent, derive(Debug, PartialEq))]
#[event(Opened)]
#[event(card::Opened as CardOpened)]
struct Ledger;

fn stored(stream: &str, name: &str, version: u32, payload: &str) -> StoredEvent {
    let stream: StreamId = stream.parse().unwrap();
    let envelope = Envelope::new(EventId::random(), stream, Revision::FIRST, Timestamp::EPOCH);
    let position = Position::new(1);
    StoredEvent::new(
        envelope,
        position,
        name,
        version,
        Json::from_stored(payload),
    )
}

#[test]
fn a_projection_has_the_name_and_the_version_that_are_written() {
    assert_eq!((Overview::NAME, Overview::VERSION), ("overview", 3));
    assert_eq!((Ledger::NAME, Ledger::VERSION), ("ledger", 1));
    let names: Vec<_> = Overview::EVENTS.iter().map(|event| event.name).collect();
    assert_eq!(
        names,
        ["account.opened", "account.deposited", "card.opened"]
    );
}

#[test]
fn it_asks_for_its_events_by_all_of_their_names() {
    let filter = Overview::filter();
    let names: Vec<_> = filter.names().collect();
    assert_eq!(
        names,
        [
            "account.deposited",
            "account.made",
            "account.opened",
            "card.opened"
        ]
    );
    assert!(!filter.passes("account", "es.retracted"));
}

#[test]
fn events_of_several_aggregates_are_folded_each_by_its_own_rule() {
    let mut overview = Overview::default();
    for event in [
        stored("account/1", "account.opened", 1, r#"{"owner":"ada"}"#),
        stored("account/1", "account.deposited", 2, r#"{"cents":5}"#),
        stored("card/9", "card.opened", 1, "{}"),
    ] {
        overview.fold(&event).unwrap();
    }
    let owners = vec![("ada".to_owned(), "account/1".parse().unwrap())];
    let (cents, cards) = (5, vec![Revision::FIRST]);
    assert_eq!(
        overview,
        Overview {
            owners,
            cents,
            cards
        }
    );
}

#[test]
fn what_older_versions_and_names_wrote_is_folded() {
    let mut overview = Overview::default();
    let made = stored("account/1", "account.made", 1, r#"{"owner":"ada"}"#);
    let deposited = stored("account/1", "account.deposited", 1, r#"{"amt":7}"#);
    overview.fold(&made).unwrap();
    overview.fold(&deposited).unwrap();
    assert_eq!((overview.owners.len(), overview.cents), (1, 7));
}

#[test]
fn an_event_that_is_not_listed_changes_nothing() {
    let mut overview = Overview::default();
    for name in ["account.closed", "es.retracted"] {
        overview.fold(&stored("account/1", name, 9, "[]")).unwrap();
    }
    assert_eq!(overview, Overview::default());
}

#[test]
fn an_event_that_cannot_be_read_is_an_error_and_changes_nothing() {
    let mut overview = Overview::default();
    let newer = stored("account/1", "account.deposited", 3, r#"{"cents":5}"#);
    let known = 2;
    assert_eq!(
        overview.fold(&newer),
        Err(DecodeError::NewerVersion { known })
    );
    let torn = stored("account/1", "account.deposited", 2, r#"{"cents":"#);
    assert!(matches!(overview.fold(&torn), Err(DecodeError::Payload(_))));
    let mut odd = stored("account/1", "account.deposited", 2, r#"{"cents":5}"#);
    odd.envelope.metadata = Json::from_stored("[]");
    assert!(matches!(overview.fold(&odd), Err(DecodeError::Metadata(_))));
    assert_eq!(overview, Overview::default());
}

#[test]
fn a_handler_gets_an_enum_of_the_events() {
    fn decoded<P: ProjectionEvents>(event: &StoredEvent) -> Option<P::Event> {
        event.decode().unwrap()
    }
    let owner = "ada".to_owned();
    let made = stored("account/1", "account.made", 1, r#"{"owner":"ada"}"#);
    assert_eq!(
        decoded::<Ledger>(&made),
        Some(LedgerEvent::Opened(Opened { owner }))
    );
    let card = stored("card/1", "card.opened", 1, "{}");
    let expected = LedgerEvent::CardOpened(card::Opened {});
    assert_eq!(decoded::<Ledger>(&card), Some(expected));
    assert_eq!(LedgerEvent::EVENTS, Ledger::EVENTS);
}
