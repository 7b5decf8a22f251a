//! Streams as subjects, `<log>.<category>.<id>`, and back.
//!
//! NATS takes no spaces, dots and wildcards within a token. Letters, digits, `-` and `_` stand for themselves; every other
//! byte is `%` and two hexadecimal digits, so that no two streams share a subject, and a subject names its stream.

use std::fmt::Write;

use es_core::{Revision, StreamId};

/// The subject of a stream in the log with this name.
pub(crate) fn of_stream(log: &str, stream: &StreamId) -> String {
    let mut subject = of_log(log, stream);
    subject.push('.');
    encode(&mut subject, stream.category());
    subject.push('.');
    encode(&mut subject, stream.id());
    subject
}

fn of_log(log: &str, stream: &StreamId) -> String {
    // Room for a few escapes.
    let mut subject = String::with_capacity(log.len() + stream.as_str().len() + 16);
    subject.push_str(log);
    subject
}

/// The subjects of a category's streams.
pub(crate) fn of_category(log: &str, category: &str) -> String {
    let mut subject = format!("{log}.");
    encode(&mut subject, category);
    subject.push_str(".*");
    subject
}

/// All subjects of a log.
pub(crate) fn of_all(log: &str) -> String {
    format!("{log}.>")
}

/// The subject of a stream's snapshot.
pub(crate) fn of_snapshot(bucket: &str, stream: &StreamId, revision: Revision) -> String {
    let mut subject = of_stream(bucket, stream);
    let _ = write!(subject, ".{revision}");
    subject
}

/// The subjects of all of a stream's snapshots.
pub(crate) fn of_snapshots(bucket: &str, stream: &StreamId) -> String {
    let mut subject = of_stream(bucket, stream);
    subject.push_str(".*");
    subject
}

/// The stream with this subject, if it is one of ours.
pub(crate) fn stream(log: &str, subject: &str) -> Option<StreamId> {
    let tokens = subject.strip_prefix(log)?.strip_prefix('.')?;
    let (category, id) = tokens.split_once('.')?;
    if category.contains('%') || id.contains('%') {
        return StreamId::new(&decode(category)?, &decode(id)?).ok();
    }
    if id.contains('.') {
        return None;
    }
    StreamId::new(category, id).ok()
}

/// The subject of a public type of events: its dots part tokens.
pub(crate) fn of_type(prefix: &str, r#type: &str) -> String {
    let mut subject = prefix.to_owned();
    // An empty token can't be.
    for token in r#type.split('.').filter(|token| !token.is_empty()) {
        subject.push('.');
        encode(&mut subject, token);
    }
    subject
}

/// Whether the text can be the name of a JetStream stream and the first token of its subjects.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(stands_for_itself)
}

fn stands_for_itself(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn encode(subject: &mut String, text: &str) {
    for byte in text.bytes() {
        if stands_for_itself(byte) {
            subject.push(char::from(byte));
        } else {
            let _ = write!(subject, "%{byte:02X}");
        }
    }
}

fn decode(token: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(token.len());
    let mut rest = token.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            stands_for_itself(byte).then_some(())?;
            bytes.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::{is_name, of_stream, of_type, stream};
    use es_core::StreamId;

    #[test]
    fn a_subject_names_its_stream() {
        for (category, id, subject) in [
            ("account", "ada-7_b", "log.account.ada-7_b"),
            ("account", "a.b>c*d", "log.account.a%2Eb%3Ec%2Ad"),
            ("a.b.*.>", "%", "log.a%2Eb%2E%2A%2E%3E.%25"),
            (" ", "é\n", "log.%20.%C3%A9%0A"),
            ("account", "ada/b", "log.account.ada%2Fb"),
        ] {
            let named = StreamId::new(category, id).unwrap();
            assert_eq!(of_stream("log", &named), subject);
            assert_eq!(stream("log", subject), Some(named));
        }
    }

    #[test]
    fn a_subject_that_is_not_ours_names_none() {
        for subject in [
            "log.account",
            "log.account.",
            "log.account.a.b",
            "log.account.%2",
            "log.account.%GG",
            "log.account.%FF",
            "log.a%41.b c",
            "logaccount.a",
            "other.account.a",
        ] {
            assert_eq!(stream("log", subject), None, "{subject}");
        }
    }

    #[test]
    fn a_type_is_a_subject_of_as_many_tokens() {
        assert_eq!(
            of_type("a.b", "com.bank.opened-v1"),
            "a.b.com.bank.opened-v1"
        );
        assert_eq!(of_type("a", "..x y.*"), "a.x%20y.%2A");
    }

    #[test]
    fn a_log_has_a_name_that_a_subject_can_hold() {
        assert!(is_name("es") && is_name("Bank_2-log"));
        assert!(!is_name("") && !is_name("a.b") && !is_name("a b") && !is_name(&"a".repeat(65)));
    }
}
