//! Which partition a key belongs to: as with Kafka's default partitioner, so that a topic that is
//! moved here from there keeps its keys together. The rule never changes: it is on the wire.

use common::json::Value;

/// What the hash begins with.
const SEED: u32 = 0x9747_b28c;

const MULTIPLIER: u32 = 0x5bd1_e995;
const SHIFT: u32 = 24;

/// The partition of `key`, of so many, which are at least one.
fn of(key: &[u8], partitions: u16) -> u16 {
    let partition = (murmur2(key) & 0x7fff_ffff) % u32::from(partitions.max(1));
    u16::try_from(partition).expect("a remainder is less than its divisor")
}

/// The partition of a record whose key is `value`; none where it has no key, or null.
pub(super) fn of_value(value: Option<Value<'_>>, partitions: u16) -> Option<u16> {
    let value = value.filter(|value| *value != Value::Null)?;
    Some(of(value.plain().as_bytes(), partitions))
}

/// MurmurHash2 of 32 bits (Austin Appleby).
fn murmur2(key: &[u8]) -> u32 {
    let length = u32::try_from(key.len()).unwrap_or(u32::MAX);
    let (words, rest) = key.as_chunks::<4>();
    let mut hash = words.iter().fold(SEED ^ length, |hash, word| {
        let word = u32::from_le_bytes(*word).wrapping_mul(MULTIPLIER);
        let word = (word ^ (word >> SHIFT)).wrapping_mul(MULTIPLIER);
        hash.wrapping_mul(MULTIPLIER) ^ word
    });
    if !rest.is_empty() {
        let last = rest.iter().rev();
        hash ^= last.fold(0, |word, byte| (word << 8) | u32::from(*byte));
        hash = hash.wrapping_mul(MULTIPLIER);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(MULTIPLIER);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_kafka() {
        // The vectors of Kafka's own test (UtilsTest.testMurmur2).
        for (key, hash) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            (
                "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
                -58_897_971,
            ),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(key.as_bytes()).cast_signed(), hash, "{key}");
        }
    }

    #[test]
    fn the_sign_is_cut_off_before_the_remainder_is_taken() {
        for (key, partitions, partition) in [("21", 1, 0), ("21", 8, 4), ("foobar", 10, 6)] {
            assert_eq!(of(key.as_bytes(), partitions), partition, "{key}");
        }
    }
}
