//! Queries made by chance end, and come to the same on one worker and on three. Whether it is what Flink
//! comes to is told by the same program where somebody has installed that.

use tests::{
    binaries::{binary, workspace},
    python::Python,
};

/// What a program of `tests/jobs/` says, which has to end well.
fn run(script: &str, args: &[&str]) {
    let Some(python) = Python::having("json") else {
        return;
    };
    let mut command = python.run(&workspace().join("tests/jobs").join(script));
    let ended = command.args(args).output().expect("it can be started");
    let said = [ended.stdout, ended.stderr].concat();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&said));
}

#[test]
fn queries_by_chance_come_to_the_same_on_one_worker_and_on_three() {
    let consumer = binary("consumer");
    let consumer = consumer.to_str().expect("a path in UTF-8");
    run(
        "differential.py",
        &["alone", "--count", "50", "--consumer", consumer],
    );
}

#[test]
fn what_makes_and_compares_queries_is_right() {
    run("proof.py", &[]);
}
