//! The bounds that both services share, each named once, with its reason.

/// Longest record in bytes, without its newline. Long enough for a document, short enough that a
/// handful of them in flight cannot hurt.
pub const RECORD_BYTES_MAX: usize = 1024 * 1024;

/// Longest request body in bytes. A request is all or nothing, so it is held in memory whole.
pub const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Deepest nesting of arrays and objects in a record. The readers are recursive: this bounds their
/// stack, and no honest record comes near it.
pub const DEPTH_MAX: usize = 64;

/// Longest request head in bytes (request line and headers).
pub const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Longest text of a client that is repeated in an error or a log line, in bytes.
pub const EXCERPT_BYTES_MAX: usize = 120;
