#[command(aggregate = Account)]
struct PayBack {
    #[command(id)]
    account: AccountId,
    #[command(compensates)]
    payment: EventId,
}
