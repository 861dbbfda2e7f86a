//! Results out: to the console, files and streams; and rejects to the dead letters and, sampled, to the log.
//!
//! In: [`Changes`](crate::transform::Changes), and rejects.

mod appends;
mod console;
mod dead_letters;
mod encode;
mod json;
mod parts;
mod printer;
mod row;
mod samples;
mod text;

pub use appends::Appends;
pub use console::{Console, Output, Print};
pub use dead_letters::DeadLetters;
pub use json::{Moments, Shape};
pub use parts::Parts;
pub use printer::Printer;
pub use samples::Samples;
