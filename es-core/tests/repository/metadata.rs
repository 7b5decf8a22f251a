use es_core::{Command, EventId, Handle, Metadata, Repository, Timestamp};

use crate::bank::{Account, Deposited, Refusal, ada};
use crate::stores::Stage;

#[tokio::test]
async fn what_was_said_of_a_command_is_stored_with_its_events() {
    let stage = Stage::default();
    let accounts = Repository::<Account, _>::new(stage.clone());
    let cause = EventId::random();
    let instant: Timestamp = "1993-06-30T00:00:00.000001Z".parse().unwrap();
    accounts
        .create(&ada(), Account::open("Ada"))
        .by("teller-7")
        .because("walked in \"with\" cash\n")
        .caused_by(cause)
        .correlated("case 🏦")
        .with("branch", 12)
        .effective_at(instant)
        .await
        .unwrap();
    let stored = &stage.log().await[0].envelope;
    let metadata = Metadata::decode(&stored.metadata).unwrap();
    assert_eq!(stored.effective_at, Some(instant));
    assert_eq!(metadata.actor.as_deref(), Some("teller-7"));
    assert_eq!(
        metadata.reason.as_deref(),
        Some("walked in \"with\" cash\n")
    );
    assert_eq!(metadata.caused_by, Some(cause));
    assert_eq!(metadata.correlation.as_deref(), Some("case 🏦"));
    assert_eq!(metadata.extra.get("branch"), Some(&12.into()));
}

#[tokio::test]
async fn a_recorded_fold_sees_the_effective_time() {
    let accounts = Repository::<Account, _>::new(Stage::default());
    let instant: Timestamp = "1993-06-30T00:00:00Z".parse().unwrap();
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    accounts
        .execute(&ada(), |account| account.deposit(1))
        .effective_at(instant)
        .await
        .unwrap();
    assert_eq!(
        accounts.load(&ada()).await.unwrap().last_deposit,
        Some(instant)
    );
}

#[tokio::test]
async fn nothing_said_is_empty_metadata() {
    let stage = Stage::default();
    Repository::<Account, _>::new(stage.clone())
        .create(&ada(), Account::open("Ada"))
        .await
        .unwrap();
    assert_eq!(
        stage.log().await[0].envelope.metadata.as_str(),
        Metadata::EMPTY
    );
}

#[derive(Debug, Command)]
#[command(aggregate = Account)]
struct PayBack {
    #[command(id)]
    account: String,
    #[command(compensates)]
    withdrawal: EventId,
}

impl Handle<PayBack> for Account {
    type Events = Deposited;

    fn handle(&self, _: &PayBack) -> Result<Deposited, Refusal> {
        Ok(self.deposit(5))
    }
}

#[tokio::test]
async fn a_command_that_says_what_it_undoes_is_linked_to_it_whoever_sends_it() {
    let stage = Stage::default();
    let accounts = Repository::<Account, _>::new(stage.clone());
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    let withdrawal = EventId::random();
    let account = ada();
    let pay_back = accounts.send(PayBack {
        account,
        withdrawal,
    });
    pay_back.by("teller-7").await.unwrap();
    let stored = &stage.log().await[1].envelope;
    let metadata = Metadata::decode(&stored.metadata).unwrap();
    assert_eq!(metadata.compensates, Some(withdrawal));
    assert_eq!(metadata.actor.as_deref(), Some("teller-7"));
}
