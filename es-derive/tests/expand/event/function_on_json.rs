#[event(name = "account.money-deposited", version = 3, upcast(to = 2, with = history::in_cents))]
struct MoneyDeposited {
    cents: i64,
    #[event(since = 3, default = {"tags": ["a", null], "rate": -1.5})]
    details: Details,
}
