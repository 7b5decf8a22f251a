//! Feeds the decoder what nobody should have stored. The first two bytes choose the event's name and version, the rest
//! is the text; every way of reading it has to answer with a value or an error.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};

#[expect(
    dead_code,
    reason = "the payloads to begin from are files under `seeds`"
)]
#[path = "../../es-core/tests/robustness/subject.rs"]
mod subject;

fuzz_target!(|input: &[u8]| -> Corpus {
    let [name, version, text @ ..] = input else {
        return Corpus::Reject;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return Corpus::Reject;
    };
    let name = subject::NAMES[usize::from(*name) % subject::NAMES.len()];
    // Metadata and payload are read apart from each other, so one text serves for both.
    subject::read_event(name, u32::from(*version) % 8, text, text);
    subject::read_text(text);
    Corpus::Keep
});
