//! Rows as bytes, by number: in lists there are numbers alone.

use arrow::{
    array::{ArrayRef, new_null_array},
    datatypes::SchemaRef,
    row::{RowConverter, Rows, SortField},
};

use super::error::Fault;

/// The rows.
#[derive(Debug)]
pub(super) struct Store {
    converter: RowConverter,
    rows: Vec<Box<[u8]>>,
    free: Vec<u32>,
    row_bytes: usize,
    /// How often a row was looked at.
    #[cfg(test)]
    pub(super) looks: std::cell::Cell<u64>,
}

impl Store {
    /// None yet.
    pub(super) fn new(schema: &SchemaRef) -> Result<Self, Fault> {
        let fields = schema.fields().iter();
        let fields = fields.map(|field| SortField::new(field.data_type().clone()));
        Ok(Self {
            converter: RowConverter::new(fields.collect())?,
            rows: Vec::new(),
            free: Vec::new(),
            row_bytes: 0,
            #[cfg(test)]
            looks: std::cell::Cell::default(),
        })
    }

    /// A row of nulls alone, which is the first.
    pub(super) fn behind_nulls(schema: &SchemaRef) -> Result<Self, Fault> {
        let mut store = Self::new(schema)?;
        let nulls = schema.fields().iter();
        let nulls = nulls.map(|field| new_null_array(field.data_type(), 1));
        let nulls = store.encoded(&nulls.collect::<Vec<_>>())?;
        store.put(nulls.row(0).data())?;
        Ok(store)
    }

    /// Keeps a row.
    pub(super) fn put(&mut self, row: &[u8]) -> Result<u32, Fault> {
        self.row_bytes += row.len();
        if let Some(number) = self.free.pop() {
            if let Some(slot) = self.rows.get_mut(number as usize) {
                *slot = row.into();
            }
            return Ok(number);
        }
        let number = u32::try_from(self.rows.len()).map_err(|_| Fault::TooManyGroups)?;
        self.rows.push(row.into());
        Ok(number)
    }

    /// The row of that number; it is empty where it was forgotten.
    pub(super) fn row(&self, number: u32) -> &[u8] {
        #[cfg(test)]
        self.looks.update(|looks| looks + 1);
        self.rows.get(number as usize).map_or(&[], |row| row)
    }

    /// Forgets rows.
    pub(super) fn remove(&mut self, numbers: &[u32]) {
        for number in numbers {
            if let Some(row) = self.rows.get_mut(*number as usize) {
                self.row_bytes -= std::mem::take(row).len();
            }
        }
        self.free.extend_from_slice(numbers);
    }

    /// Rows as columns.
    pub(super) fn columns(&self, numbers: &[u32]) -> Result<Vec<ArrayRef>, Fault> {
        let parser = self.converter.parser();
        let rows = numbers.iter();
        let rows = rows.filter_map(|number| self.rows.get(*number as usize));
        Ok(self
            .converter
            .convert_rows(rows.map(|row| parser.parse(row)))?)
    }

    /// Rows as they are kept.
    pub(super) fn encoded(&self, columns: &[ArrayRef]) -> Result<Rows, Fault> {
        Ok(self.converter.convert_columns(columns)?)
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.rows.len() - self.free.len()
    }

    /// How much memory they take.
    pub(super) const fn bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Box<[u8]>>()
            + self.free.capacity() * size_of::<u32>()
            + self.row_bytes
    }
}
