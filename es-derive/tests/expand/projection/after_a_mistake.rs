#[projection(name = "holdings", verison = 1, event = HoldingsEvent)]
#[event(AccountOpened)]
struct Holdings;
