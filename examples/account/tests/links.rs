//! Every relative link of the pages leads to a file that is there, and to a heading in it.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Pages, and folders of pages.
const PAGES: [&str; 7] = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "docs",
    "examples/ledger/README.md",
    "es-derive/docs",
];

fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.join("../..").canonicalize().unwrap()
}

/// The pages, each by its place under the root.
fn pages(root: &Path) -> Vec<PathBuf> {
    let mut pages = Vec::new();
    for place in PAGES.map(|place| root.join(place)) {
        if place.is_file() {
            pages.push(place);
            continue;
        }
        let entries = fs::read_dir(&place).unwrap();
        let files = entries.map(|entry| entry.unwrap().path());
        pages.extend(files.filter(|file| is_page(file)));
    }
    pages.sort();
    pages
}

fn is_page(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "md")
}

/// The lines outside of blocks of code.
fn prose(page: &str) -> Vec<&str> {
    let mut fence = None;
    let mut lines = Vec::new();
    for line in page.lines() {
        let start = line.trim_start();
        let ticks = start.chars().take_while(|c| *c == '`').count();
        match fence {
            None if ticks >= 3 => fence = Some(ticks),
            None => lines.push(line),
            Some(open) if ticks >= open && start.trim_end().len() == ticks => fence = None,
            Some(_) => {}
        }
    }
    lines
}

/// The line without what stands between backticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

/// Where a page's links lead: those in the text, and those at the foot.
fn links(page: &str) -> Vec<String> {
    let mut links = Vec::new();
    for line in prose(page) {
        let line = without_code(line);
        for after in line.split("](").skip(1) {
            links.extend(after.split_once(')').map(|(link, _)| link.to_owned()));
        }
        if let Some((_, link)) = line.split_once("]: ").filter(|_| line.starts_with('[')) {
            links.push(link.trim().to_owned());
        }
    }
    links
}

/// The anchors of a page's headings: in lower case, with hyphens for spaces, without punctuation, and numbered where
/// they come again.
fn anchors(page: &str) -> Vec<String> {
    let mut seen = HashMap::<String, usize>::new();
    let headings = prose(page).into_iter().filter_map(|line| {
        let text = line.trim_start_matches('#');
        (text.len() < line.len()).then(|| text.strip_prefix(' '))?
    });
    headings
        .map(|heading| {
            let kept = heading.trim().to_lowercase().replace(' ', "-");
            let plain = kept.replace(|c: char| !c.is_alphanumeric() && c != '-' && c != '_', "");
            let before = seen.entry(plain.clone()).or_default();
            *before += 1;
            match *before - 1 {
                0 => plain,
                again => format!("{plain}-{again}"),
            }
        })
        .collect()
}

/// What is wrong with a link of a page, if anything is.
fn mistake(root: &Path, page: &Path, link: &str) -> Option<&'static str> {
    let (path, anchor) = match link.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (link, None),
    };
    let target = if path.is_empty() {
        page.to_owned()
    } else {
        page.parent()?.join(path)
    };
    let Ok(target) = target.canonicalize() else {
        return Some("there is no such file");
    };
    if !target.starts_with(root) {
        return Some("it leads out of the repository");
    }
    let anchor = anchor?;
    if !is_page(&target) {
        return Some("an anchor into what isn't a page moves with every change");
    }
    let headings = anchors(&fs::read_to_string(target).unwrap());
    (!headings.iter().any(|heading| heading == anchor)).then_some("there is no such heading")
}

#[test]
fn every_relative_link_leads_somewhere() {
    let root = root();
    let mut mistakes = Vec::new();
    for page in pages(&root) {
        let text = fs::read_to_string(&page).unwrap();
        let links = links(&text).into_iter();
        for link in links.filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            if let Some(why) = mistake(&root, &page, &link) {
                let page = page.strip_prefix(&root).unwrap().display();
                mistakes.push(format!("{page}: {link}: {why}"));
            }
        }
    }
    assert!(mistakes.is_empty(), "\n{}", mistakes.join("\n"));
}

#[test]
fn a_link_is_seen_wherever_it_stands_but_in_code() {
    let page = "See [a](a.md), ![b](b.png) and [c].\n\n```\n[no](no.md)\n```\n`[no](no.md)` [`d`](d.md#e)\n\n[c]: c.md\n";
    assert_eq!(links(page), ["a.md", "b.png", "d.md#e", "c.md"]);
}

#[test]
fn a_heading_has_the_anchor_that_readers_are_shown() {
    let page =
        "# On an event's struct\n\n## `Any`, or none\n\n```\n# no\n```\n#no\n## `Any`, or none\n";
    assert_eq!(
        anchors(page),
        ["on-an-events-struct", "any-or-none", "any-or-none-1"]
    );
}

#[test]
fn a_link_that_leads_nowhere_is_told() {
    let root = root();
    let page = root.join("README.md");
    let mistake = |link| mistake(&root, &page, link);
    assert_eq!(mistake("ARCHITECTURE.md#words"), None);
    assert_eq!(mistake("#try-it"), None);
    assert_eq!(mistake("es-core/src"), None);
    assert_eq!(mistake("docs/nowhere.md"), Some("there is no such file"));
    assert_eq!(mistake("#nowhere"), Some("there is no such heading"));
    assert_eq!(mistake("../.."), Some("it leads out of the repository"));
    assert!(mistake("Cargo.toml#L3").is_some());
}
