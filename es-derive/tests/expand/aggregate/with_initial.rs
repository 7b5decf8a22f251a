#[aggregate(name = "account", id = AccountId, event = AccountEvent, error = AccountError)]
#[event(AccountOpened, initial)]
#[event(MoneyDeposited)]
#[event(money::Withdrawn as MoneyWithdrawn, recorded)]
#[event(retired = "account.gift-granted")]
pub struct Account {
    owner: String,
    balance: i64,
}
