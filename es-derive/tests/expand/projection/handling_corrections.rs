#[projection(name = "holdings", version = 1, event = HoldingsEvent, corrections)]
#[event(AccountOpened)]
#[event(card::Issued as CardIssued)]
pub(crate) struct Holdings;
