#[projection(name = "holdings", version = 2)]
#[event(AccountOpened)]
#[event(card::Issued as CardIssued)]
pub struct Holdings {
    by_owner: BTreeMap<String, u32>,
}
