//! What the heap keeps. Memory that the log lets go of has to go back to the system, or
//! `--retention-bytes` would bound less than half of what the process takes.
//!
//! Left to itself, glibc raises the size from which on it maps memory of its own for a block, as soon
//! as one such block was freed; then segments and bodies come from heaps that only ever grow.

/// From this size on a block is memory of its own, and is given back when it is freed: less than a
/// segment of the log or a large body.
#[cfg(target_env = "gnu")]
const MAPPED_BYTES_MIN: i32 = 128 * 1024;

/// Gives large blocks back to the system as soon as they are freed. To be called once, at start.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "the C library has no safe way to say it")]
pub fn give_back() {
    // SAFETY: mallopt takes two numbers and changes nothing but a setting of the allocator.
    let accepted = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_BYTES_MIN) };
    if accepted != 1 {
        tracing::debug!("the allocator keeps its own threshold");
    }
}

/// Other allocators are left to themselves.
#[cfg(not(target_env = "gnu"))]
pub const fn give_back() {}
