//! The page of attributes knows every one.

#[test]
fn the_reference_has_every_word() {
    let reference = include_str!("../docs/reference.md");
    let words: Vec<&str> = include_str!("../src/symbol.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("pub const ")?.split('"').nth(1))
        .collect();
    assert!(words.len() > 20, "the words were not found");
    for word in words {
        let shown = [format!("`{word}"), format!("({word}"), format!(", {word}")];
        assert!(
            shown.iter().any(|shown| reference.contains(shown)),
            "`{word}` isn't in docs/reference.md"
        );
    }
}
