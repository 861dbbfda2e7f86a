//! Takes records in, from requests and from built-in sources.
//!
//! In: bodies of requests, sources' specifications. Out: [`common::record::Batch`] into the log.

mod post;
pub(crate) mod source;

pub(crate) use self::{
    post::Door,
    source::{Spec, feed},
};
