//! Every mistake that the compiler explains: one in each file under `ui`, with its rule and its cure.
//!
//! `ES_BLESS=1 TRYBUILD=overwrite cargo test -p es-derive --test mistakes` writes the expected messages and the page.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

#[test]
fn each_mistake_is_explained_and_stands_on_the_page() {
    trybuild::TestCases::new().compile_fail("tests/ui/*/*.rs");
    // After the messages, which the page quotes: blessing writes them.
    the_page_is_current();
}

struct Mistake {
    concept: String,
    name: String,
    rule: String,
    cure: String,
    code: String,
    message: String,
}

fn crate_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn mistakes() -> Vec<Mistake> {
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let mut lines = text.lines();
        let mut header = |word: &str| {
            let line = lines.next().and_then(|line| line.strip_prefix(word));
            line.unwrap_or_else(|| panic!("{} lacks `{word}`", path.display()))
                .to_owned()
        };
        let (rule, cure) = (header("//! Rule: "), header("//! Cure: "));
        let code: Vec<&str> = lines.collect();
        let message = fs::read_to_string(path.with_extension("stderr")).unwrap_or_default();
        let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
        Mistake {
            concept: name(path.parent().unwrap()),
            name: name(&path).replace('_', " "),
            rule,
            cure,
            code: code.join("\n").trim().to_owned(),
            message,
        }
    };
    let folder = crate_folder().join("tests/ui");
    files(&folder, "rs").into_iter().map(read).collect()
}

#[test]
fn one_mistake_is_one_error() {
    for mistake in mistakes() {
        let expected = if mistake.name == "several mistakes" {
            3
        } else {
            1
        };
        let errors = (mistake.message.lines())
            .filter(|line| line.starts_with("error"))
            .filter(|line| !line.starts_with("error: aborting"))
            .count();
        assert_eq!(errors, expected, "{}/{}", mistake.concept, mistake.name);
        let shows_std = mistake.message.contains("$RUST") || mistake.message.contains("/rustc/");
        assert!(
            !shows_std,
            "{}/{} quotes the standard library",
            mistake.concept, mistake.name
        );
    }
}

fn the_page_is_current() {
    let mut page = String::from(
        "# Mistakes, and what the compiler says\n\n\
         Each of these is refused while compiling. The code shows the accepted form first and the mistake beside it.\n",
    );
    let mut concepts: BTreeMap<String, Vec<Mistake>> = BTreeMap::new();
    for mistake in mistakes() {
        concepts
            .entry(mistake.concept.clone())
            .or_default()
            .push(mistake);
    }
    for (concept, mistakes) in &concepts {
        write!(page, "\n## {concept}\n\n| mistake | rule |\n|---|---|\n").unwrap();
        for Mistake { name, rule, .. } in mistakes {
            let anchor = format!("{concept}-{name}").replace(' ', "-");
            writeln!(page, "| [{name}](#{anchor}) | {rule} |").unwrap();
        }
        for mistake in mistakes {
            let Mistake {
                name,
                rule,
                cure,
                code,
                message,
                ..
            } = mistake;
            let message = message.trim();
            write!(page,
                "\n### {concept}: {name}\n\n**Rule:** {rule} **Cure:** {cure}\n\n```rust\n{code}\n```\n\n```text\n{message}\n```\n"
            ).unwrap();
        }
    }
    let path = crate_folder().join("docs/mistakes.md");
    if std::env::var_os("ES_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, page).unwrap();
    } else {
        let stored = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            stored == page,
            "docs/mistakes.md is out of date; ES_BLESS=1 writes it"
        );
    }
}

#[test]
fn every_refusal_has_a_case() {
    let first_lines: Vec<String> = mistakes()
        .iter()
        .flat_map(|mistake| mistake.message.lines())
        .filter_map(|line| line.strip_prefix("error")?.split_once(": "))
        .map(|(_, message)| {
            message
                .trim_start_matches("evaluation panicked: ")
                .to_owned()
        })
        .collect();
    let messages: Vec<String> = messages_of_the_macro()
        .into_iter()
        .chain(messages_of_the_traits())
        .chain(messages_while_compiling())
        .collect();
    let unproven = unproven(&messages, &first_lines);
    assert!(
        unproven.is_empty(),
        "no case under tests/ui shows these: {unproven:#?}"
    );
}

/// The messages that no case shows: neither as the whole of an error's first line, nor as what another message that is
/// the whole of one has in a place of its own.
fn unproven<'m>(messages: &'m [String], first_lines: &[String]) -> Vec<&'m String> {
    let mut shown: Vec<String> = first_lines.to_vec();
    let mut unproven: Vec<&String> = messages.iter().collect();
    // What stands in the places of a message may be a message with places.
    while !shown.is_empty() {
        let mut within = Vec::new();
        unproven.retain(|message| {
            let found: Vec<_> = (shown.iter())
                .filter_map(|text| in_places(message, text))
                .collect();
            within.extend(found.iter().flatten().cloned());
            found.is_empty()
        });
        shown = within;
    }
    unproven
}

/// What stands in the text where the message has `{places}`, if the text is otherwise the message.
fn in_places(message: &str, text: &str) -> Option<Vec<String>> {
    let mut parts = message.split(['{', '}']).step_by(2);
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut places = Vec::new();
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let at = match parts.peek() {
            Some(_) => rest.find(part)?,
            None => rest.len().checked_sub(part.len())?,
        };
        let (place, behind) = rest.split_at_checked(at)?;
        places.push(place.to_owned());
        rest = behind.strip_prefix(part)?;
    }
    rest.is_empty().then_some(places)
}

#[test]
fn a_message_without_a_case_is_found() {
    let messages = [
        "`{word}` is written `{form}`",
        "an event is a struct",
        "the default doesn't fit: {misfit}",
        "`{shown}` is stored as {what}",
    ]
    .map(str::to_owned);
    let shown = [
        "`name` is written `name = \"…\"`",
        "an event is a struct: derive one for each",
        "the default doesn't fit: `u8` is stored as an integer",
    ]
    .map(str::to_owned);
    assert_eq!(unproven(&messages, &shown), [&messages[1]]);
    assert_eq!(
        unproven(&messages, &shown[..1]),
        [&messages[1], &messages[2], &messages[3]]
    );
    assert!(unproven(&messages[..1], &shown).is_empty());
}

/// What the macro's source says in four words or more, beside docs and reasons.
fn messages_of_the_macro() -> Vec<String> {
    let mut messages = Vec::new();
    for path in files(&crate_folder().join("src"), "rs") {
        let source = fs::read_to_string(&path).unwrap();
        let (source, _tests) = source.split_once("#[cfg(test)]").unwrap_or((&source, ""));
        collect(&mut messages, source.parse().unwrap());
    }
    messages.retain(|message| message.split_whitespace().count() >= 4 && !message.starts_with(' '));
    assert!(messages.len() > 40, "the source was not found");
    messages
}

/// The messages for missing impls, in the traits of `es-core` that users implement.
fn messages_of_the_traits() -> Vec<String> {
    let mut messages = Vec::new();
    for path in files(&crate_folder().join("../es-core/src"), "rs") {
        let source = fs::read_to_string(&path).unwrap();
        for part in source.split("diagnostic::on_unimplemented").skip(1) {
            let attribute = part.split(")]").next().unwrap();
            let message = attribute.split("message = \"").nth(1).unwrap();
            messages.push(message.split("\",").next().unwrap().to_owned());
        }
    }
    assert!(messages.len() > 8, "the traits were not found");
    messages
}

/// What `es-core` says when it refuses while compiling: as a whole, or put together from pieces.
fn messages_while_compiling() -> Vec<String> {
    let mut messages = Vec::new();
    for path in files(&crate_folder().join("../es-core/src"), "rs") {
        let source = fs::read_to_string(&path).unwrap();
        for call in source.split(" refuse(").skip(1) {
            if let Some(message) = call.trim_start().strip_prefix('"') {
                messages.push(message.split('"').next().unwrap().to_owned());
            }
        }
        let mut pieces = String::new();
        for line in source.lines().map(str::trim) {
            let pushed = line.strip_prefix("message.push");
            if let Some(text) = pushed.and_then(|pushed| pushed.strip_prefix("(\"")) {
                pieces.push_str(text.strip_suffix("\");").unwrap());
            } else if pushed.is_some() {
                pieces.push_str("{}");
            } else if line.starts_with("panic!(\"{}\", message") && !pieces.is_empty() {
                messages.push(std::mem::take(&mut pieces));
            }
        }
    }
    assert!(messages.len() > 4, "the source was not found");
    messages
}

fn collect(messages: &mut Vec<String>, tokens: TokenStream) {
    let mut before: Vec<String> = Vec::new();
    for tree in tokens {
        match &tree {
            TokenTree::Group(group) => {
                let text = group.stream().to_string();
                let is_doc = before.last().is_some_and(|last| last == "#" || last == "!")
                    && text.starts_with("doc");
                if !is_doc {
                    collect(messages, group.stream());
                }
            }
            TokenTree::Literal(literal) => {
                let is_reason = before.ends_with(&["reason".to_owned(), "=".to_owned()]);
                if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string())
                    && !is_reason
                {
                    messages.push(text.value());
                }
            }
            _ => {}
        }
        before.push(tree.to_string());
    }
}
