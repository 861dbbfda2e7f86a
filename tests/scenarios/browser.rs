//! A real browser's `EventSource` reads across a restart of the producer, and to the end of a stream.

use tests::{browser::Browser, foreign::give, producer, proxy::Proxy};

use crate::{
    named::{CLOSED, memory, named},
    wire::{JSON, append},
};

/// What a page does with a stream: keeps what it is told, in the order in which it is told.
const PAGE: &str = r#"<!doctype html><title>reader</title><script>
const told = [];
const source = new EventSource(new URLSearchParams(location.search).get("stream"));
source.onmessage = message => told.push("record " + message.data);
source.addEventListener("gap", gap => told.push("gap " + Object.keys(JSON.parse(gap.data))));
source.addEventListener("data", event => told.push("data " + event.data));
source.addEventListener("control", event => {
  if (JSON.parse(event.data).streamClosed) told.push("closed");
});
source.onerror = () => told.push(source.readyState === EventSource.CLOSED ? "stopped" : "lost");
</script>"#;

/// Calls back with what the page was told, once the last of it holds `text`.
fn told_up_to(browser: &Browser, text: &str) -> Vec<String> {
    let script = format!(
        "const done = arguments[arguments.length - 1];
         const look = () => told.some(line => line.includes({text:?})) ? done(told) : setTimeout(look, 20);
         look();"
    );
    let told = browser.run(&script);
    let told = told.as_array().expect("a list of what was told").iter();
    told.filter_map(|line| line.as_str())
        .map(str::to_owned)
        .collect()
}

#[test]
fn an_event_source_goes_on_across_a_restart_and_is_told_the_gap() {
    let Some(browser) = Browser::open() else {
        return;
    };
    let first = producer(&["--source", "none"]);
    append(&first, "1\n2\n");
    let network = Proxy::to(first.address());
    let page = give("text/html", PAGE);
    browser.go(&format!("{page}?stream={}", network.url("/stream")));
    assert_eq!(told_up_to(&browser, "record 2"), ["record 1", "record 2"]);

    // The connection is lost, but not the log: it goes on where it was.
    network.cut();
    append(&first, "3\n");
    let resumed = ["record 1", "record 2", "lost", "record 3"];
    assert_eq!(told_up_to(&browser, "record 3"), resumed);

    // The log is lost too: it goes on with what the new one holds, and is told.
    drop(first);
    let second = producer(&["--source", "none"]);
    append(&second, "4\n5\n");
    network.lead_to(second.address());
    let told = told_up_to(&browser, "record 5");
    let (before, after) = told.split_at(resumed.len());
    assert_eq!(before, resumed);
    let after: Vec<_> = after.iter().filter(|line| *line != "lost").collect();
    assert_eq!(after, ["gap from,to", "record 4", "record 5"]);
}

#[test]
fn an_event_source_of_a_named_stream_goes_on_where_it_was_and_stops_at_its_end() {
    let Some(browser) = Browser::open() else {
        return;
    };
    let service = memory();
    let stream = named(&service, "s");
    stream.put(&[JSON], "[1,2]");
    let network = Proxy::to(service.address());
    let page = give("text/html", PAGE);
    let events = network.url("/v1/stream/s?live=sse%26offset=-1");
    browser.go(&format!("{page}?stream={events}"));
    assert_eq!(told_up_to(&browser, "data"), ["data [1,2]"]);
    network.cut();
    stream.post(&[JSON], "3");
    let resumed = ["data [1,2]", "lost", "data [3]"];
    assert_eq!(told_up_to(&browser, "[3]"), resumed);
    stream.post(&[JSON, CLOSED], "4");
    let told = told_up_to(&browser, "stopped");
    let (before, after) = told.split_at(resumed.len());
    assert_eq!(before, resumed);
    assert_eq!(after, ["data [4]", "closed", "lost", "stopped"]);
}
