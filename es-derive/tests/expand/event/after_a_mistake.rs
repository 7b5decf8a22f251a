#[event(name = "account.money-deposited", verison = 2)]
struct MoneyDeposited {
    cents: i64,
}
