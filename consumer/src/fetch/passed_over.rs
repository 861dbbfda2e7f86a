//! The names of events that are no records. Each is said once, so that nobody who waits for their
//! records waits without a word; and only so many of them, for a server can make up more.

use crate::excerpt;

/// How many names are remembered, and so said.
const NAMES_MAX: usize = 16;

/// Names that were said.
#[derive(Debug, Default)]
pub(super) struct PassedOver(Vec<String>);

impl PassedOver {
    /// Says that events with this name are passed over.
    pub(super) fn tell(&mut self, name: &[u8]) {
        if let Some(name) = self.news(name) {
            tracing::warn!("events named {name} are no records, and are passed over");
        }
    }

    /// The name as it is to be said, if it is.
    fn news(&mut self, name: &[u8]) -> Option<&str> {
        if self.0.len() == NAMES_MAX {
            return None;
        }
        let name = excerpt::quoted(&String::from_utf8_lossy(name));
        if self.0.contains(&name) {
            return None;
        }
        self.0.push(name);
        self.0.last().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_said_once_and_no_more_than_so_many_are() {
        let mut passed_over = PassedOver::default();
        assert_eq!(passed_over.news(b"pi\nng"), Some("\"pi\\nng\""));
        assert_eq!(passed_over.news(b"pi\nng"), None);
        let said = (0..100).filter(|n: &u32| passed_over.news(n.to_string().as_bytes()).is_some());
        assert_eq!(said.count(), NAMES_MAX - 1);
    }
}
