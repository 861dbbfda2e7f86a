//! Groups of keys of any types and number, encoded as rows of bytes.

use std::hash::{BuildHasher, Hasher};

use arrow::{
    array::ArrayRef,
    datatypes::DataType,
    row::{RowConverter, SortField},
};
use foldhash::fast::RandomState;

use crate::transform::{error::Fault, numbers::Numbers};

#[derive(Debug)]
pub(in crate::transform) struct Encoded {
    converter: RowConverter,
    table: Numbers,
    keys: Vec<Box<[u8]>>,
    /// How long all keys are together.
    key_bytes: usize,
    free: Vec<u32>,
    hash: RandomState,
}

impl Encoded {
    pub(super) fn new(types: &[DataType]) -> Result<Self, Fault> {
        let fields = types.iter().cloned().map(SortField::new).collect();
        Ok(Self {
            converter: RowConverter::new(fields)?,
            table: Numbers::new(),
            keys: Vec::new(),
            key_bytes: 0,
            free: Vec::new(),
            hash: RandomState::default(),
        })
    }

    pub(super) const fn bound(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn intern(&mut self, keys: &[ArrayRef], found: &mut Vec<u32>) -> Result<(), Fault> {
        let rows = self.converter.convert_columns(keys)?;
        for row in &rows {
            let group = self.group(row.data())?;
            found.push(group);
        }
        Ok(())
    }

    fn group(&mut self, key: &[u8]) -> Result<u32, Fault> {
        let mut hasher = self.hash.build_hasher();
        hasher.write(key);
        let hash = hasher.finish();
        let keys = &self.keys;
        let same = |group: u32| keys.get(group as usize).is_some_and(|own| **own == *key);
        match self.table.find(hash, same) {
            Some(group) => Ok(group),
            None => self.add(hash, key),
        }
    }

    #[cold]
    fn add(&mut self, hash: u64, key: &[u8]) -> Result<u32, Fault> {
        self.key_bytes += key.len();
        let group = match self.free.pop() {
            Some(group) => {
                if let Some(slot) = self.keys.get_mut(group as usize) {
                    *slot = key.into();
                }
                group
            }
            None => {
                let group = u32::try_from(self.keys.len()).map_err(|_| Fault::TooManyGroups)?;
                self.keys.push(key.into());
                group
            }
        };
        self.table.add(hash, group);
        Ok(group)
    }

    pub(super) fn keys(&self, groups: &[u32]) -> Result<Vec<ArrayRef>, Fault> {
        let parser = self.converter.parser();
        let rows = groups
            .iter()
            .filter_map(|group| self.keys.get(*group as usize));
        Ok(self
            .converter
            .convert_rows(rows.map(|row| parser.parse(row)))?)
    }

    pub(super) fn remove(&mut self, groups: &[u32]) {
        for group in groups {
            let Some(key) = self.keys.get_mut(*group as usize) else {
                continue;
            };
            let mut hasher = self.hash.build_hasher();
            hasher.write(key);
            if self.table.replace(hasher.finish(), *group, None) {
                self.key_bytes -= key.len();
                *key = Box::default();
                self.free.push(*group);
            }
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.table.bytes()
            + self.keys.capacity() * size_of::<Box<[u8]>>()
            + self.key_bytes
            + self.free.capacity() * size_of::<u32>()
    }
}
