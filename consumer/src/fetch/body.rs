//! The bytes of a body as they were before they were sent: gzip is undone here, all of its members,
//! because a server may well begin another one with each flush.

use std::io;

use async_compression::tokio::bufread::GzipDecoder;
use bytes::Bytes;
use futures_util::{StreamExt, stream::BoxStream};
use reqwest::{
    Response,
    header::{CONTENT_ENCODING, HeaderMap},
};
use tokio_util::io::{ReaderStream, StreamReader};

/// How much is decoded at a time.
const DECODED_BYTES: usize = 64 * 1024;

/// A body, piece by piece.
pub(super) type Chunks = BoxStream<'static, io::Result<Bytes>>;

/// How a body is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
}

impl Coding {
    /// What is asked for.
    pub(super) const ACCEPTED: &'static str = "gzip";

    /// The coding that the headers name.
    ///
    /// # Errors
    /// The name of one that cannot be undone.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, String> {
        let mut named = headers.get_all(CONTENT_ENCODING).iter();
        let name = match (named.next(), named.next()) {
            (None, _) => return Ok(Self::Identity),
            (Some(name), None) => String::from_utf8_lossy(name.as_bytes()).to_ascii_lowercase(),
            (Some(_), Some(_)) => return Err("several".to_owned()),
        };
        match name.trim() {
            "" | "identity" => Ok(Self::Identity),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            _ => Err(name),
        }
    }
}

/// The pieces of the answer's body.
pub(super) fn chunks(response: Response, coding: Coding) -> Chunks {
    // Secrets may stand in the URL.
    let plain = response
        .bytes_stream()
        .map(|chunk| chunk.map_err(|error| io::Error::other(error.without_url())));
    match coding {
        Coding::Identity => plain.boxed(),
        Coding::Gzip => {
            let mut decoder = GzipDecoder::new(StreamReader::new(plain));
            decoder.multiple_members(true);
            ReaderStream::with_capacity(decoder, DECODED_BYTES).boxed()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_that_cannot_be_undone_is_named() {
        for (names, expected) in [
            (&[][..], Ok(Coding::Identity)),
            (&["identity"], Ok(Coding::Identity)),
            (&["GZip"], Ok(Coding::Gzip)),
            (&["x-gzip"], Ok(Coding::Gzip)),
            (&["br"], Err("br".to_owned())),
            (&["gzip, br"], Err("gzip, br".to_owned())),
            (&["gzip", "gzip"], Err("several".to_owned())),
        ] {
            let mut headers = HeaderMap::new();
            for name in names {
                headers.append(CONTENT_ENCODING, name.parse().unwrap());
            }
            assert_eq!(Coding::of(&headers), expected, "{names:?}");
        }
    }
}
