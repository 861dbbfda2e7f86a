//! What is computed of each row: Flink's functions with Flink's results, and operators where it is not
//! as DataFusion has them.
//!
//! In: columns. Out: a column. The planner puts these into expressions, by their names or as what a cast
//! or an operator is; they are compiled apart from it, because they run for each row, and it once a job.
//!
//! | | |
//! |---|---|
//! | [`functions`] | functions of one row that queries call, and those that others are rewritten to |
//! | [`absolute`], [`divide`], [`exact`], [`narrow`], [`whole`] | arithmetic as in Java, and exact to as many digits as in Flink |
//! | [`number_text`], [`bytes_text`], [`TimestampText`], [`to_instant`], [`exact_number`], [`reading()`] | casts |
//! | [`round_digits`], [`truncate_digits`] | numbers with a point, by their decimal digits |
//! | [`bounded`] | a function whose result is only as long as a record may be |
//! | [`guarded`](fn@guarded), [`with_numbers`] | expressions in which AND and OR guard, and times are moved by numbers |

mod around;
mod bytes;
mod calendar;
mod clock;
mod digits;
mod floating;
mod guarded;
mod length;
mod local;
mod numbers;
mod pattern;
mod reading;
mod root;
mod shifted;
mod substring;
mod text;
mod time;
mod types;
mod zone;

use std::sync::Arc;

use common::time::Clock;
use datafusion_expr::ScalarUDF;
use datafusion_physical_expr::PhysicalExpr;

pub use around::{absolute, divide};
pub use bytes::bytes_text;
pub use calendar::to_instant;
pub use clock::PROCTIME;
pub use floating::{exact_number, round_digits, truncate_digits};
pub use guarded::guarded;
pub use length::{Counts, bounded};
pub use numbers::{decimal, exact, narrow, number_text, whole};
pub use reading::{reading, reading_moment};
pub use shifted::{milliseconds, with_numbers};
pub use time::TimestampText;
pub use types::name as type_name;
pub use zone::Zone;

/// An expression over the columns of a step's input.
pub type Expression = Arc<dyn PhysicalExpr>;

/// A function, and the name that it is called by.
pub type Named<F> = (&'static str, Arc<F>);

/// The functions of one row that DataFusion lacks, or has with other results. `clock` tells the time to
/// those that ask for it, and `zone` is where a `TIMESTAMP_LTZ` is local.
#[must_use]
pub fn functions(clock: &Clock, zone: Zone) -> Vec<Named<ScalarUDF>> {
    let mut functions = text::functions();
    functions.extend(time::functions(zone));
    functions.extend(calendar::functions(zone));
    functions.extend([
        ("power", floating::power()),
        ("sqrt", root::function()),
        ("substring", substring::function()),
        ("substr", substring::function()),
    ]);
    functions.extend(clock::functions(clock, zone));
    functions
}
