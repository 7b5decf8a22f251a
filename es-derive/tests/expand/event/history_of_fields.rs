#[event(name = "account.money-deposited", version = 4, removed("memo", since = 3))]
#[serde(rename_all = "camelCase")]
pub struct MoneyDeposited {
    #[event(since = 2, renamed_from = "amt", try_converted = parsed)]
    #[event(since = 4, converted = money::in_cents)]
    cents_paid: i64,
    #[event(since = 3, default = "EUR")]
    currency: String,
    #[event(since = 4)]
    r#type: Option<u8>,
}
