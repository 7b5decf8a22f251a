//! The stored names of an event set, sorted while compiling: a name that stands twice is found without comparing every
//! pair, and a look-up is a binary search.

use crate::EventDescriptor;

/// Every name of a set: current, former and retired.
#[derive(Debug)]
pub struct Names<const N: usize> {
    /// Ordered by key and then by text.
    sorted: [Name; N],
}

#[derive(Debug, Clone, Copy)]
struct Name {
    key: u64,
    text: &'static str,
    /// The line that it stands on: events first, then retired names.
    line: usize,
}

/// How many names a set has.
pub const fn names(events: &[EventDescriptor], retired: &[&str]) -> usize {
    let mut count = retired.len();
    let mut event = 0;
    while event < events.len() {
        count += 1 + events[event].former_names.len();
        event += 1;
    }
    count
}

impl<const N: usize> Names<N> {
    /// The names of these events and the retired ones; `N` is what [`names`] counts.
    pub const fn new(events: &[EventDescriptor], retired: &[&'static str]) -> Self {
        let mut sorted = [Name::new("", 0); N];
        let mut len = 0;
        let mut event = 0;
        while event < events.len() {
            sorted[len] = Name::new(events[event].name, event);
            len += 1;
            let former = events[event].former_names;
            let mut at = 0;
            while at < former.len() {
                sorted[len] = Name::new(former[at], event);
                len += 1;
                at += 1;
            }
            event += 1;
        }
        let mut at = 0;
        while at < retired.len() {
            sorted[len] = Name::new(retired[at], events.len() + at);
            len += 1;
            at += 1;
        }
        Self {
            sorted: heap_sorted(sorted),
        }
    }

    /// The lines of a name that stands twice, the earlier one first.
    pub const fn twins(&self) -> Option<Twins> {
        let mut at = 1;
        while at < N {
            let (one, other) = (self.sorted[at - 1], self.sorted[at]);
            // An event that the derive refused has no name; its own error is enough.
            if !one.text.is_empty() && !one.precedes(&other) {
                let (first, second) = if one.line < other.line {
                    (one.line, other.line)
                } else {
                    (other.line, one.line)
                };
                return Some(Twins {
                    first,
                    second,
                    name: one.text,
                });
            }
            at += 1;
        }
        None
    }

    /// The line that a name stands on.
    #[inline]
    pub fn line(&self, name: &str) -> Option<usize> {
        let key = key(name);
        let first = self.sorted.partition_point(|entry| entry.key < key);
        self.sorted[first..]
            .iter()
            .take_while(|entry| entry.key == key)
            .find(|entry| entry.text == name)
            .map(|entry| entry.line)
    }
}

impl Name {
    const fn new(text: &'static str, line: usize) -> Self {
        let key = key(text);
        Self { key, text, line }
    }

    const fn precedes(&self, other: &Self) -> bool {
        if self.key == other.key {
            precedes(self.text, other.text)
        } else {
            self.key < other.key
        }
    }
}

/// Tells most names apart in one comparison: their length and last seven bytes, as what names of a set share is the
/// beginning.
#[expect(
    clippy::cast_possible_truncation,
    reason = "names are shorter than 256 bytes; a longer one isn't found anyway"
)]
const fn key(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut key = bytes.len() as u8 as u64;
    let mut taken = 0;
    while taken < 7 && taken < bytes.len() {
        taken += 1;
        key = key << 8 | bytes[bytes.len() - taken] as u64;
    }
    key
}

/// Two lines with the same name.
#[derive(Debug, Clone, Copy)]
pub struct Twins {
    /// The earlier line.
    pub first: usize,
    /// The later line.
    pub second: usize,
    /// The name.
    pub name: &'static str,
}

impl Twins {
    /// Says so.
    ///
    /// # Panics
    ///
    /// Always; only called while compiling.
    #[track_caller]
    pub const fn refuse(self) -> ! {
        let mut message = Message::new();
        message.push("the stored name `");
        message.push(self.name);
        message.push("` is taken twice, as a present, former or retired one: ");
        message.push("give the newer event another name");
        panic!("{}", message.as_str())
    }
}

/// Puts a message together while compiling.
pub(crate) struct Message {
    bytes: [u8; 512],
    len: usize,
}

impl Message {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: [0; 512],
            len: 0,
        }
    }

    /// Adds a text; what doesn't fit is cut off.
    pub(crate) const fn push(&mut self, text: &str) {
        let text = text.as_bytes();
        let mut at = 0;
        while at < text.len() && self.len < self.bytes.len() {
            self.bytes[self.len] = text[at];
            self.len += 1;
            at += 1;
        }
    }

    pub(crate) const fn push_number(&mut self, number: u32) {
        if number >= 10 {
            self.push_number(number / 10);
        }
        let digits = "0123456789";
        let (_, rest) = digits.split_at((number % 10) as usize);
        let (digit, _) = rest.split_at(1);
        self.push(digit);
    }

    pub(crate) const fn as_str(&self) -> &str {
        let (text, _) = self.bytes.split_at(self.len);
        match std::str::from_utf8(text) {
            Ok(text) => text,
            Err(_) => "(a message that was cut off)",
        }
    }
}

const fn precedes(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return one.len() < other.len();
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return one[at] < other[at];
        }
        at += 1;
    }
    false
}

/// Heap sort: the only one that is short, in place and fast for any order, since it runs in the compiler's interpreter.
const fn heap_sorted<const N: usize>(mut names: [Name; N]) -> [Name; N] {
    let mut root = N / 2;
    while root > 0 {
        root -= 1;
        names = sifted(names, root, N);
    }
    let mut end = N;
    while end > 1 {
        end -= 1;
        names.swap(0, end);
        names = sifted(names, 0, end);
    }
    names
}

const fn sifted<const N: usize>(mut names: [Name; N], start: usize, end: usize) -> [Name; N] {
    let mut root = start;
    while 2 * root + 1 < end {
        let mut child = 2 * root + 1;
        if child + 1 < end && names[child].precedes(&names[child + 1]) {
            child += 1;
        }
        if !names[root].precedes(&names[child]) {
            break;
        }
        names.swap(root, child);
        root = child;
    }
    names
}
