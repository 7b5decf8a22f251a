#[command(aggregate = Account)]
struct Deposit {
    #[command(ids)]
    account: AccountId,
}
