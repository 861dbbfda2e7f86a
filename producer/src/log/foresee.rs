//! What a request comes to that can be told before its body has come, from what is shown: all of it is
//! durable. The writer looks again.

use super::{
    Log,
    append::{Append, Appended, Refused},
    command::{Create, Created},
    fork::Presence,
    group::named,
    open::DEFAULT,
    settings::Settings,
    stream::{Stream, Tail},
    topic::Topic,
};

impl Log {
    /// Whether a stream could not be made, whatever it begins with.
    ///
    /// # Errors
    /// There is another one of that name, or others append to it what it would not take.
    pub(crate) fn foresee(&self, create: &Create) -> Result<(), Refused> {
        let name = &create.name;
        let Some((stream, presence)) = self.known(name) else {
            let topic = |topic: &str| self.topic(topic);
            return create.check_records(topic);
        };
        if presence == Presence::Retired {
            return Err(Refused::Forked(named(name)));
        }
        self.base.refuse_unknown(&stream)?;
        let (tail, settings) = (stream.tail(), stream.settings());
        create.found(stream, &settings, tail).map(drop)
    }
}

impl Stream {
    /// What becomes of an append if the stream is closed; what it brings does not matter then, but
    /// whether it brings something.
    ///
    /// # Errors
    /// Nothing is appended to what is closed.
    pub(crate) fn ended(
        &self,
        append: &Append,
        has_content: bool,
    ) -> Option<Result<Appended, Refused>> {
        // What closes it in the head may still vanish.
        let is_closed = self.tail().closed;
        is_closed.then(|| self.head().check_closed(append, has_content))
    }
}

impl Create {
    /// The stream of that name, if it is as it shall be.
    pub(super) fn found(
        &self,
        stream: Stream,
        settings: &Settings,
        tail: Tail,
    ) -> Result<Created, Refused> {
        let is_of = match (stream.origin(), &self.fork) {
            (Some(origin), Some(fork)) => origin.is_as(fork),
            (origin, fork) => origin.is_none() && fork.is_none(),
        };
        if !is_of || !settings.is_as(&self.settings) || tail.closed != self.closed {
            return Err(Refused::Exists(named(&self.name)));
        }
        let is_new = false;
        Ok(Created {
            stream,
            is_new,
            tail,
        })
    }

    /// That no others append records to the stream of that name, where it shall not be one of records.
    pub(super) fn check_records(
        &self,
        topic: impl Fn(&str) -> Option<Topic>,
    ) -> Result<(), Refused> {
        let name = &*self.name;
        let topic = || name.rsplit_once('/').and_then(|(name, _)| topic(name));
        let is_of_topic = |topic: Topic| topic.partition_names().any(|partition| partition == name);
        let is_of_records = || name == DEFAULT || topic().is_some_and(is_of_topic);
        if !self.settings.is_json() && is_of_records() {
            return Err(Refused::OfRecords(named(name)));
        }
        Ok(())
    }
}
