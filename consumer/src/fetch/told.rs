//! What was said of a connection's losses: each once, however often it happens in a row.

/// What was said last.
#[derive(Debug, Default)]
pub(super) struct Told {
    label: String,
    last: Option<String>,
    /// The server has said that it goes away: that it is away is no news.
    was_announced: bool,
}

impl Told {
    /// Nothing yet; what will be said begins with `label`.
    pub(super) const fn new(label: String) -> Self {
        Self {
            label,
            last: None,
            was_announced: false,
        }
    }

    /// Says why there is no connection, if that is news.
    pub(super) fn tell(&mut self, why: &str) {
        let label = &self.label;
        if self.is(why) {
            tracing::debug!("{label}{why}; trying again");
        } else if self.was_announced {
            tracing::info!("{label}{why}; trying again");
        } else {
            tracing::warn!("{label}{why}; trying again");
        }
        self.last = Some(why.to_owned());
    }

    /// Says what the server has announced: nothing to be warned of.
    pub(super) fn announce(&mut self, what: &str) {
        tracing::info!("{}{what}", self.label);
        self.last = Some(what.to_owned());
        self.was_announced = true;
    }

    /// The server is there again: that it goes away once more would be news.
    pub(super) const fn is_back(&mut self) {
        self.was_announced = false;
    }

    /// Records have come: whatever happens next is news.
    pub(super) fn forget(&mut self) {
        self.last = None;
    }

    /// Whether `why` was said last.
    pub(super) fn is(&self, why: &str) -> bool {
        self.last.as_deref() == Some(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_no_news_until_records_come() {
        let mut told = Told::new(String::new());
        assert!(!told.is("gone"));
        told.tell("gone");
        assert!(told.is("gone") && !told.is("other"));
        told.announce("drain");
        assert!(told.is("drain") && told.was_announced);
        told.is_back();
        assert!(told.is("drain") && !told.was_announced);
        told.forget();
        assert!(!told.is("drain"));
    }
}
