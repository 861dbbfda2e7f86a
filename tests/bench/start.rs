//! From the start of a process to its first answer.

use std::time::Instant;

use tests::{consumer, producer};

use crate::{sample::Sample, say};

const RUNS: usize = 11;

pub(crate) fn run() {
    say("milliseconds, median of 11 (least … most)");
    let ready = |_| {
        let start = Instant::now();
        let producer = producer(&["--source", "none"]);
        drop(producer.says("listening"));
        since(start)
    };
    let ready = Sample::new((0..=RUNS).map(ready).skip(1).collect());
    say(&format!("producer, start to listening        {ready}"));
    let producer = producer(&["--source", "numbers@max:1000"]);
    let url = producer.url("/stream");
    let answer = |_| {
        let start = Instant::now();
        let consumer = consumer(&["--url", &url]);
        drop(consumer.prints("average"));
        since(start)
    };
    let answer = Sample::new((0..=RUNS).map(answer).skip(1).collect());
    say(&format!("consumer, start to first answer     {answer}"));
}

fn since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}
