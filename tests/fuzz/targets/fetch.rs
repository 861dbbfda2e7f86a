//! How the consumer frames what it reads, as it stands: all of the consumer takes long to build.
#![expect(dead_code, reason = "only events are framed here")]

#[path = "../../../consumer/src/fetch/block.rs"]
mod block;
#[path = "../../../consumer/src/fetch/count.rs"]
mod count;
#[path = "../../../consumer/src/fetch/events.rs"]
mod events;
#[path = "../../../consumer/src/fetch/frame.rs"]
mod frame;
#[path = "../../../consumer/src/fetch/fuzzing.rs"]
pub(crate) mod fuzzing;
#[path = "../../../consumer/src/fetch/lines.rs"]
mod lines;
#[path = "../../../consumer/src/fetch/mark.rs"]
mod mark;
#[path = "../../../consumer/src/fetch/opening.rs"]
mod opening;
#[path = "../../../consumer/src/fetch/passed_over.rs"]
mod passed_over;
#[path = "../../../consumer/src/fetch/structure.rs"]
mod structure;
#[path = "../../../consumer/src/fetch/values.rs"]
mod values;
