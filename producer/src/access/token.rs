//! A token, and what is kept of it: its SHA-256.
//!
//! A token is 256 random bits, not a word that somebody has thought of: nobody can try as many as
//! would be needed to find one by its hash, however fast the hash is. So it needs no salt and no
//! slow hash, which every request would have to wait for.

use std::{fmt, io, str::FromStr};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use common::token::{MARK, Secret};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// How many random bits there are, in bytes.
const RANDOM_BYTES: usize = 32;

/// What a hash begins with, where it is written.
const KIND: &str = "sha256:";

/// A token that there has never been.
///
/// # Errors
/// The system gives no random bits.
pub(super) fn random() -> io::Result<Secret> {
    let mut bits = [0; RANDOM_BYTES];
    getrandom::fill(&mut bits).map_err(io::Error::from)?;
    let text = format!("{MARK}{}", BASE64_URL_SAFE_NO_PAD.encode(bits));
    Ok(text.parse().expect("letters, digits, - and _ are a token"))
}

/// What is kept of a token: it proves who has it, and cannot be used in its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hash([u8; 32]);

impl Hash {
    pub(super) fn of(token: &[u8]) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// Whether both are the same, told in a time that does not tell how much of them is.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(KIND)?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Hash {
    type Err = &'static str;

    /// What is wrong is not repeated: it may be a secret in the wrong place.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "a token's hash is written as sha256: and 64 hexadecimal digits";
        if text.starts_with(MARK) {
            return Err(
                "this is a token itself, which nobody else may know: make another one, \
                        and put the line here that `producer token new` shows",
            );
        }
        let digits = text.strip_prefix(KIND).ok_or(wrong)?.as_bytes();
        let (pairs, rest) = digits.as_chunks::<2>();
        let mut bytes = [0; 32];
        if pairs.len() != bytes.len() || !rest.is_empty() {
            return Err(wrong);
        }
        for (byte, pair) in bytes.iter_mut().zip(pairs) {
            let digit = |at: u8| {
                char::from(at)
                    .to_digit(16)
                    .and_then(|digit| u8::try_from(digit).ok())
            };
            let [high, low] = pair.map(digit);
            *byte = high.ok_or(wrong)? << 4 | low.ok_or(wrong)?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_tokens_are_the_same() {
        let [one, other] = [random().unwrap(), random().unwrap()];
        assert_ne!(one.expose(), other.expose());
        assert_eq!(one.expose().len(), MARK.len() + 43);
        let hash = |token: &Secret| Hash::of(token.expose().as_bytes());
        assert!(hash(&one).is(&hash(&one)) && !hash(&one).is(&hash(&other)));
    }

    #[test]
    fn a_hash_is_read_as_it_is_written() {
        // The first example of FIPS 180-2.
        let text = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Hash::of(b"abc").to_string(), text);
        assert!(text.parse::<Hash>().unwrap().is(&Hash::of(b"abc")));
        assert!(
            text.to_uppercase()
                .replace("SHA", "sha")
                .parse::<Hash>()
                .is_ok()
        );
        let short = text.strip_suffix('d').unwrap();
        let odd = text.replace("ba78", "bx78");
        let bare = text.strip_prefix("sha256:").unwrap();
        for wrong in [
            short,
            &odd,
            bare,
            &format!("{text}00"),
            "sha256:",
            "",
            "sha256:é",
        ] {
            assert!(wrong.parse::<Hash>().is_err(), "{wrong}");
        }
        let token = random().unwrap();
        let said = token.expose().parse::<Hash>().unwrap_err();
        assert!(said.starts_with("this is a token itself"));
    }
}
