//! The keys of this server: by them receivers know that a delivery is from it, and it knows the tokens it
//! has given. They lie in the data directory, for its owner alone; a log in memory has new ones each time.
//!
//! The file is lines of a word and 32 bytes (base64, as URLs have it): `ed25519 SEED`. The first key signs; all are
//! published, so a key is changed by putting a new line first, and the old one is taken out when nobody
//! can be given anything any more that it has signed.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use common::time::Timestamp;
use ring::{
    digest, hmac,
    rand::{SecureRandom, SystemRandom},
    signature::{Ed25519KeyPair, KeyPair},
};

/// The file in the data directory.
const FILE: &str = "webhook-keys";
const NEW_FILE: &str = "webhook-keys.new";

/// What a line of it begins with.
const KIND: &str = "ed25519 ";

const SEED_BYTES: usize = 32;

/// A file with more is none of ours.
const FILE_BYTES_MAX: u64 = 4096;

/// What is made of the first seed to authenticate tokens: another key, so that neither can be used to
/// forge what belongs to the other.
const TOKEN_PURPOSE: &[u8] = b"brooklet callback tokens, 1";

/// All keys.
#[derive(Debug)]
pub(crate) struct Keys {
    signing: Vec<Signing>,
    tokens: hmac::Key,
}

struct Signing {
    pair: Ed25519KeyPair,
    id: String,
}

impl std::fmt::Debug for Signing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.id)
    }
}

impl Keys {
    /// Those in `directory`, which are made there if there are none; without one, new ones.
    ///
    /// # Errors
    /// The file cannot be read, made or understood.
    pub(crate) fn open(directory: Option<&Path>) -> io::Result<Self> {
        let Some(directory) = directory else {
            return Self::read(&new()?);
        };
        match File::open(directory.join(FILE)) {
            Ok(file) => {
                let mut text = String::new();
                file.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
                Self::read(&text)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let text = new()?;
                keep(directory, &text)?;
                Self::read(&text)
            }
            Err(error) => Err(error),
        }
    }

    fn read(text: &str) -> io::Result<Self> {
        let invalid = || {
            let why = format!("{FILE} is lines of `{KIND}` and 32 bytes in base64url");
            io::Error::new(io::ErrorKind::InvalidData, why)
        };
        let seed = |line: &str| -> Option<[u8; SEED_BYTES]> {
            let seed = BASE64.decode(line.strip_prefix(KIND)?).ok()?;
            seed.try_into().ok()
        };
        let seeds: Option<Vec<_>> = text.lines().map(seed).collect();
        let seeds = seeds.ok_or_else(invalid)?;
        let first = seeds.first().ok_or_else(invalid)?;
        let purpose = hmac::Key::new(hmac::HMAC_SHA256, first);
        let purpose = hmac::sign(&purpose, TOKEN_PURPOSE);
        let signing = seeds.iter().map(Signing::of);
        Ok(Self {
            tokens: hmac::Key::new(hmac::HMAC_SHA256, purpose.as_ref()),
            signing: signing.collect::<Option<_>>().ok_or_else(invalid)?,
        })
    }

    fn active(&self) -> &Signing {
        self.signing.first().expect("there is one at least")
    }

    /// The name of the key that signs.
    pub(super) fn id(&self) -> &str {
        &self.active().id
    }

    /// The header that proves that `body` is from this server, and of now.
    pub(super) fn signature(&self, body: &[u8], now: Timestamp) -> String {
        let seconds = now.0.div_euclid(1000);
        let mut signed = format!("{seconds}.").into_bytes();
        signed.extend_from_slice(body);
        let key = self.active();
        let signature = BASE64.encode(key.pair.sign(&signed));
        format!("t={seconds},kid={},ed25519={signature}", key.id)
    }

    /// What receivers need to know the signatures by, as a set of JSON Web Keys.
    pub(super) fn published(&self) -> String {
        let key = |key: &Signing| {
            let (id, x) = (&key.id, key.x());
            format!(
                r#"{{"kty":"OKP","crv":"Ed25519","kid":"{id}","use":"sig","alg":"EdDSA","x":"{x}"}}"#
            )
        };
        let keys: Vec<_> = self.signing.iter().map(key).collect();
        format!("{{\"keys\":[{}]}}\n", keys.join(","))
    }

    /// A token for one generation of a subscription. It has no end of its own: its generation ends with
    /// the lease.
    pub(super) fn token(&self, id: &str, generation: u64) -> String {
        let tag = hmac::sign(&self.tokens, &subject(id, generation));
        format!("{generation}.{}", BASE64.encode(tag))
    }

    /// For which generation of a subscription a token is, if it is one of ours.
    pub(super) fn generation(&self, id: &str, token: &str) -> Option<u64> {
        let (generation, tag) = token.split_once('.')?;
        let generation = generation.parse().ok()?;
        let tag = BASE64.decode(tag).ok()?;
        hmac::verify(&self.tokens, &subject(id, generation), &tag).ok()?;
        Some(generation)
    }
}

impl Signing {
    fn of(seed: &[u8; SEED_BYTES]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let mut key = Self {
            pair,
            id: String::new(),
        };
        key.id = format!("ds_{}", key.thumbprint());
        Some(key)
    }

    fn x(&self) -> String {
        BASE64.encode(self.pair.public_key())
    }

    /// By RFC 7638: the members that a key needs, in the order of their names.
    fn thumbprint(&self) -> String {
        let needed = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, self.x());
        BASE64.encode(digest::digest(&digest::SHA256, needed.as_bytes()))
    }
}

fn subject(id: &str, generation: u64) -> Vec<u8> {
    format!("{generation}.{id}").into_bytes()
}

fn new() -> io::Result<String> {
    let mut seed = [0; SEED_BYTES];
    let filled = SystemRandom::new().fill(&mut seed);
    filled.map_err(|_| io::Error::other("the system gives no random numbers"))?;
    Ok(format!("{KIND}{}\n", BASE64.encode(seed)))
}

/// Keeps the keys of one data directory in another one too, so that who trusts them goes on to, and who
/// works on something can say so. Nothing where there are none.
///
/// # Errors
/// They cannot be read, understood or written.
pub fn copy_keys(from: &Path, to: &Path) -> io::Result<()> {
    match fs::read_to_string(from.join(FILE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        text => {
            let text = text?;
            Keys::read(&text)?;
            keep(to, &text)
        }
    }
}

/// Puts the file there, whole and for good, and readable by nobody else at any moment.
fn keep(directory: &Path, text: &str) -> io::Result<()> {
    let new = directory.join(NEW_FILE);
    // One of a start that was broken off.
    drop(fs::remove_file(&new));
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(new, directory.join(FILE))?;
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use ring::signature::{ED25519, UnparsedPublicKey};

    use super::*;

    #[test]
    fn keys_stay_as_they_were_made_and_are_for_their_owner() {
        let directory = tempfile::tempdir().unwrap();
        let made = Keys::open(Some(directory.path())).unwrap();
        let file = directory.path().join(FILE);
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = Keys::open(Some(directory.path())).unwrap();
        assert_eq!(again.published(), made.published());
        assert_ne!(Keys::open(None).unwrap().id(), made.id());
        fs::write(&file, "what?").unwrap();
        let refused = Keys::open(Some(directory.path())).unwrap_err();
        assert!(
            refused.to_string().contains("webhook-keys is lines"),
            "{refused}"
        );
        assert!(!format!("{made:?}").contains(&BASE64.encode([0; 4])));
    }

    #[test]
    fn a_new_key_in_front_signs_and_the_old_one_stays_known() {
        let (old, young) = (new().unwrap(), new().unwrap());
        let (before, after) = (
            Keys::read(&old).unwrap(),
            Keys::read(&(young + &old)).unwrap(),
        );
        assert_ne!(before.id(), after.id());
        assert!(after.published().contains(before.id()));
    }

    /// The first example of RFC 8032, and its thumbprint by RFC 8037 (appendix A.3).
    #[test]
    fn a_key_is_named_as_the_standard_says() {
        let line = "ed25519 nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\n";
        let keys = Keys::read(line).unwrap();
        assert_eq!(keys.id(), "ds_kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let x = r#""x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
        assert!(keys.published().contains(x));
    }

    #[test]
    fn the_signature_that_the_reference_gives_to_try_is_true() {
        let line = "ed25519 nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\n";
        let header = Keys::read(line)
            .unwrap()
            .signature(b"{}", Timestamp(1_800_000_000_000));
        let (_, signature) = header.split_once(",ed25519=").unwrap();
        let reference = include_str!("../../README.md");
        assert!(reference.contains(&format!("`{signature}`")), "{signature}");
    }

    #[test]
    fn a_signature_is_of_the_time_and_the_body() {
        let keys = Keys::open(None).unwrap();
        let header = keys.signature(b"{}", Timestamp(1_800_000_000_999));
        let (head, signature) = header.split_once(",ed25519=").unwrap();
        assert_eq!(head, format!("t=1800000000,kid={}", keys.id()));
        let signature = BASE64.decode(signature).unwrap();
        let public = keys.active().pair.public_key().as_ref();
        let known = UnparsedPublicKey::new(&ED25519, public);
        assert!(known.verify(b"1800000000.{}", &signature).is_ok());
        assert!(known.verify(b"1800000001.{}", &signature).is_err());
    }

    #[test]
    fn a_token_is_for_one_generation_of_one_subscription() {
        let keys = Keys::open(None).unwrap();
        let token = keys.token("a", 7);
        assert_eq!(keys.generation("a", &token), Some(7));
        assert_eq!(keys.generation("b", &token), None);
        assert_eq!(keys.generation("a", &token.replacen('7', "8", 1)), None);
        let other = Keys::open(None).unwrap();
        assert_eq!(other.generation("a", &token), None);
        for text in ["", "7", "7.", ".", "7.x"] {
            assert_eq!(keys.generation("a", text), None);
        }
    }
}
