//! Results out: to the console; and rejects to the dead letters and, sampled, to the log.
//!
//! In: [`Update`](crate::transform::Update) and [`Answer`](crate::transform::Answer).

mod console;
mod dead_letters;
mod samples;
mod text;

pub use console::{Console, Output, Print};
pub use dead_letters::DeadLetters;
pub use samples::Samples;
