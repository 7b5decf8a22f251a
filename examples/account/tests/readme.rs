//! What the README shows is what stands here, and runs.

const README: &str = include_str!("../../../README.md");

/// The README's blocks of Rust, in order.
fn blocks() -> Vec<&'static str> {
    let after = README.split("\n```rust").skip(1);
    let block = |text: &'static str| {
        let (_, code) = text.split_once('\n')?;
        code.split_once("\n```").map(|(code, _)| code)
    };
    after.filter_map(block).collect()
}

/// Code without what a formatter decides, and without comments.
fn bare(code: &str) -> String {
    let lines = code.lines().map(|line| match line.find("//") {
        Some(comment) => &line[..comment],
        None => line,
    });
    let text: String = lines
        .flat_map(str::chars)
        .filter(|c| !c.is_whitespace())
        .collect();
    [",)", ",}", ",]"]
        .into_iter()
        .fold(text, |text, end| text.replace(end, &end[1..]))
}

/// Every item of the block stands in the source.
fn stands_in(block: &str, source: &str) {
    let source = bare(source);
    for item in block.split("\n\n").filter(|item| !item.starts_with("use ")) {
        assert!(
            source.contains(&bare(item)),
            "the README shows what the example doesn't have:\n{item}"
        );
    }
}

#[test]
fn the_readme_shows_the_tests_and_the_program_of_this_example() {
    let blocks = blocks();
    let [_define, test, run] = blocks[..] else {
        panic!("the README has {} blocks of Rust", blocks.len());
    };
    stands_in(test, include_str!("account.rs"));
    stands_in(run, include_str!("../src/main.rs"));
}
