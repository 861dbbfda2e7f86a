//! What reading records costs: ours against arrow-json and `serde_json::Value`, one thread, the same
//! bytes and columns, turn by turn in one run, in rows per second of processor time. `cargo bench -p consumer -p tests --bench parse`

#![expect(
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "a benchmark knows its own data, and gives each reader its own"
)]

use std::{fs, hint::black_box, io::Write, sync::Arc};

use arrow::{
    array::{
        ArrayRef, Float64Builder, Int64Builder, RecordBatch, StringBuilder,
        TimestampMillisecondBuilder,
    },
    compute::kernels::cast_utils::string_to_timestamp_nanos,
    datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit},
};
use arrow_json::ReaderBuilder;
use bytes::Bytes;
use consumer::{
    fetch::{Block, Content, Place},
    parse::{Format, Json, Reader, Wanted},
};
use serde_json::Value;

/// How many bytes come together, as from a connection.
const BLOCK_BYTES: usize = 256 * 1024;
const ROWS: usize = 200_000;
const TURNS: usize = 9;

/// So long is read at a time at least: the system counts in steps of milliseconds.
const SECONDS_MIN: f64 = 0.2;

const TIME: DataType = DataType::Timestamp(TimeUnit::Millisecond, None);

/// Records in blocks, and which of their columns are read.
struct Case {
    name: &'static str,
    blocks: Vec<Bytes>,
    columns: Vec<(&'static str, DataType)>,
}

fn main() {
    let bids = blocks(bid);
    let small = blocks(|row| format!("{{\"id\":{row},\"value\":{}}}\n", row * 7919 % 1000));
    let (int, text) = (DataType::Int64, DataType::Utf8);
    let all = vec![
        ("auction", int.clone()),
        ("bidder", int.clone()),
        ("price", int.clone()),
        ("channel", text.clone()),
        ("url", text.clone()),
        ("dateTime", TIME),
        ("extra", text),
    ];
    let three = [0, 2, 5].map(|at: usize| all[at].clone()).to_vec();
    let numbers = vec![("id", int.clone()), ("value", DataType::Float64)];
    for (name, blocks, columns) in [
        ("bids, all seven columns", &bids, all.clone()),
        ("bids, three columns", &bids, three),
        ("bids, one column", &bids, all[2..3].to_vec()),
        ("small, id BIGINT, value DOUBLE", &small, numbers),
        (
            "small, both BIGINT",
            &small,
            vec![("id", int.clone()), ("value", int)],
        ),
    ] {
        Case {
            name,
            blocks: blocks.clone(),
            columns,
        }
        .run();
    }
}

/// A bid of about 245 bytes, as the Nexmark generator makes them.
fn bid(row: usize) -> String {
    let mut random = fastrand::Rng::with_seed(row as u64);
    let extra: String = (0..random.usize(50..90))
        .map(|_| random.lowercase())
        .collect();
    let channels = ["Google", "Facebook", "Baidu", "Apple", "channel-4711"];
    let path: String = (0..12).map(|_| random.lowercase()).collect();
    let price_max = 10_usize.pow(random.u32(3..9));
    let (minute, second) = (row / 60_000 % 60, row / 1000 % 60);
    format!(
        "{{\"auction\":{},\"bidder\":{},\"price\":{},\"channel\":\"{}\",\"url\":\"https://www.nexmark.com/{path}/item.htm?query=1\",\"dateTime\":\"2026-01-01 00:{minute:02}:{second:02}.{:03}\",\"extra\":\"{extra}\"}}\n",
        1000 + random.usize(0..20_000),
        1000 + random.usize(0..10_000),
        random.usize(1..price_max),
        channels[random.usize(0..channels.len())],
        row % 1000,
    )
}

fn blocks(record: impl Fn(usize) -> String) -> Vec<Bytes> {
    let mut blocks = vec![String::new()];
    for row in 0..ROWS {
        let record = record(row);
        if blocks.last().map_or(0, String::len) + record.len() > BLOCK_BYTES {
            blocks.push(String::new());
        }
        blocks.last_mut().expect("there is one").push_str(&record);
    }
    blocks.into_iter().map(Bytes::from).collect()
}

impl Case {
    /// Takes turns, checks that all read the same, and prints the medians.
    fn run(&self) {
        let fields = self.columns.iter();
        let fields = fields.map(|(name, data_type)| Field::new(*name, data_type.clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let mut reader = reader(&schema);
        let rates = [(); TURNS].map(|()| {
            [
                self.time(&schema, |block| ours(&mut reader, block)),
                self.time(&schema, |block| arrow_json(&schema, block)),
                self.time(&schema, |block| values(&schema, block)),
            ]
        });
        let [ours, arrow, value] = [0, 1, 2].map(|who| {
            let mut rates = rates.map(|turn| turn[who]);
            rates.sort_by(f64::total_cmp);
            rates[TURNS / 2]
        });
        let bytes: usize = self.blocks.iter().map(Bytes::len).sum();
        let line = format!(
            "{:<32} {:>4} B   ours {:>6.2} M/s   arrow-json {:>6.2} ({:>5.2}x)   Value {:>6.2} ({:>5.2}x)",
            self.name,
            bytes / ROWS,
            ours,
            arrow,
            ours / arrow,
            value,
            ours / value,
        );
        writeln!(std::io::stdout(), "{line}").expect("stdout is open");
    }

    /// Million rows a second of processor time.
    fn time(&self, schema: &SchemaRef, mut read: impl FnMut(Bytes) -> RecordBatch) -> f64 {
        let (begin, mut rows, mut seconds) = (cpu_seconds(), 0, 0.0);
        while seconds < SECONDS_MIN {
            for block in &self.blocks {
                rows += black_box(read(block.clone())).num_rows();
            }
            seconds = cpu_seconds() - begin;
        }
        let rate = rows as f64 / seconds / 1e6;
        let first = self.blocks[0].clone();
        assert_eq!(rows % ROWS, 0);
        assert_eq!(
            read(first.clone()),
            ours(&mut reader(schema), first),
            "they read the same"
        );
        rate
    }
}

/// What this thread has had of a processor, which others on the machine take no part of.
fn cpu_seconds() -> f64 {
    let times = fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells it");
    let nanoseconds = times
        .split(' ')
        .next()
        .and_then(|first| first.parse::<f64>().ok());
    nanoseconds.expect("a number comes first") / 1e9
}

fn reader(schema: &SchemaRef) -> Reader {
    let wanted = schema.fields().iter().map(|field| Wanted {
        name: field.name().clone(),
        data_type: field.data_type().clone(),
        nullable: true,
    });
    Reader::new(&Format::Json(Json::default()), wanted.collect()).expect("readable types")
}

fn ours(reader: &mut Reader, text: Bytes) -> RecordBatch {
    let block = Block {
        origin: Arc::default(),
        proved: false,
        counted: None,
        place: Place::Unknown,
        content: Content::Lines(text),
    };
    reader.parse(block).rows
}

fn arrow_json(schema: &SchemaRef, text: Bytes) -> RecordBatch {
    let builder = ReaderBuilder::new(schema.clone()).with_batch_size(ROWS);
    let mut decoder = builder.build_decoder().expect("a schema that it can read");
    let read = decoder.decode(&text).expect("valid JSON");
    assert_eq!(read, text.len());
    decoder.flush().expect("valid values").expect("some rows")
}

/// Each record as a `Value`, and then its columns.
fn values(schema: &SchemaRef, text: Bytes) -> RecordBatch {
    let text = std::str::from_utf8(&text).expect("UTF-8");
    let mut columns: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| Column::new(field))
        .collect();
    for line in text.lines() {
        let record: Value = serde_json::from_str(line).expect("valid JSON");
        for (column, field) in columns.iter_mut().zip(schema.fields()) {
            column.push(&record[field.name()]);
        }
    }
    let columns = columns.into_iter().map(Column::finish).collect();
    RecordBatch::try_new(schema.clone(), columns).expect("columns of the schema")
}

enum Column {
    Int(Int64Builder),
    Double(Float64Builder),
    Text(StringBuilder),
    Time(TimestampMillisecondBuilder),
}

impl Column {
    fn new(field: &Field) -> Self {
        match field.data_type() {
            DataType::Int64 => Self::Int(Int64Builder::new()),
            DataType::Float64 => Self::Double(Float64Builder::new()),
            DataType::Utf8 => Self::Text(StringBuilder::new()),
            _ => Self::Time(TimestampMillisecondBuilder::new()),
        }
    }

    fn push(&mut self, value: &Value) {
        match self {
            Self::Int(column) => column.append_option(value.as_i64()),
            Self::Double(column) => column.append_option(value.as_f64()),
            Self::Text(column) => column.append_option(value.as_str()),
            Self::Time(column) => column.append_option(value.as_str().and_then(|text| {
                let time = string_to_timestamp_nanos(text).ok()?;
                Some(time / 1_000_000)
            })),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Int(mut column) => Arc::new(column.finish()),
            Self::Double(mut column) => Arc::new(column.finish()),
            Self::Text(mut column) => Arc::new(column.finish()),
            Self::Time(mut column) => Arc::new(column.finish()),
        }
    }
}
