//! Events as a reader understands them, by the standard for such readers: for tests and fuzzers.

/// An event as a reader understands it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) data: String,
}

/// The events of a body, as the standard for readers of them has it; an id lasts until the next.
pub(super) fn parse(body: &[u8]) -> Vec<Event> {
    let text = String::from_utf8_lossy(body);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (mut events, mut event, mut data) = (Vec::new(), Event::default(), None::<String>);
    for line in text.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" if line.is_empty() => {
                let id = event.id.clone();
                let whole = std::mem::take(&mut event);
                if let Some(data) = data.take() {
                    events.push(Event { data, ..whole });
                }
                event.id = id;
            }
            "data" => match &mut data {
                Some(data) => *data = format!("{data}\n{value}"),
                None => data = Some(value.to_owned()),
            },
            "id" => value.clone_into(&mut event.id),
            "event" => value.clone_into(&mut event.name),
            _ => {}
        }
    }
    events
}

/// What a reader has of a text: each of its lines ends in one way.
pub(super) fn with_line_feeds(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}
