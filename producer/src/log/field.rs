//! Texts and contents, as entries have them: a length, and so many bytes.

use bytes::{Buf, BufMut, Bytes, TryGetError};

pub(super) fn put_content(out: &mut Vec<u8>, content: &[u8]) {
    put_length(out, content.len());
    out.put_slice(content);
}

/// What stands before a content of so many bytes.
pub(super) fn put_length(out: &mut Vec<u8>, bytes: usize) {
    out.put_u32_le(u32::try_from(bytes).expect("requests are bounded"));
}

pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    out.put_u16_le(u16::try_from(text.len()).expect("texts are shorter than 64 KiB"));
    out.put_slice(text.as_bytes());
}

pub(super) fn content(text: &mut Bytes) -> Result<Bytes, TryGetError> {
    let length = text.try_get_u32_le()? as usize;
    take(text, length)
}

pub(super) fn read_text(text: &mut Bytes) -> Result<String, TryGetError> {
    let length = usize::from(text.try_get_u16_le()?);
    Ok(String::from_utf8_lossy(&take(text, length)?).into_owned())
}

fn take(text: &mut Bytes, length: usize) -> Result<Bytes, TryGetError> {
    let available = text.len();
    if length > available {
        return Err(TryGetError {
            requested: length,
            available,
        });
    }
    Ok(text.split_to(length))
}
