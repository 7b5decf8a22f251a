//! The page shows every command, and each tells what stands there.

mod support;

use support::Bank;

const PAGE: &str = include_str!("../README.md");

/// The blocks of a language, in order.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("\n```{language}\n");
    let after = PAGE.split(&fence).skip(1);
    after
        .map(|rest| rest.split_once("\n```").unwrap().0)
        .collect()
}

/// The commands with what is told then.
fn examples() -> Vec<(Vec<String>, String)> {
    let mut examples: Vec<(Vec<String>, String)> = Vec::new();
    for line in blocks("console").into_iter().flat_map(str::lines) {
        if let Some(command) = line.strip_prefix("$ ledger ") {
            examples.push((words(command), String::new()));
        } else {
            let told = &mut examples.last_mut().unwrap().1;
            told.push_str(line);
            told.push('\n');
        }
    }
    examples
}

/// As a shell divides it: at spaces that aren't between single quotes.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (index, part) in command.split('\'').enumerate() {
        let mut pieces = part.split(' ');
        if index % 2 == 1 {
            words.last_mut().unwrap().push_str(part);
            continue;
        }
        words.last_mut().unwrap().push_str(pieces.next().unwrap());
        words.extend(pieces.map(str::to_owned));
    }
    words
}

/// Whether a text is the other one, where `…` is any text.
fn tells(told: &str, expected: &str) -> bool {
    let mut parts = expected.split('…');
    let Some(mut rest) = told.strip_prefix(parts.next().unwrap()) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[test]
fn the_page_tells_what_the_program_does() {
    let bank = Bank::new();
    let file = |name: &str, csv: &str| std::fs::write(bank.folder().join(name), csv).unwrap();
    file("sample.csv", ledger::sample::CSV);
    file("covered.csv", blocks("csv")[0]);
    for (command, expected) in examples() {
        let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        let ran = bank.run(&arguments);
        // Lines of CSV end in two characters.
        let told = format!("{}{}", ran.out, ran.err).replace("\r\n", "\n");
        assert!(
            tells(&told, &expected),
            "{command:?} tells\n{told}\nand not\n{expected}"
        );
    }
}

#[test]
fn the_page_shows_every_command() {
    let help = Bank::new().ask(&["-h"]);
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let (commands, _) = commands.split_once("\n\n").unwrap();
    let commands: Vec<&str> = commands
        .lines()
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    assert!(commands.len() > 12, "{commands:?}");
    for command in commands {
        let shown = PAGE.lines().any(|line| {
            let words: Vec<&str> = line.trim_start_matches("$ ").split(' ').collect();
            words[0] == "ledger" && words.contains(&command)
        });
        assert!(shown || command == "help", "{command}");
    }
}

#[test]
fn what_differs_is_seen() {
    for (told, expected, same) in [
        ("a\n", "a\n", true),
        ("a\nb\n", "a\n", false),
        ("a\nb\nc\n", "a\n…\nc\n", true),
        ("a\nb\nc\n", "a\n…\nd\n", false),
        ("a 12 b\n", "a … b\n", true),
        ("a 12 c 13 b\n", "a … c … b\n", true),
        ("a 12 13 b\n", "a … c … b\n", false),
    ] {
        assert_eq!(tells(told, expected), same, "{told:?} {expected:?}");
    }
    assert_eq!(
        words("correct 'a b' --reason x"),
        ["correct", "a b", "--reason", "x"]
    );
}
