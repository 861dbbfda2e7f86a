//! The keys of objects that are written by the same program: after one key stands the one that stood
//! there last time, mostly. So the key that is expected is compared at once, from the comma before it
//! to its colon, and only another one is read and looked up.

use std::collections::HashMap;

use super::{Reason, scan::Scanner};

/// How many spellings of keys are remembered: so many that no honest stream has more.
const SPELLINGS_MAX: usize = 4096;

/// Where the beginning of an object, and keys beyond the bound, are among what is known.
pub(super) const BEGINNING: usize = 0;
const BEYOND: usize = 1;

/// How many bytes of a key are compared in one step.
const WORD: usize = 16;

/// What is known of keys.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    /// The column of each name that is wanted.
    columns: HashMap<Box<[u8]>, usize>,
    /// Where a spelling is in `known`.
    spellings: HashMap<Box<[u8]>, usize>,
    /// The first two stand for the beginning of an object, and for all keys beyond the bound.
    known: Vec<Known>,
}

/// A spelling of a key.
#[derive(Debug, Clone, Default)]
struct Known {
    /// The first bytes of it, from its quote to its colon, and which of them count.
    word: u128,
    mask: u128,
    /// The bytes that follow.
    rest: Box<[u8]>,
    length: usize,
    column: Option<usize>,
    /// What followed it last time.
    next: usize,
}

impl Keys {
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let columns = names.enumerate();
        Self {
            columns: columns
                .map(|(at, name)| (name.as_bytes().into(), at))
                .collect(),
            spellings: HashMap::new(),
            known: vec![Known::default(), Known::default()],
        }
    }

    /// Passes the beginning of an object, if `before` is zero, or what stands between a member and the
    /// next, and then the key, and all up to its value. Returns the key's column, if it has one; and
    /// nothing where the object ends, which is passed then.
    #[inline]
    pub(super) fn next(
        &mut self,
        scanner: &mut Scanner<'_>,
        before: &mut usize,
    ) -> Result<Option<Option<usize>>, Reason> {
        if let Some((expected, column)) = self.pass_expected(scanner, *before) {
            *before = expected;
            return Ok(Some(column));
        }
        if *before != BEGINNING && scanner.pass(b'}') {
            return Ok(None);
        }
        self.other(scanner, before)
    }

    /// Passes the key that stood behind `before` last time, with all from the separator before it to
    /// its value, if it stands here again. Tells which it is, and its column.
    #[inline(always)]
    pub(super) fn pass_expected(
        &self,
        scanner: &mut Scanner<'_>,
        before: usize,
    ) -> Option<(usize, Option<usize>)> {
        let expected = self.known.get(before)?.next;
        let known = self.known.get(expected)?;
        if !known.is_next(scanner, separator(before)) {
            return None;
        }
        scanner.at += 1 + known.length;
        scanner.space();
        Some((expected, known.column))
    }

    #[cold]
    fn other(
        &mut self,
        scanner: &mut Scanner<'_>,
        before: &mut usize,
    ) -> Result<Option<Option<usize>>, Reason> {
        scanner.space();
        let is_first = *before == BEGINNING;
        if !is_first && scanner.pass(b'}') {
            return Ok(None);
        }
        scanner.expect(separator(*before))?;
        scanner.space();
        if is_first && scanner.pass(b'}') {
            return Ok(None);
        }
        let column = self.look_up(scanner, before)?;
        scanner.space();
        Ok(Some(column))
    }

    fn look_up(
        &mut self,
        scanner: &mut Scanner<'_>,
        before: &mut usize,
    ) -> Result<Option<usize>, Reason> {
        let key = scanner.string()?;
        scanner.space();
        scanner.expect(b':')?;
        if let Some(at) = self.spellings.get(key.raw).copied() {
            self.follow(before, at);
            return Ok(self.known.get(at).and_then(|known| known.column));
        }
        let column = self.columns.get(&*key.characters()).copied();
        if self.known.len() < SPELLINGS_MAX {
            self.spellings.insert(key.raw.into(), self.known.len());
            self.known.push(Known::new(key.raw, column));
            self.follow(before, self.known.len() - 1);
        } else {
            *before = BEYOND;
        }
        Ok(column)
    }

    fn follow(&mut self, before: &mut usize, at: usize) {
        if let Some(known) = self.known.get_mut(*before) {
            known.next = at;
        }
        *before = at;
    }
}

/// What stands before the member behind this one.
#[inline]
const fn separator(before: usize) -> u8 {
    if before == BEGINNING { b'{' } else { b',' }
}

impl Known {
    fn new(raw: &[u8], column: Option<usize>) -> Self {
        let spelling = [b"\"", raw, b"\":"].concat();
        let (first, rest) = spelling.split_at(spelling.len().min(WORD));
        let (mut word, mut mask) = ([0; WORD], [0; WORD]);
        for ((byte, is_set), from) in word.iter_mut().zip(&mut mask).zip(first) {
            (*byte, *is_set) = (*from, u8::MAX);
        }
        Self {
            word: u128::from_le_bytes(word),
            mask: u128::from_le_bytes(mask),
            rest: rest.into(),
            length: spelling.len(),
            column,
            next: 0,
        }
    }

    #[inline(always)]
    fn is_next(&self, scanner: &Scanner<'_>, separator: u8) -> bool {
        let Some([first, word @ ..]) = scanner.chunk::<{ 1 + WORD }>() else {
            return false;
        };
        self.length > 0
            && *first == separator
            && (u128::from_le_bytes(*word) ^ self.word) & self.mask == 0
            && (self.rest.is_empty() || self.rest_is_next(scanner))
    }

    fn rest_is_next(&self, scanner: &Scanner<'_>) -> bool {
        let rest = scanner.text.get(scanner.at + 1 + WORD..);
        rest.is_some_and(|rest| rest.starts_with(&self.rest))
    }
}
