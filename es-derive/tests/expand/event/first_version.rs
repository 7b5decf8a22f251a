#[event(name = "account.closed", formerly = "account.ended", formerly = "konto.zu")]
struct Closed;
