use es_core::{
    Append, DecodeError, EventId, EventStore, Expected, Json, LoadError, NewEvent, Repository,
    Revision, StoreError,
};

use crate::bank::{Account, ada};
use crate::stores::{Stage, stream};

/// Ada's stream with one more event, which somebody else's program wrote.
async fn with(name: &str, version: u32, payload: &str) -> Repository<Account, Stage> {
    let stage = Stage::default();
    let accounts = Repository::<Account, _>::new(stage.clone());
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    append(&stage, name, version, payload).await;
    accounts
}

async fn append(stage: &Stage, name: &str, version: u32, payload: &str) {
    let event = NewEvent::new(
        EventId::random(),
        name,
        version,
        Json::parse(payload).unwrap(),
    );
    stage
        .store
        .append(Append::new(stream(), Expected::Any, vec![event]))
        .await
        .unwrap();
}

async fn reason(accounts: &Repository<Account, Stage>) -> (Revision, DecodeError) {
    match accounts.load(&ada()).await {
        Err(LoadError::Store(StoreError::Undecodable(undecodable))) => {
            let text = format!("{undecodable} {undecodable:?} {}", undecodable.reason);
            assert!(
                text.contains("account/ada") && !text.contains("secret"),
                "{text}"
            );
            (undecodable.revision, undecodable.reason)
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_unknown_name_is_an_error_and_never_skipped() {
    let accounts = with("account.renamed", 1, r#"{"to":"secret"}"#).await;
    assert_eq!(
        reason(&accounts).await,
        (Revision::new(2), DecodeError::UnknownName)
    );
}

#[tokio::test]
async fn a_newer_version_is_an_error() {
    let accounts = with("account.deposited", 2, r#"{"cents":"secret"}"#).await;
    assert_eq!(
        reason(&accounts).await,
        (Revision::new(2), DecodeError::NewerVersion { known: 1 })
    );
}

#[tokio::test]
async fn a_payload_that_does_not_fit_is_an_error_that_does_not_quote_it() {
    let accounts = with("account.deposited", 1, r#"{"cents":"secret"}"#).await;
    assert!(matches!(
        reason(&accounts).await,
        (_, DecodeError::Payload(_))
    ));
}

#[tokio::test]
async fn a_retired_event_is_skipped_and_counts_as_a_revision() {
    let accounts = with("account.gift-granted", 7, r#"{"any":"thing"}"#).await;
    let account = accounts.load(&ada()).await.unwrap();
    assert_eq!((account.balance, account.revision()), (0, Revision::new(2)));
    accounts
        .execute(&ada(), |account| account.deposit(1))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_stored_stream_that_starts_wrong_is_an_error() {
    let stage = Stage::default();
    append(&stage, "account.deposited", 1, r#"{"cents":1}"#).await;
    let accounts = Repository::<Account, _>::new(stage.clone());
    assert!(matches!(
        reason(&accounts).await,
        (Revision::FIRST, DecodeError::Misplaced(_))
    ));

    let accounts = with("account.opened", 1, r#"{"owner":"secret"}"#).await;
    assert!(matches!(
        reason(&accounts).await,
        (_, DecodeError::Misplaced(_))
    ));
}
