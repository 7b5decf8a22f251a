#[event(name = "account.money-deposited", version = 2, upcast(from = v1::MoneyDeposited))]
struct MoneyDeposited {
    cents: i64,
}
