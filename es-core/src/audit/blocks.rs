//! SHA-256 of messages that are there as a whole, by their blocks.
//!
//! An interface that takes a message in pieces keeps a block of its own for them, which takes a fifth of the time that an
//! event's hash takes. And it computes one hash at a time: the processor's instructions for SHA-256 wait for each other most
//! of the time, and two messages whose blocks take turns use that.

use std::slice::from_ref;

use sha2::block_api::compress256;

pub(super) type Block = [u8; 64];
type State = [u32; 8];

/// What every hash begins with: FIPS 180-4, 5.3.3.
const START: State = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];
/// What a message takes beside its bytes, at least: a mark behind them, and their number.
const BESIDE: usize = 9;

/// How many blocks a message of so many bytes has.
pub(super) const fn count(bytes: usize) -> usize {
    (bytes + BESIDE).div_ceil(size_of::<Block>())
}

/// Writes a message, which is these parts one behind the other, into as many blocks as it has.
#[inline]
pub(super) fn write<const N: usize>(blocks: &mut [Block], parts: [&[u8]; N]) {
    let mut rest = blocks.as_flattened_mut();
    let mut bytes = 0;
    for part in parts {
        let (here, behind) = rest.split_at_mut(part.len());
        here.copy_from_slice(part);
        (rest, bytes) = (behind, bytes + part.len() as u64);
    }
    let (end, bits) = rest.split_at_mut(rest.len() - size_of::<u64>());
    end.fill(0);
    end[0] = 0x80;
    bits.copy_from_slice(&(8 * bytes).to_be_bytes());
}

/// The hash of a message.
pub(super) fn hash(message: &[Block]) -> [u8; 32] {
    let mut state = START;
    compress256(&mut state, message);
    bytes(state)
}

/// The hashes of two messages, in less time than one after the other.
pub(super) fn both(one: &[Block], other: &[Block]) -> [[u8; 32]; 2] {
    let (mut of_one, mut of_other) = (START, START);
    for (one, other) in one.iter().zip(other) {
        compress256(&mut of_one, from_ref(one));
        compress256(&mut of_other, from_ref(other));
    }
    let done = one.len().min(other.len());
    compress256(&mut of_one, &one[done..]);
    compress256(&mut of_other, &other[done..]);
    [of_one, of_other].map(bytes)
}

fn bytes(state: State) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (to, word) in bytes.chunks_exact_mut(4).zip(state) {
        to.copy_from_slice(&word.to_be_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::{Block, both, count, hash, write};

    /// A message in blocks that held another one before.
    fn blocks(message: &[u8], cut: usize) -> Vec<Block> {
        let mut blocks = vec![[0xff; 64]; count(message.len())];
        let (one, other) = message.split_at(cut);
        write(&mut blocks, [one, other]);
        blocks
    }

    /// Up to three blocks, so that the padding has had every place.
    #[test]
    fn a_message_of_any_length_has_its_sha_256() {
        let bytes: Vec<u8> = (0..=192).collect();
        let of = |message: &[u8]| <[u8; 32]>::from(Sha256::digest(message));
        for length in 0..=bytes.len() {
            let message = &bytes[..length];
            let laid = blocks(message, length / 3);
            assert_eq!(hash(&laid), of(message), "{length} bytes");
            for beside in [0, 55, 56, 130] {
                let beside = &bytes[..beside];
                let expected = [of(message), of(beside)];
                assert_eq!(both(&laid, &blocks(beside, 0)), expected, "{length} bytes");
            }
        }
    }
}
