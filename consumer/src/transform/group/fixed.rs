//! Groups of `N` keys of at most 64 bits each. A key lies in the table itself, so that finding a group
//! costs one look at memory that is likely not in a cache.

use std::{
    hash::{BuildHasher, Hasher},
    sync::Arc,
};

use arrow::array::cast::AsArray;
use arrow::{
    array::{Array, ArrayRef, Int64Array, make_array},
    buffer::NullBuffer,
    compute::cast,
    datatypes::{DataType, Int64Type, TimeUnit},
};
use foldhash::fast::RandomState;

use crate::transform::{
    error::Fault,
    slots::{Number, Slots, number, of},
};

#[derive(Debug)]
pub(in crate::transform) struct Fixed<const N: usize> {
    types: [DataType; N],
    table: Slots<Entry<N>>,
    keys: Vec<Key<N>>,
    free: Vec<u32>,
    hash: RandomState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key<const N: usize> {
    /// Zero where it is null.
    values: [i64; N],
    /// A bit for each that is null.
    nulls: u32,
}

#[derive(Debug)]
struct Entry<const N: usize> {
    values: [i64; N],
    nulls: u32,
    group: Number,
}

impl<const N: usize> Fixed<N> {
    pub(super) fn new(types: [DataType; N]) -> Self {
        Self {
            types,
            table: Slots::new(),
            keys: Vec::new(),
            free: Vec::new(),
            hash: RandomState::default(),
        }
    }

    pub(super) const fn bound(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn intern(&mut self, keys: &[ArrayRef], found: &mut Vec<u32>) -> Result<(), Fault> {
        let wide = keys.iter().map(widen).collect::<Result<Vec<_>, _>>()?;
        let wide: [Int64Array; N] = wide
            .try_into()
            .map_err(|_| Fault::State(format!("{N} keys")))?;
        let rows = wide.first().map_or(0, Int64Array::len);
        found.reserve(rows);
        if wide.iter().all(|column| column.null_count() == 0) {
            let columns = wide.each_ref().map(|column| &**column.values());
            self.intern_all(rows, found, |row| Key {
                values: columns.map(|column| column.get(row).copied().unwrap_or_default()),
                nulls: 0,
            })
        } else {
            self.intern_all(rows, found, |row| key_of(&wide, row))
        }
    }

    fn intern_all(
        &mut self,
        rows: usize,
        found: &mut Vec<u32>,
        key_of: impl Fn(usize) -> Key<N>,
    ) -> Result<(), Fault> {
        for row in 0..rows {
            let group = self.group(key_of(row))?;
            found.push(group);
        }
        Ok(())
    }

    #[inline]
    fn group(&mut self, key: Key<N>) -> Result<u32, Fault> {
        let hash = hash_of(&self.hash, &key.values, key.nulls);
        let same = |entry: &Entry<N>| entry.values == key.values && entry.nulls == key.nulls;
        match self.table.find(hash, same) {
            Some(entry) => Ok(of(entry.group)),
            None => self.add(hash, key),
        }
    }

    #[cold]
    fn add(&mut self, hash: u64, key: Key<N>) -> Result<u32, Fault> {
        let group = match self.free.pop() {
            Some(group) => {
                if let Some(slot) = self.keys.get_mut(group as usize) {
                    *slot = key;
                }
                group
            }
            None => {
                let group = u32::try_from(self.keys.len()).map_err(|_| Fault::TooManyGroups)?;
                self.keys.push(key);
                group
            }
        };
        let Key { values, nulls } = key;
        let state = &self.hash;
        let rehash = |entry: &Entry<N>| hash_of(state, &entry.values, entry.nulls);
        let entry = Entry {
            values,
            nulls,
            group: number(group),
        };
        self.table.add(hash, entry, rehash);
        Ok(group)
    }

    pub(super) fn keys(&self, groups: &[u32]) -> Result<Vec<ArrayRef>, Fault> {
        let of = |group: &u32| self.keys.get(*group as usize);
        let columns = self.types.iter().enumerate().map(|(at, to)| {
            let value = |key: &Key<N>| key.values.get(at).copied().unwrap_or_default();
            let values: Vec<_> = groups.iter().filter_map(of).map(value).collect();
            let valid = |key: &Key<N>| key.nulls >> at & 1 == 0;
            let valid: NullBuffer = groups.iter().filter_map(of).map(valid).collect();
            let nulls = (valid.null_count() > 0).then_some(valid);
            narrow(&Int64Array::new(values.into(), nulls), to)
        });
        columns.collect()
    }

    pub(super) fn remove(&mut self, groups: &[u32]) {
        for group in groups {
            let Some(key) = self.keys.get(*group as usize) else {
                continue;
            };
            let state = &self.hash;
            let rehash = |entry: &Entry<N>| hash_of(state, &entry.values, entry.nulls);
            let hash = hash_of(state, &key.values, key.nulls);
            let is_it = |entry: &Entry<N>| entry.group == number(*group);
            if let Some(at) = self.table.place(hash, is_it) {
                self.table.remove(at, rehash);
                self.free.push(*group);
            }
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.table.bytes()
            + self.keys.capacity() * size_of::<Key<N>>()
            + self.free.capacity() * size_of::<u32>()
    }
}

fn key_of<const N: usize>(columns: &[Int64Array; N], row: usize) -> Key<N> {
    let mut key = Key {
        values: [0; N],
        nulls: 0,
    };
    for (at, (column, value)) in columns.iter().zip(&mut key.values).enumerate() {
        if column.is_null(row) {
            key.nulls |= 1 << at;
        } else {
            *value = column.value(row);
        }
    }
    key
}

#[inline]
fn hash_of<const N: usize>(state: &RandomState, values: &[i64; N], nulls: u32) -> u64 {
    let mut hasher = state.build_hasher();
    for value in values {
        hasher.write_i64(*value);
    }
    if nulls != 0 {
        hasher.write_u32(nulls);
    }
    hasher.finish()
}

/// Whether values of a type are whole numbers of at most 64 bits underneath.
pub(in crate::transform) const fn is_narrow(one: &DataType) -> bool {
    matches!(
        one,
        DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Date32
            | DataType::Time32(TimeUnit::Millisecond | TimeUnit::Second)
            | DataType::Time64(_)
            | DataType::Timestamp(_, _)
    )
}

/// Those whole numbers.
pub(in crate::transform) fn widen(column: &ArrayRef) -> Result<Int64Array, Fault> {
    let wide = match column.data_type() {
        DataType::Timestamp(_, _) | DataType::Time64(_) => as_type(column, DataType::Int64)?,
        DataType::Date32 | DataType::Time32(_) => {
            cast(&as_type(column, DataType::Int32)?, &DataType::Int64)?
        }
        _ => cast(column, &DataType::Int64)?,
    };
    Ok(wide.as_primitive::<Int64Type>().clone())
}

/// The way back.
pub(in crate::transform) fn narrow(wide: &Int64Array, to: &DataType) -> Result<ArrayRef, Fault> {
    let wide: ArrayRef = Arc::new(wide.clone());
    match to {
        DataType::Int64 => Ok(wide),
        DataType::Timestamp(_, _) | DataType::Time64(_) => as_type(&wide, to.clone()),
        DataType::Date32 | DataType::Time32(_) => {
            as_type(&cast(&wide, &DataType::Int32)?, to.clone())
        }
        _ => Ok(cast(&wide, to)?),
    }
}

/// The same bytes, taken for values of another type of the same width.
fn as_type(column: &ArrayRef, to: DataType) -> Result<ArrayRef, Fault> {
    let data = column.to_data().into_builder().data_type(to).build()?;
    Ok(make_array(data))
}
