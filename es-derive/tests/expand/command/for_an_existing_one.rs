#[command(aggregate = Account)]
struct Deposit {
    #[command(id)]
    account: AccountId,
    cents: i64,
}
