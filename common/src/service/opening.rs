//! What a connection speaks, by the first that is said on it.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::stall::Stallable;

/// How a connection with prior knowledge of HTTP/2 begins. No method of HTTP/1 is called that.
const HTTP2: &[u8] = b"PRI";

/// How a handshake of TLS begins, and nothing of HTTP does.
const HANDSHAKE: &[u8] = &[22];

/// What is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    Http1,
    Http2,
    Tls,
}

/// Waits until the peer has said enough to know it, or is gone, and leaves that to be read.
pub(super) async fn opening<C: AsyncRead + Unpin>(
    connection: &mut Stallable<C>,
) -> io::Result<Opening> {
    let mut said = Vec::new();
    while said.len() < HTTP2.len() && HTTP2.starts_with(&said) {
        let more = (HTTP2.len() - said.len()) as u64;
        if connection.take(more).read_buf(&mut said).await? == 0 {
            break;
        }
    }
    let opening = if said == HTTP2 {
        Opening::Http2
    } else if said.starts_with(HANDSHAKE) {
        Opening::Tls
    } else {
        Opening::Http1
    };
    connection.put_back(said);
    Ok(opening)
}
