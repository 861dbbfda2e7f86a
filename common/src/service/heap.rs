//! What the heap keeps of the memory that is freed, and what goes back to the system.
//!
//! Left to itself, glibc raises both bounds as soon as a block of memory of its own was freed: then
//! blocks come from heaps that only ever grow; and a heap gives its end back, and asks for it again,
//! each time it is free.

/// Gives back what is free between what is not, as there is much of it when very much was freed at once.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "the C library has no safe way to say it")]
pub fn give_back() {
    // SAFETY: malloc_trim takes a number, and touches nothing but what is free.
    let was_any = unsafe { libc::malloc_trim(0) } == 1;
    tracing::debug!(was_any, "gave free memory back");
}

/// Other allocators are left to themselves.
#[cfg(not(target_env = "gnu"))]
pub const fn give_back() {}

/// What glibc is told.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// From so many bytes on a block is memory of its own, and is given back when it is freed.
    pub mapped_from: i32,
    /// So many bytes that are free at the end of a heap are kept.
    pub kept: i32,
}

/// For what keeps much and lets it go: it has to go back, or a bound on what is kept would bound less
/// than half of what the process takes.
pub const GIVING_BACK: Bounds = Bounds {
    mapped_from: 128 * 1024,
    kept: 128 * 1024,
};

/// For what needs the same memory again at once, as blocks on their way do.
pub const KEEPING: Bounds = Bounds {
    mapped_from: 1024 * 1024,
    kept: 16 * 1024 * 1024,
};

impl Bounds {
    /// Sets them. To be called once, at start.
    #[cfg(target_env = "gnu")]
    #[expect(unsafe_code, reason = "the C library has no safe way to say it")]
    pub fn set(self) {
        let settings = [
            (libc::M_MMAP_THRESHOLD, self.mapped_from),
            (libc::M_TRIM_THRESHOLD, self.kept),
        ];
        for (setting, bytes) in settings {
            // SAFETY: mallopt takes two numbers and changes nothing but a setting of the allocator.
            let accepted = unsafe { libc::mallopt(setting, bytes) };
            if accepted != 1 {
                tracing::debug!("the allocator keeps its own bounds");
            }
        }
    }

    /// Other allocators are left to themselves.
    #[cfg(not(target_env = "gnu"))]
    pub const fn set(self) {}
}
