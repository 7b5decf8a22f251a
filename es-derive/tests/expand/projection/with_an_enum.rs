#[projection(name = "holdings", version = 1, event = HoldingsEvent, derive(Debug))]
#[event(AccountOpened)]
#[event(card::Issued as CardIssued)]
pub(crate) struct Holdings;
