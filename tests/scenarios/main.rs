//! Both services as their users meet them: real processes, real sockets, a file a theme.

mod append;
mod appends;
mod article;
mod browser;
mod compose;
mod consumer;
mod durable;
mod faults;
mod flood;
mod json;
mod ledger;
mod live;
mod marks;
mod named;
mod outcome;
mod pages;
mod partitions;
mod power;
mod service;
mod sources;
mod stream;
mod streams;
mod tidy;
mod topic_consumer;
mod topics;
mod wire;
