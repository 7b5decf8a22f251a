#[projection(name = "balances", version = 1, by_stream, corrections)]
#[event(MoneyDeposited)]
#[event(card::Issued)]
pub struct Balance {
    cents: i64,
}
