//! What an account decides, without a store.

use account::{Account, AccountError, AccountOpened, MoneyDeposited, MoneyWithdrawn};
use es_testkit::Spec;

fn opened() -> AccountOpened {
    Account::open("ada")
}

fn deposited(cents: i64) -> MoneyDeposited {
    let currency = "EUR".to_owned();
    MoneyDeposited { cents, currency }
}

#[test]
fn an_account_is_opened() {
    Account::given(())
        .when_created(Account::open("ada"))
        .then(opened())
        .then_state_with(|account| account.owner() == "ada" && account.balance() == 0);
}

#[test]
fn money_comes_and_goes() {
    Account::given(opened())
        .when(|account| account.deposit(50_00))
        .then(deposited(50_00))
        .when(|account| account.withdraw(20_00))
        .then(MoneyWithdrawn { cents: 20_00 })
        .then_state_with(|account| account.balance() == 30_00);
}

#[test]
fn an_account_cannot_be_overdrawn() {
    Account::given((
        AccountOpened {
            owner: "ada".into(),
        },
        MoneyDeposited {
            cents: 50_00,
            currency: "EUR".into(),
        },
    ))
    .when(|account| account.withdraw(80_00))
    .then_rejected(AccountError::InsufficientFunds {
        balance: 50_00,
        requested: 80_00,
    });
}

#[test]
fn what_older_versions_stored_is_read() {
    Account::given(Account::open("ada"))
        .given_stored("account.money-deposited", 1, r#"{"amt":100}"#)
        .given_stored("account.money-deposited", 2, r#"{"cents":200}"#)
        .then_state_with(|account| account.balance() == 300);
}
