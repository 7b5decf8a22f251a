//! Commands on a hot aggregate while others have appended, or are about to.

use std::task::{Context, Waker};

use es_core::{ExecuteError, Repository};

use crate::bank::{Account, ada};
use crate::cache::hot;
use crate::stores::{Cue, Stage, deposit, stream};

/// A command on Ada's account that is in the store and never ends.
fn under_way<'r>(stage: &Stage, accounts: &'r Repository<Account, Stage>) -> impl Future + 'r {
    stage.cue(&[Cue::Hangs]);
    let command = accounts.execute(&ada(), |account| account.deposit(1));
    let mut command = IntoFuture::into_future(command);
    let mut context = Context::from_waker(Waker::noop());
    assert!(command.as_mut().poll(&mut context).is_pending());
    stage.counted();
    command
}

#[tokio::test]
async fn a_dropped_command_evicts() {
    let (stage, accounts) = hot().await;
    drop(under_way(&stage, &accounts));
    let deposit = || accounts.execute(&ada(), |account| account.deposit(2));
    deposit().await.unwrap();
    assert_eq!(stage.counted(), (1, 1));
    deposit().await.unwrap();
    assert_eq!(stage.counted(), (1, 0));
}

#[tokio::test]
async fn commands_at_once_share_the_kept_state_and_a_late_drop_evicts_no_newer_one() {
    let (stage, accounts) = hot().await;
    let command = under_way(&stage, &accounts);
    let deposit = || accounts.execute(&ada(), |account| account.deposit(2));
    deposit().await.unwrap();
    assert_eq!(stage.counted(), (1, 0));
    drop(command);
    deposit().await.unwrap();
    assert_eq!(stage.counted(), (1, 0));
    assert_eq!(accounts.load(&ada()).await.unwrap().balance, 14);
}

#[tokio::test]
async fn a_kept_state_that_is_too_old_costs_no_attempt() {
    let (stage, accounts) = hot().await;
    let accounts = accounts.with_attempts(1);
    deposit(&stage.store, stream(), 90).await;
    let double = |account: &Account| account.deposit(account.balance);
    accounts.execute(&ada(), double).await.unwrap();
    assert_eq!(accounts.load(&ada()).await.unwrap().balance, 200);
    // Somebody who appends first, on the tail that was just read, costs one.
    deposit(&stage.store, stream(), 90).await;
    stage.cue(&[Cue::Pass, Cue::Overtaken]);
    let refused = accounts.execute(&ada(), double).await;
    assert!(
        matches!(refused, Err(ExecuteError::Conflict(_))),
        "{refused:?}"
    );
    assert_eq!(accounts.load(&ada()).await.unwrap().balance, 291);
}

#[tokio::test]
async fn commands_at_once_on_a_hot_aggregate_read_only_the_news() {
    let (stage, accounts) = hot().await;
    let accounts = accounts.with_attempts(100);
    let history = 200;
    for _ in 0..history {
        accounts
            .execute(&ada(), |account| account.deposit(1))
            .await
            .unwrap();
    }
    stage.cue(&[Cue::Late; 1_000]);
    stage.counted();
    stage.events_read();
    let many = 8;
    let commands = (0..many).map(|_| {
        accounts
            .execute(&ada(), |account| account.deposit(1))
            .into_future()
    });
    for executed in futures_util::future::join_all(commands).await {
        executed.unwrap();
    }
    let (appends, _) = stage.counted();
    assert!(appends > many, "nobody came too late");
    // Each reads at most what the others appended.
    let read = stage.events_read();
    assert!(read <= many * (many - 1), "{read}");
    let account = accounts.load(&ada()).await.unwrap();
    assert_eq!(account.balance, 10 + i64::from(history + many));
}
