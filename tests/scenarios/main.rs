//! Both services as their users meet them: real processes, real sockets, a file a theme.

mod append;
mod article;
mod browser;
mod compose;
mod consumer;
mod durable;
mod faults;
mod flood;
mod ledger;
mod outcome;
mod power;
mod service;
mod sources;
mod stream;
mod tidy;
mod wire;
