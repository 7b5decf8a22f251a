use std::fmt;

/// One of the parts into which events are split by a key, so that several are taken in at once and those of a key one after
/// the other.
///
/// Made by a projection's `partitions(count)`, and by whoever writes a [`Consumer`](crate::Consumer) that can be split. It is
/// not a part of the log, which stays whole and in order.
///
/// Which key belongs where is what is stored, by the places that partitions have come to: so it is the same on every machine
/// and in every version of this crate. It is FNV-1a of the key's bytes, 64 bits, mixed by the last steps of `MurmurHash3`,
/// modulo the count.
///
/// ```
/// use es_core::Partition;
///
/// let partition = Partition::of("account/ada", 4);
/// assert_eq!(partition.number(), 2);
/// assert!(partition.holds("account/ada"));
/// let holding = Partition::all(4).filter(|partition| partition.holds("account/bob"));
/// assert_eq!(holding.count(), 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Partition {
    number: u32,
    count: u32,
}

impl Partition {
    /// The only one there is.
    pub const WHOLE: Self = Self {
        number: 0,
        count: 1,
    };

    /// All of so many, in order; of none there is one.
    pub fn all(count: u32) -> impl Iterator<Item = Self> {
        let count = count.max(1);
        (0..count).map(move |number| Self { number, count })
    }

    /// The one of so many that a key belongs to.
    pub fn of(key: &str, count: u32) -> Self {
        let count = count.max(1);
        let number = u32::try_from(hash(key) % u64::from(count)).unwrap_or_default();
        Self { number, count }
    }

    /// Which one it is, from 0.
    pub fn number(self) -> u32 {
        self.number
    }

    /// How many there are.
    pub fn count(self) -> u32 {
        self.count
    }

    /// Whether a key belongs to it.
    pub fn holds(self, key: &str) -> bool {
        self.count == 1 || Self::of(key, self.count) == self
    }
}

/// `partition 2 of 4`, counted from 0.
impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "partition {} of {}", self.number, self.count)
    }
}

fn hash(key: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in key.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::{Partition, hash};

    /// What read models were split by: another hash would give a key's later events to a partition that isn't where the
    /// key's earlier ones are.
    #[test]
    fn a_keys_partition_is_the_same_for_ever() {
        let numbers = |count| {
            ["", "a", "account/ada", "account/bob", "konto/äöü"]
                .map(|key| Partition::of(key, count).number())
        };
        assert_eq!(hash(""), 0xefd0_1f60_ba99_2926);
        assert_eq!(numbers(2), [0, 1, 0, 0, 1]);
        assert_eq!(numbers(4), [2, 3, 2, 0, 3]);
        assert_eq!(numbers(7), [1, 1, 1, 4, 0]);
    }

    #[test]
    fn keys_are_spread_evenly() {
        let mut counts = [0_u32; 8];
        for number in 0..80_000 {
            let key = format!("account/{number}");
            counts[Partition::of(&key, 8).number() as usize] += 1;
        }
        assert!(
            counts.iter().all(|count| (9_500..10_500).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn of_none_there_is_one() {
        assert_eq!(Partition::of("a", 0), Partition::WHOLE);
        assert!(Partition::all(0).eq([Partition::WHOLE]));
        assert!(Partition::WHOLE.holds("a"));
    }
}
