//! Server-sent events, by the WHATWG's algorithm ("9.2.6 Interpreting an event stream"): lines end
//! with LF, CR or both; fields gather until a blank line dispatches the event; a body that ends
//! before the blank line drops what was gathered.
//!
//! Records are the data of events without a name, and of those that Durable Streams names `data`
//! (arrays, flattened once). Brooklet's `gap` says that records are missing. Others are passed over, with a word.

use bytes::{Buf, Bytes};
use common::{json, limits::RECORD_BYTES_MAX};

use super::block::{Found, Place};

/// How much longer a line may be than the record in it: the field's name, colon and space.
const FIELD_BYTES_MAX: usize = 16;

/// Frames a body of events.
#[derive(Debug)]
pub(super) struct Events {
    pub(super) found: Found,
    /// The beginning of a line whose end has not come yet; too long a line is cut here.
    line: Vec<u8>,
    /// The last chunk ended with CR: a LF at the start of the next belongs to it.
    after_cr: bool,
    event: Event,
    /// The id of the last event that had one.
    id: Vec<u8>,
}

/// An event that is being gathered.
#[derive(Debug, Default)]
struct Event {
    name: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    too_long: bool,
}

impl Events {
    pub(super) fn new(found: Found) -> Self {
        let id = match &found.place {
            Place::Event(id) => id.as_bytes().to_vec(),
            Place::Unknown | Place::Counted(_) => Vec::new(),
        };
        Self {
            found,
            line: Vec::new(),
            after_cr: false,
            event: Event::default(),
            id,
        }
    }

    pub(super) fn push(&mut self, mut chunk: Bytes) {
        while chunk.has_remaining() {
            if std::mem::take(&mut self.after_cr) && chunk.starts_with(b"\n") {
                chunk.advance(1);
                continue;
            }
            let Some(end) = memchr::memchr2(b'\n', b'\r', &chunk) else {
                self.gather(&chunk);
                break;
            };
            self.gather(&chunk.split_to(end));
            self.after_cr = chunk.get_u8() == b'\r';
            self.end_line();
        }
        self.found.flush();
    }

    fn gather(&mut self, text: &[u8]) {
        let room = (RECORD_BYTES_MAX + FIELD_BYTES_MAX).saturating_sub(self.line.len());
        self.line
            .extend_from_slice(text.get(..room).unwrap_or(text));
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            self.dispatch();
        } else {
            self.field(&line);
        }
        self.line = line;
        self.line.clear();
    }

    fn field(&mut self, line: &[u8]) {
        let (name, value) = match memchr::memchr(b':', line) {
            Some(colon) => {
                let (name, value) = line.split_at(colon);
                let value = value.strip_prefix(b":").unwrap_or(value);
                (name, value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &b""[..]),
        };
        match name {
            b"data" => self.event.add(value),
            b"event" => value.clone_into(&mut self.event.name),
            b"id" if !value.contains(&0) => value.clone_into(&mut self.id),
            // A comment, or a field that means nothing here.
            _ => {}
        }
    }

    fn dispatch(&mut self) {
        let event = std::mem::take(&mut self.event);
        self.place_event();
        if event.has_data {
            match event.name.as_slice() {
                b"" | b"message" => self.record(&event),
                b"data" => self.array(&event),
                b"gap" => self.gap(&event.data),
                other => self.found.passed_over.tell(other),
            }
        }
        self.event = event.emptied();
    }

    /// Where the server does not count, its ids are the places.
    fn place_event(&mut self) {
        let id = String::from_utf8_lossy(&self.id);
        let place = match &self.found.place {
            Place::Counted(_) => return,
            Place::Event(last) if **last == *id => return,
            Place::Unknown if id.is_empty() => return,
            _ if id.is_empty() => Place::Unknown,
            _ => Place::Event(id.into()),
        };
        self.found.flush();
        self.found.place = place;
    }

    fn record(&mut self, event: &Event) {
        if event.too_long {
            let bytes = event.data.len() as u64 + 1;
            self.found.too_long(&event.data, bytes);
        } else if !event.data.trim_ascii().is_empty() {
            self.found.line(&event.data);
        }
    }

    fn array(&mut self, event: &Event) {
        let mut elements = Vec::new();
        let text = std::str::from_utf8(&event.data).unwrap_or_default();
        match json::flattened(text, |element| elements.push(element)) {
            Ok(()) if !event.too_long => elements
                .into_iter()
                .for_each(|element| self.found.line(element.as_bytes())),
            _ => self.record(event),
        }
    }

    fn gap(&mut self, data: &[u8]) {
        let (mut from, mut to) = (String::new(), String::new());
        let text = std::str::from_utf8(data).unwrap_or_default();
        let told = json::members(text, |key, value| {
            if let json::Value::String(place) = value {
                if key.is("from") {
                    from = place.to_string();
                } else if key.is("to") {
                    to = place.to_string();
                }
            }
        });
        let Ok(place) = to.parse().map(Place::Counted) else {
            return;
        };
        // The answer's head may have told of this gap before.
        if told == Ok(true) && place != self.found.place {
            self.found.gap(from, to);
            self.found.place = place;
        }
    }
}

impl Event {
    fn add(&mut self, value: &[u8]) {
        if self.has_data && !self.too_long {
            self.data.push(b'\n');
        }
        self.has_data = true;
        let room = RECORD_BYTES_MAX.saturating_sub(self.data.len());
        self.too_long |= value.len() > room;
        self.data
            .extend_from_slice(value.get(..room).unwrap_or(value));
    }

    /// An empty event in the same memory.
    fn emptied(mut self) -> Self {
        self.name.clear();
        self.data.clear();
        Self {
            has_data: false,
            too_long: false,
            ..self
        }
    }
}
