//! Values of any type as bytes that compare as the values do, and back.

use arrow::{
    array::{ArrayRef, new_null_array},
    datatypes::DataType,
    row::{RowConverter, Rows, SortField},
};

use crate::transform::error::Fault;

#[derive(Debug)]
pub(super) struct Sorter {
    converter: RowConverter,
    /// How a null is encoded.
    null: Box<[u8]>,
}

impl Sorter {
    pub(super) fn new(data_type: &DataType) -> Result<Self, Fault> {
        let converter = RowConverter::new(vec![SortField::new(data_type.clone())])?;
        let nulls = converter.convert_columns(&[new_null_array(data_type, 1)])?;
        let null = nulls.iter().next().map(|row| row.data().into());
        Ok(Self {
            converter,
            null: null.unwrap_or_default(),
        })
    }

    pub(super) fn encode(&self, column: &ArrayRef) -> Result<Rows, Fault> {
        Ok(self
            .converter
            .convert_columns(std::slice::from_ref(column))?)
    }

    /// Values as a column.
    pub(super) fn decode<'a>(
        &'a self,
        values: impl Iterator<Item = Option<&'a [u8]>>,
    ) -> Result<ArrayRef, Fault> {
        let parser = self.converter.parser();
        let rows = values.map(|value| parser.parse(value.unwrap_or(&self.null)));
        let columns = self.converter.convert_rows(rows)?;
        columns
            .into_iter()
            .next()
            .ok_or_else(|| Fault::State("a column".to_owned()))
    }
}
