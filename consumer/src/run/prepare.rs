//! Blocks of lines → rows as the first stages take them: parsed, with what is known of them beside
//! their fields, and with all done that looks at each row alone. Done by several threads at once.

use std::{ops::Range, sync::Arc};

use arrow::{
    array::{
        ArrayRef, BinaryViewArray, BinaryViewBuilder, RecordBatch, RecordBatchOptions, StringArray,
        builder::ArrayBuilder, new_null_array,
    },
    datatypes::{DataType, SchemaRef},
};
use common::wire::STREAMS_PATH;

use super::error::Failure;
use crate::{
    fetch::Block,
    parse::{Parse, Reader, Rows, Wanted},
    plan::{Metadata, Origin, Scan},
    transform::{self, Chain, Chained},
};

/// What is parsed.
#[derive(Debug)]
pub(super) enum Raw {
    /// Lines.
    Block(Block),
    /// Rows of which there never were lines.
    Rows(RecordBatch),
}

/// What becomes of it.
#[derive(Debug)]
pub(super) struct Ready {
    /// Which of the job's scans it is for.
    pub(super) scan: usize,
    pub(super) partition: usize,
    /// What is left to be done with.
    pub(super) chained: Result<Chained, Failure>,
    /// How many records there were, and the lines, without their rows.
    pub(super) records: usize,
    pub(super) read: Option<Rows>,
}

/// Prepares the rows of all scans of a job.
#[derive(Debug, Clone)]
pub(super) struct Preparer(pub(super) Vec<Preparation>);

/// Prepares the rows of a scan.
#[derive(Debug, Clone)]
pub(super) struct Preparation {
    /// None where rows come as rows.
    reader: Option<Reader>,
    columns: Vec<Part>,
    schema: SchemaRef,
    chain: Chain,
}

/// Where a column comes from.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// The reader's column of that number.
    Field(usize),
    Metadata(Metadata),
}

impl Preparation {
    /// For a scan whose rows have this schema.
    pub(super) fn new(scan: &Scan, schema: SchemaRef, chain: Chain) -> Result<Self, Failure> {
        let table = &scan.table;
        let (mut wanted, mut parts) = (Vec::new(), Vec::new());
        let columns = scan.columns.iter().filter_map(|at| table.columns.get(*at));
        for column in columns {
            parts.push(match column.origin {
                Origin::Field => Part::Field(wanted.len()),
                Origin::Metadata(metadata) => Part::Metadata(metadata),
            });
            if column.origin == Origin::Field {
                wanted.push(Wanted {
                    name: column.name.clone(),
                    data_type: column.data_type.clone(),
                    nullable: column.nullable,
                });
            }
        }
        let reader = table
            .format
            .as_ref()
            .map(|format| Reader::new(format, wanted));
        let reader = reader.transpose().map_err(|source| Failure::Unreadable {
            table: table.name.clone(),
            source,
        })?;
        Ok(Self {
            reader,
            columns: parts,
            schema,
            chain,
        })
    }

    /// The fields of a block's rows and what is known of them beside.
    fn whole(&self, read: &Rows) -> Result<RecordBatch, transform::Fault> {
        let rows = read.rows.num_rows();
        let columns = self.columns.iter().map(|part| match part {
            Part::Field(at) => read.rows.column(*at).clone(),
            Part::Metadata(metadata) => self::metadata(*metadata, read),
        });
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let schema = self.schema.clone();
        Ok(RecordBatch::try_new_with_options(
            schema,
            columns.collect(),
            &options,
        )?)
    }

    fn rows(
        &mut self,
        raw: Result<RecordBatch, transform::Fault>,
        read: Option<&Rows>,
    ) -> Result<Chained, Failure> {
        let step = self.chain.scan();
        let fail = |source| transform::Error::Step {
            step,
            kind: "scan",
            source,
        };
        let rows = raw.map_err(fail)?;
        let chained = self.chain.apply(rows.clone());
        chained.map_err(
            |source| match read.and_then(|read| self.failing(&rows, read)) {
                Some(record) => Failure::Record {
                    record,
                    source: Box::new(source),
                },
                None => source.into(),
            },
        )
    }

    /// The first record of which the chain can make nothing.
    fn failing(&mut self, rows: &RecordBatch, read: &Rows) -> Option<String> {
        let mut all = 0..rows.num_rows();
        let first = all.find(|row| self.chain.apply(rows.slice(*row, 1)).is_err())?;
        let place = read.places().nth(first)?;
        Some(format!("{place} of {}", read.origin.url))
    }
}

fn metadata(metadata: Metadata, read: &Rows) -> ArrayRef {
    let rows = read.rows.num_rows();
    match metadata {
        Metadata::Stream => {
            let url = &read.origin.url;
            let name = url
                .split_once(STREAMS_PATH)
                .map_or(url.as_str(), |(_, name)| name);
            Arc::new(StringArray::from_iter_values(std::iter::repeat_n(
                name, rows,
            )))
        }
        Metadata::Offset => {
            let tokens: StringArray = read.places().map(|place| place.token()).collect();
            Arc::new(tokens)
        }
        // No server tells it for each record.
        Metadata::Timestamp => {
            let unit = arrow::datatypes::TimeUnit::Millisecond;
            new_null_array(&DataType::Timestamp(unit, Some("UTC".into())), rows)
        }
        Metadata::Record => Arc::new(records(read)),
    }
}

/// The records themselves. They stay where they are: none is copied. Of one that is too long there may
/// be none: what is known of it may be blank.
fn records(read: &Rows) -> BinaryViewArray {
    let mut records = BinaryViewBuilder::with_capacity(read.rows.num_rows());
    let text = records.append_block(read.text.clone().into());
    for (Range { start, end }, _) in read.written() {
        let [start, length] = [start, end - start].map(|at| u32::try_from(at).unwrap_or(u32::MAX));
        let seen = records.try_append_view(text, start, length);
        seen.expect("a record is within its block, which is far shorter than 4 GiB");
    }
    while records.len() < read.rows.num_rows() {
        records.append_null();
    }
    records.finish()
}

impl Parse for Preparer {
    type Given = (usize, usize, Raw);
    type Parsed = Ready;

    fn bytes((_, _, raw): &Self::Given) -> usize {
        match raw {
            Raw::Block(block) => block.bytes(),
            Raw::Rows(rows) => rows.get_array_memory_size(),
        }
    }

    fn parse(&mut self, (scan, partition, raw): Self::Given) -> Ready {
        let preparation = self.0.get_mut(scan).expect("a scan of the job");
        let mut read = None;
        let rows = match (raw, &mut preparation.reader) {
            (Raw::Rows(rows), _) => Ok(rows),
            (Raw::Block(block), Some(reader)) => {
                let parsed = reader.parse(block);
                let rows = preparation.whole(&parsed);
                read = Some(parsed);
                rows
            }
            (Raw::Block(_), None) => Err(transform::Fault::Unsupported(
                "a table of lines without a format".to_owned(),
            )),
        };
        let records = match (&read, &rows) {
            (Some(read), _) => read.records(),
            (None, Ok(rows)) => rows.num_rows(),
            (None, Err(_)) => 0,
        };
        let chained = preparation.rows(rows, read.as_ref());
        if let Some(read) = &mut read {
            read.rows = RecordBatch::new_empty(read.rows.schema());
        }
        Ready {
            scan,
            partition,
            chained,
            records,
            read,
        }
    }
}
