//! Law 10: payloads, metadata and times come back as they went in.

use es_core::{Expected, Json, Timestamp};

use super::Failure;
use super::bench::{Bench, append, json, read, stream};
use super::failure::{Fact, holds, same};

/// Texts that stores are known to change: by reformatting, by sorting keys, by going through floats or another
/// encoding.
fn awkward() -> Vec<String> {
    let mut texts: Vec<String> = [
        "{}",
        "[]",
        "null",
        "true",
        "0",
        "-0",
        "-0.0",
        "\"\"",
        "{\"b\":1,\"a\":2,\"b\":3}",
        " { \"spaced\" :\t[ 1 ,\r\n 2 ] } ",
        "{\"\":{\"\":[{}]}}",
        r#"{"nul":"a\u0000b","escaped":"\u00e9\ud83c\udfe6\/\b\f\n\r\t\\\""}"#,
        "{\"é\":\"é\",\"e\u{301}\":\"e\u{301}\",\"bank\":\"🏦\",\"rtl\":\"\u{202e}\u{feff}\u{2028}\"}",
        r#"{"it's":"'; DROP TABLE events; --","percent":"%_%","dollar":"$1 ?1 :a @b {{x}}"}"#,
        "\"last\u{7f}\u{80}\u{ffff}\u{10ffff}\"",
        "[18446744073709551615,-9223372036854775808,9223372036854775807,9007199254740993]",
        "[1e308,-1e308,5e-324,2.2250738585072014e-308,1.7976931348623157e308,0.1,0.30000000000000004]",
        "[1.0,1.00,1E5,1e+5,100000,123456789012345678901234567890,0.1000000000000000055511151231257827]",
        "[3.141592653589793238462643383279502884197169399375105820974944592307816406286]",
    ]
    .map(str::to_owned)
    .into();
    let depth = Json::MAX_DEPTH;
    texts.push("[".repeat(depth) + &"]".repeat(depth));
    texts.push("{\"a\":".repeat(depth) + "0" + &"}".repeat(depth));
    texts
}

/// The text that came back is the one that went in; said with its beginning, since a megabyte says no more.
fn is_text(what: &str, actual: &Json, expected: &str) -> Fact {
    let (actual, expected) = (actual.as_str(), expected);
    if actual == expected {
        return Ok(());
    }
    let beginning = |text: &str| text.chars().take(200).collect::<String>();
    let (was, is) = (beginning(expected), beginning(actual));
    let message = format!(
        "{what} of {} bytes came back with {}",
        expected.len(),
        actual.len()
    );
    Err(Failure::new(format!(
        "{message}\n  expected: {was}\n  actual:   {is}"
    )))
}

pub(crate) async fn payloads_come_back_byte_for_byte(bench: &Bench) -> Fact {
    let (store, texts, stream) = (bench.handle().await?, awkward(), stream("1")?);
    for text in &texts {
        Json::parse(text.as_str())?;
    }
    let events = texts
        .iter()
        .map(|text| bench.event_of(text.as_str()))
        .collect();
    append(&store, &stream, Expected::NoStream, events).await?;
    for (stored, text) in read(&store, &stream).await?.iter().zip(&texts) {
        is_text("a payload", &stored.payload, text)?;
        is_text("metadata", &stored.envelope.metadata, "{}")?;
    }
    Ok(())
}

pub(crate) async fn metadata_comes_back_byte_for_byte(bench: &Bench) -> Fact {
    let (store, texts, stream) = (bench.handle().await?, awkward(), stream("1")?);
    let mut events = bench.events(texts.len());
    for (event, text) in events.iter_mut().zip(&texts) {
        event.metadata = json(text.as_str());
    }
    append(&store, &stream, Expected::NoStream, events).await?;
    for (stored, text) in read(&store, &stream).await?.iter().zip(&texts) {
        is_text("metadata", &stored.envelope.metadata, text)?;
    }
    Ok(())
}

pub(crate) async fn large_payloads_come_back(bench: &Bench) -> Fact {
    const MEBIBYTE: usize = 1 << 20;
    // Or as much as the store takes, beside a small event.
    let limits = bench.profile.limits;
    let room = limits.append_bytes - 2 * (bench.event().bytes() + bench.profile.event_overhead);
    let bytes = MEBIBYTE.min(limits.payload_bytes).min(room);
    let (store, stream) = (bench.handle().await?, stream("1")?);
    let plain = format!("\"{}\"", "x".repeat(bytes - 2));
    let wide = format!("[{}0]", "\"🏦\\u0000\", ".repeat(bytes / 20));
    for text in [&plain, &wide] {
        let events = vec![bench.event_of(text.as_str()), bench.event()];
        append(&store, &stream, Expected::Any, events).await?;
    }
    let stored = read(&store, &stream).await?;
    same("events", stored.len(), 4)?;
    is_text("a payload", &stored[0].payload, &plain)?;
    is_text("a payload", &stored[2].payload, &wide)
}

pub(crate) async fn effective_times_come_back_to_the_microsecond(bench: &Bench) -> Fact {
    let (store, stream) = (bench.handle().await?, stream("1")?);
    let micros = |micros| Timestamp::from_micros(micros);
    let times = [
        None,
        Some(Timestamp::EPOCH),
        Some(Timestamp::MIN),
        Some(Timestamp::MAX),
        micros(1),
        micros(-1),
        micros(-1_000_000),
        micros(-999_999),
        micros(999_999),
        micros(1_767_225_599_999_999),
        micros(-62_135_596_799_999_999),
        micros(253_402_207_199_999_999),
    ];
    let mut events = bench.events(times.len());
    for (event, time) in events.iter_mut().zip(times) {
        event.effective_at = time;
    }
    append(&store, &stream, Expected::NoStream, events).await?;
    let stored = read(&store, &stream).await?;
    let stored: Vec<_> = stored
        .iter()
        .map(|event| event.envelope.effective_at)
        .collect();
    same("effective times", stored, times.to_vec())
}

pub(crate) async fn a_result_says_what_reading_says(bench: &Bench) -> Fact {
    let (store, stream) = (bench.handle().await?, stream("1")?);
    let mut told = Vec::new();
    for count in [1, 3, 2] {
        if let Some(clock) = &bench.profile.clock {
            clock.advance(std::time::Duration::from_micros(1_234_567));
        }
        let appended = bench.grow(&store, &stream, count).await?;
        told.extend_from_slice(appended.placements());
    }
    let stored = read(&store, &stream).await?;
    same("events", stored.len(), told.len())?;
    for (event, told) in stored.iter().zip(told) {
        let read = (
            event.envelope.revision,
            event.position,
            event.envelope.recorded_at,
        );
        same(
            "revision, position, record time",
            read,
            (told.revision, told.position, told.recorded_at),
        )?;
        holds(event.envelope.stream == stream, || {
            format!("stream {}", event.envelope.stream)
        })?;
    }
    Ok(())
}
