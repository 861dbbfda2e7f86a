//! Values of groups that were forgotten, and are still to be given back: a portion at a time, as a group
//! may have millions.
//!
//! The values of a group lie under its number. One that begins anew while those of before are still there
//! has another number, so it does not find them.

use std::collections::{BTreeMap, HashMap};

/// The numbers under which values lie, and the hashes of those that are to be given back.
#[derive(Debug)]
pub(super) struct Leaving {
    /// The groups whose values lie under another number than their own.
    others: HashMap<u32, u32>,
    /// Numbers that are no group's and can be given.
    spare: Vec<u32>,
    /// The greatest number that was not given yet. Groups count up from zero.
    next: u32,
    /// What is to be given back, by the number under which it lies.
    left: BTreeMap<u32, Vec<u64>>,
}

impl Leaving {
    pub(super) fn new() -> Self {
        Self {
            others: HashMap::new(),
            spare: Vec::new(),
            next: u32::MAX - 1,
            left: BTreeMap::new(),
        }
    }

    /// Under which number the values of a group lie.
    #[inline]
    pub(super) fn number_of(&self, group: u32) -> u32 {
        if self.others.is_empty() {
            return group;
        }
        self.others.get(&group).copied().unwrap_or(group)
    }

    /// The values of these hashes are the group's no longer.
    pub(super) fn add(&mut self, group: u32, hashes: Vec<u64>) {
        self.left.insert(self.number_of(group), hashes);
        if self.left.contains_key(&group) {
            let other = self.spare.pop().unwrap_or_else(|| {
                self.next -= 1;
                self.next + 1
            });
            self.others.insert(group, other);
        } else {
            self.others.remove(&group);
        }
    }

    /// Whether nothing is to be given back.
    pub(super) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// A value that is to be given back: the number under which it lies, and its hash.
    pub(super) fn pop(&mut self) -> Option<(u32, u64)> {
        loop {
            let mut last = self.left.last_entry()?;
            if let Some(hash) = last.get_mut().pop() {
                return Some((*last.key(), hash));
            }
            let (number, _) = last.remove_entry();
            if number > self.next {
                self.spare.push(number);
            }
        }
    }
}
