#[aggregate(name = "account", id = AccountId, event = AccountEvent, error = AccountError)]
#[event(AccountOpened, inital)]
#[event(MoneyDeposited)]
pub struct Account {
    owner: String,
    balance: i64,
}
