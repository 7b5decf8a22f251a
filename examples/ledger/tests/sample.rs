//! The shipped statement is what the generator writes. `ES_BLESS=1 cargo test -p ledger --test sample` writes it anew.

use ledger::sample;

#[test]
fn the_shipped_statement_is_what_the_generator_writes() {
    let generated = sample::generate().csv;
    if std::env::var_os("ES_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/sample.csv");
        std::fs::write(path, &generated).unwrap();
        return;
    }
    assert!(
        sample::CSV == generated,
        "sample.csv is another; bless it, and look at what that changes"
    );
    assert_eq!(generated.lines().count(), 2_983);
}
