//! What is known of a value of a set: who has seen it, or how often it is there.

use std::fmt::Debug;

/// What is known of a value.
pub(super) trait Seen: Debug + Default + Copy + Send {
    /// What a row says that counts for these members, a bit for each.
    fn told(members: u32, adds: bool) -> i64;
    /// Takes what was told. A bit for each member to which it is news.
    fn take(&mut self, told: i64) -> u32;
    /// All of it. With nothing, the value is not there.
    fn number(self) -> i64;
}

/// Who has seen it: a bit for each member. Nothing is taken back.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Members(u32);

/// How often it is there, for one member.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Times(i64);

impl Seen for Members {
    #[inline]
    fn told(members: u32, _: bool) -> i64 {
        i64::from(members)
    }

    #[inline]
    fn take(&mut self, told: i64) -> u32 {
        let before = self.0;
        self.0 |= u32::try_from(told).unwrap_or_default();
        self.0 & !before
    }

    fn number(self) -> i64 {
        i64::from(self.0)
    }
}

impl Seen for Times {
    fn told(_: u32, adds: bool) -> i64 {
        if adds { 1 } else { -1 }
    }

    fn take(&mut self, told: i64) -> u32 {
        let before = self.0;
        self.0 += told;
        u32::from((before != 0) != (self.0 != 0))
    }

    fn number(self) -> i64 {
        self.0
    }
}
