//! The functions of SQL under Flink's names, and with Flink's results.
//!
//! Where DataFusion's function gives what Flink's gives, it is taken; the rest is computed by the crate
//! `compute`, or is only another way of writing something (`rewrite`). What differs all the same stands in `FUNCTIONS.md`.

mod aggregates;
mod named;
mod row_number;

use std::{collections::BTreeMap, sync::Arc};

use common::time::Clock;
use compute::{Counts, Named, absolute, bounded};
use datafusion_expr::{AggregateUDF, ScalarUDF, WindowUDF};
use datafusion_functions::{core, crypto, encoding, math, string, unicode};
use datafusion_functions_aggregate as aggregate;
use datafusion_functions_nested::{cardinality::cardinality_udf, make_array::make_array_udf};

pub(super) use aggregates::function;
pub(super) use compute::{
    PROCTIME, TimestampText, bytes_text, decimal, divide, exact, exact_number, narrow, number_text,
    reading, reading_moment, round_digits, to_instant, truncate_digits, whole,
};
pub(super) use named::CAST_AS;
pub(super) use row_number::ROW_NUMBER;

use super::Zone;

/// All functions that a job can call, by name.
#[derive(Debug)]
pub(super) struct Functions {
    scalars: BTreeMap<String, Arc<ScalarUDF>>,
    aggregates: BTreeMap<String, Arc<AggregateUDF>>,
    /// All names as they are told to people.
    names: Vec<String>,
}

/// What is only another way of writing something.
const REWRITTEN: [&str; 31] = [
    "E",
    "SIGN",
    "TRIM",
    "IF",
    "IFNULL",
    "MOD",
    "CONCAT",
    "GREATEST",
    "LEAST",
    "POWER",
    "MD5",
    "SHA224",
    "SHA256",
    "SHA384",
    "SHA512",
    "TIMESTAMPDIFF",
    "TIMESTAMPADD",
    "LOCATE",
    "INSTR",
    "LOG",
    "TO_DATE",
    "YEAR",
    "QUARTER",
    "MONTH",
    "WEEK",
    "DAYOFYEAR",
    "DAYOFMONTH",
    "DAYOFWEEK",
    "HOUR",
    "MINUTE",
    "SECOND",
];

/// What others are rewritten to, and nobody calls.
const HIDDEN: [&str; 6] = [
    CAST_AS,
    "ceil_time",
    "encode",
    "floor_time",
    "timestampadd_days",
    "unix_timestamp_now",
];

/// What needs no arguments.
const OF_NOTHING: [&str; 7] = [
    "CURRENT_ROW_TIMESTAMP",
    "E",
    "NOW",
    "PI",
    "PROCTIME",
    ROW_NUMBER,
    "UNIX_TIMESTAMP",
];

const TABLE_FUNCTIONS: [&str; 6] = [
    "TUMBLE",
    "HOP",
    "CUMULATE",
    "SESSION",
    "TABLE",
    "DESCRIPTOR",
];

/// Known in Flink, and not here yet.
const LATER: [&str; 13] = [
    "RANK",
    "DENSE_RANK",
    "PERCENT_RANK",
    "CUME_DIST",
    "NTILE",
    "LAG",
    "LEAD",
    "NTH_VALUE",
    "COLLECT",
    "LISTAGG",
    "ARRAY_AGG",
    "JSON_OBJECTAGG",
    "JSON_ARRAYAGG",
];

impl Functions {
    /// All functions. `clock` tells the time to those that ask for it, and `zone` is where a
    /// `TIMESTAMP_LTZ` is local.
    pub(super) fn new(clock: &Clock, zone: Zone) -> Self {
        let scalars: BTreeMap<_, _> = taken()
            .into_iter()
            .chain(compute::functions(clock, zone))
            .chain([(CAST_AS, named::function())])
            .map(|(name, function)| (name.to_lowercase(), function))
            .collect();
        let aggregates: BTreeMap<_, _> = aggregates::functions()
            .into_iter()
            .chain(taken_aggregates())
            .map(|(name, function)| (name.to_lowercase(), function))
            .collect();
        let own = scalars.keys().chain(aggregates.keys());
        let own = own.filter(|name| !HIDDEN.contains(&name.as_str()));
        let own = own.map(|name| name.to_uppercase());
        let names = own.chain(REWRITTEN.map(str::to_owned)).collect();
        Self {
            scalars,
            aggregates,
            names,
        }
    }

    /// The function of one row of this name.
    pub(super) fn scalar(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.scalars.get(&name.to_lowercase()).cloned()
    }

    /// The function of many rows of this name.
    pub(super) fn aggregate(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.aggregates.get(&name.to_lowercase()).cloned()
    }

    /// The function of a row among others of this name.
    pub(super) fn window(name: &str) -> Option<Arc<WindowUDF>> {
        name.eq_ignore_ascii_case(ROW_NUMBER)
            .then(row_number::function)
    }

    /// Whether a query may call this.
    pub(super) fn knows(&self, name: &str) -> bool {
        let name = name.to_uppercase();
        TABLE_FUNCTIONS.contains(&name.as_str())
            || self.names.contains(&name)
            || Self::window(&name).is_some()
    }

    /// Whether this may be called without arguments.
    pub(super) fn is_of_nothing(&self, name: &str) -> bool {
        OF_NOTHING
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Whether this stands in FROM.
    pub(super) fn is_table_function(&self, name: &str) -> bool {
        TABLE_FUNCTIONS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Whether this puts rows into windows.
    pub(super) fn is_window(&self, name: &str) -> bool {
        self.is_table_function(name)
            && !["TABLE", "DESCRIPTOR"]
                .iter()
                .any(|argument| argument.eq_ignore_ascii_case(name))
    }

    /// Whether this is Flink's, and not here yet.
    pub(super) fn later(&self, name: &str) -> bool {
        LATER.iter().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// The names of all, with those in FROM.
    pub(super) fn all_names(&self) -> impl Iterator<Item = &str> {
        self.names().chain(TABLE_FUNCTIONS)
    }

    /// The names of all functions of rows.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }
}

/// Functions of DataFusion whose results are Flink's.
fn taken() -> Vec<Named<ScalarUDF>> {
    let mut functions = taken_of_text();
    functions.extend(taken_of_numbers());
    functions.extend([
        ("COALESCE", core::coalesce()),
        ("NULLIF", core::nullif()),
        ("CARDINALITY", cardinality_udf()),
        ("ARRAY", make_array_udf()),
        // What others are rewritten to.
        ("greatest", core::greatest()),
        ("least", core::least()),
        ("encode", encoding::encode()),
        ("md5", crypto::md5()),
        ("sha224", crypto::sha224()),
        ("sha256", crypto::sha256()),
        ("sha384", crypto::sha384()),
        ("sha512", crypto::sha512()),
    ]);
    functions
}

fn taken_of_text() -> Vec<Named<ScalarUDF>> {
    vec![
        ("ASCII", string::ascii()),
        ("BTRIM", string::btrim()),
        ("CHARACTER_LENGTH", unicode::character_length()),
        ("CHAR_LENGTH", unicode::character_length()),
        ("CHR", string::chr()),
        ("CONCAT_WS", string::concat_ws()),
        ("ENDSWITH", string::ends_with()),
        ("INITCAP", unicode::initcap()),
        ("LEFT", unicode::left()),
        ("LOWER", string::lower()),
        ("LPAD", bounded(unicode::lpad(), Counts::Characters)),
        ("LTRIM", string::ltrim()),
        ("REPEAT", bounded(string::repeat(), Counts::Texts)),
        ("REPLACE", string::replace()),
        ("REVERSE", unicode::reverse()),
        ("RIGHT", unicode::right()),
        ("RPAD", bounded(unicode::rpad(), Counts::Characters)),
        ("RTRIM", string::rtrim()),
        ("STARTSWITH", string::starts_with()),
        ("TRANSLATE", unicode::translate()),
        ("UPPER", string::upper()),
    ]
}

fn taken_of_numbers() -> Vec<Named<ScalarUDF>> {
    vec![
        ("ABS", absolute()),
        ("ACOS", math::acos()),
        ("ASIN", math::asin()),
        ("ATAN", math::atan()),
        ("ATAN2", math::atan2()),
        ("CEIL", math::ceil()),
        ("CEILING", math::ceil()),
        ("COS", math::cos()),
        ("COSH", math::cosh()),
        ("COT", math::cot()),
        ("DEGREES", math::degrees()),
        ("EXP", math::exp()),
        ("FLOOR", math::floor()),
        ("LN", math::ln()),
        ("LOG", math::log()),
        ("LOG10", math::log10()),
        ("LOG2", math::log2()),
        ("PI", math::pi()),
        ("RADIANS", math::radians()),
        ("ROUND", math::round()),
        ("SIN", math::sin()),
        ("SINH", math::sinh()),
        ("TAN", math::tan()),
        ("TANH", math::tanh()),
        ("TRUNCATE", math::trunc()),
    ]
}

/// Functions of many rows of DataFusion whose results are Flink's.
fn taken_aggregates() -> Vec<Named<AggregateUDF>> {
    vec![
        ("STDDEV_POP", aggregate::stddev::stddev_pop_udaf()),
        ("STDDEV_SAMP", aggregate::stddev::stddev_udaf()),
        ("STDDEV", aggregate::stddev::stddev_udaf()),
        ("VAR_POP", aggregate::variance::var_pop_udaf()),
        ("VAR_SAMP", aggregate::variance::var_samp_udaf()),
        ("VARIANCE", aggregate::variance::var_samp_udaf()),
    ]
}
