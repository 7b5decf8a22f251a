#[projection(name = "months", version = 1, corrections)]
#[event(MoneyDeposited)]
#[event(card::Issued as CardIssued)]
pub struct Months {
    sums: BTreeMap<u32, i64>,
}
