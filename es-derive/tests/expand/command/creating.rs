#[command(aggregate = Account, creates)]
struct Open(String, #[command(id)] AccountId);
