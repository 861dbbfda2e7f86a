//! The connection to a server, as a state machine. It is pure: time comes in with what happened, so
//! that tests hold the clock.

use std::time::{Duration, Instant};

/// The longest wait before the second attempt; it doubles with each further one.
const WAIT_FIRST: Duration = Duration::from_millis(100);

/// The longest wait that we choose.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// The longest wait that a server can ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// What a connection is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// A request is to be sent, or its answer to come.
    Dialing,
    /// A body is coming.
    Streaming {
        /// Since when.
        since: Instant,
        /// Records came with it.
        fed: bool,
    },
    /// The server is left alone for a while.
    Waiting {
        /// When to try again.
        until: Instant,
    },
    /// For good.
    Ended(Ended),
}

/// Why nothing more comes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// The stream has an end, and that was it.
    #[error("the stream has ended")]
    Finished,
    /// Nothing came for as long as was allowed.
    #[error("nothing was received for {0:?}: {1}")]
    GaveUp(Duration, String),
    /// It would be refused again.
    #[error("{0}")]
    Refused(String),
}

/// What can happen to a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Happened {
    /// The server answered with a body.
    Answered,
    /// A piece of the body came, with records in it or without.
    Received { records: bool },
    /// No connection, no answer, a broken body, or the promise of a better time.
    Lost {
        why: String,
        retry_after: Option<Duration>,
    },
    /// The body came to a clean end, but the stream may go on.
    Paused { why: String },
    /// The wait is over.
    Due,
    /// The stream has come to its end.
    Finished,
    /// The server refuses, and will again.
    Refused(String),
}

/// For how long to try.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Patience {
    /// How long nothing may be received; none is for ever.
    pub retry_for: Option<Duration>,
}

/// A connection that is made again until it has ended.
///
/// ```text
/// Dialing ─Answered→ Streaming ─Lost, Paused→ Waiting ─Due→ Dialing
///    └───────────────Lost───────────────────────↑
/// Dialing, Streaming ─Finished, Refused→ Ended;  Waiting ─Due, out of patience→ Ended
/// ```
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) state: State,
    patience: Patience,
    /// Attempts since records came last.
    failures: u32,
    /// When something was received last, and what was lost last.
    heard: Instant,
    last_loss: String,
    jitter: fastrand::Rng,
}

impl Connection {
    /// A connection that has not been tried yet; `seed` is that of its jitter.
    pub(super) fn new(patience: Patience, seed: u64, now: Instant) -> Self {
        Self {
            state: State::Dialing,
            patience,
            failures: 0,
            heard: now,
            last_loss: String::new(),
            jitter: fastrand::Rng::with_seed(seed),
        }
    }

    /// The one transition. What cannot happen in a state changes nothing.
    pub(super) fn step(&mut self, happened: Happened, now: Instant) {
        let next = match (&mut self.state, happened) {
            (State::Ended(_), _) => return,
            (_, Happened::Finished) => State::Ended(Ended::Finished),
            (_, Happened::Refused(why)) => State::Ended(Ended::Refused(why)),
            (State::Dialing, Happened::Answered) => State::Streaming {
                since: now,
                fed: false,
            },
            (State::Streaming { fed, .. }, Happened::Received { records }) => {
                *fed |= records;
                self.heard = now;
                return;
            }
            (State::Dialing, Happened::Lost { why, retry_after }) => {
                self.wait(why, retry_after, now)
            }
            (State::Streaming { fed, .. }, Happened::Lost { why, retry_after }) => {
                self.failures = if *fed { 0 } else { self.failures };
                self.wait(why, retry_after, now)
            }
            // A server that soon ends what it has begun would otherwise be asked without a pause.
            (State::Streaming { fed, since }, Happened::Paused { why }) => {
                let lasted = now.saturating_duration_since(*since) >= WAIT_MAX;
                self.failures = if *fed && lasted { 0 } else { self.failures };
                self.wait(why, None, now)
            }
            (State::Waiting { .. }, Happened::Due) => match self.out_of_patience(now) {
                Some(retry_for) => State::Ended(Ended::GaveUp(retry_for, self.last_loss.clone())),
                None => State::Dialing,
            },
            _ => return,
        };
        self.state = next;
    }

    /// A random part of a wait that doubles ("full jitter", so that many clients come back at as
    /// many times), not before the server wants it, and not after patience ends.
    fn wait(&mut self, why: String, retry_after: Option<Duration>, now: Instant) -> State {
        let longest = WAIT_MAX.min(WAIT_FIRST * 2_u32.pow(self.failures.min(16)));
        let wait = longest
            .mul_f64(self.jitter.f64())
            .max(retry_after.unwrap_or_default().min(RETRY_AFTER_MAX));
        self.failures += 1;
        self.last_loss = why;
        let wait = self.patience_left(now).map_or(wait, |left| left.min(wait));
        State::Waiting { until: now + wait }
    }

    /// How long to wait for the server, which may take `limit`: not beyond patience.
    pub(super) fn wait_max(&self, limit: Option<Duration>, now: Instant) -> Option<Duration> {
        limit.into_iter().chain(self.patience_left(now)).min()
    }

    fn patience_left(&self, now: Instant) -> Option<Duration> {
        let silence = now.saturating_duration_since(self.heard);
        let retry_for = self.patience.retry_for?;
        Some(retry_for.saturating_sub(silence))
    }

    /// For how long nothing was to be received, if that is over.
    fn out_of_patience(&self, now: Instant) -> Option<Duration> {
        let left = self.patience_left(now)?;
        self.patience.retry_for.filter(|_| left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost() -> Happened {
        Happened::Lost {
            why: "gone".to_owned(),
            retry_after: None,
        }
    }

    /// Steps through `all` at one moment, and says where that leads.
    fn after(patience: Patience, all: Vec<Happened>) -> (Connection, Instant) {
        let now = Instant::now();
        let mut connection = Connection::new(patience, 7, now);
        for happened in all {
            connection.step(happened, now);
        }
        (connection, now)
    }

    fn wait(connection: &Connection, now: Instant) -> Duration {
        match connection.state {
            State::Waiting { until } => until - now,
            ref other => panic!("{other:?} is no wait"),
        }
    }

    #[test]
    fn a_lost_connection_is_made_again() {
        let records = Happened::Received { records: true };
        for (all, expected) in [
            (vec![lost(), Happened::Due], State::Dialing),
            (
                vec![Happened::Answered, lost(), Happened::Due],
                State::Dialing,
            ),
            (
                vec![Happened::Answered, Happened::Finished],
                State::Ended(Ended::Finished),
            ),
            (vec![Happened::Due, records], State::Dialing),
            (
                vec![Happened::Refused("404".to_owned()), lost(), Happened::Due],
                State::Ended(Ended::Refused("404".to_owned())),
            ),
        ] {
            assert_eq!(
                after(Patience::default(), all.clone()).0.state,
                expected,
                "{all:?}"
            );
        }
    }

    #[test]
    fn waits_double_up_to_their_bound_and_begin_anew_after_records() {
        let (mut connection, now) = after(Patience::default(), Vec::new());
        let mut longest = WAIT_FIRST;
        for _ in 0..40 {
            connection.step(lost(), now);
            assert!(wait(&connection, now) < longest);
            connection.step(Happened::Due, now);
            longest = WAIT_MAX.min(longest * 2);
        }
        for (records, bound) in [(false, WAIT_MAX), (true, WAIT_FIRST)] {
            connection.step(Happened::Answered, now);
            connection.step(Happened::Received { records }, now);
            connection.step(lost(), now);
            assert!(wait(&connection, now) < bound);
            connection.step(Happened::Due, now);
        }
    }

    #[test]
    fn only_a_long_stream_that_ends_cleanly_is_asked_again_at_once() {
        for (lasted, bound) in [(Duration::ZERO, WAIT_FIRST * 4), (WAIT_MAX, WAIT_FIRST)] {
            let mut longest = Duration::ZERO;
            for seed in 0..50 {
                let now = Instant::now();
                let mut connection = Connection::new(Patience::default(), seed, now);
                let mut end = now;
                for _ in 0..3 {
                    connection.step(Happened::Due, end);
                    connection.step(Happened::Answered, end);
                    connection.step(Happened::Received { records: true }, end);
                    end += lasted;
                    let why = "over".to_owned();
                    connection.step(Happened::Paused { why }, end);
                }
                longest = longest.max(wait(&connection, end));
            }
            assert!(
                longest < bound && longest > bound / 2,
                "{longest:?} of {bound:?}"
            );
        }
    }

    #[test]
    fn waits_differ_by_their_jitter_alone() {
        let waits = |seed| {
            let now = Instant::now();
            let mut connection = Connection::new(Patience::default(), seed, now);
            connection.step(lost(), now);
            wait(&connection, now)
        };
        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
    }

    #[test]
    fn a_server_may_ask_for_time() {
        let busy = |seconds| Happened::Lost {
            why: "busy".to_owned(),
            retry_after: Some(Duration::from_secs(seconds)),
        };
        let (connection, now) = after(Patience::default(), vec![busy(60)]);
        assert_eq!(wait(&connection, now), Duration::from_secs(60));
        let (connection, now) = after(Patience::default(), vec![busy(u64::MAX)]);
        assert_eq!(wait(&connection, now), RETRY_AFTER_MAX);
    }

    #[test]
    fn patience_ends_after_silence_and_not_before() {
        let retry_for = Duration::from_millis(10);
        let patience = Patience {
            retry_for: Some(retry_for),
        };
        let (mut connection, start) = after(patience, vec![Happened::Answered]);
        let later = start + Duration::from_secs(3600);
        connection.step(Happened::Received { records: false }, later);
        connection.step(lost(), later);
        assert!(wait(&connection, later) <= retry_for);
        connection.step(Happened::Due, later);
        assert_eq!(connection.state, State::Dialing, "bytes came just now");
        connection.step(Happened::Answered, later);
        connection.step(lost(), later + retry_for);
        assert_eq!(wait(&connection, later + retry_for), Duration::ZERO);
        connection.step(Happened::Due, later + retry_for);
        let ended = Ended::GaveUp(retry_for, "gone".to_owned());
        assert_eq!(connection.state, State::Ended(ended));
    }

    #[test]
    fn no_server_is_waited_for_beyond_patience() {
        let seconds = Duration::from_secs;
        let check = |retry_for, limit, waited, expected| {
            let patience = Patience { retry_for };
            let (mut connection, start) = after(patience, vec![Happened::Answered]);
            connection.step(Happened::Received { records: false }, start + seconds(60));
            let now = start + seconds(60) + waited;
            assert_eq!(connection.wait_max(limit, now), expected);
        };
        check(None, None, seconds(9), None);
        check(None, Some(seconds(5)), seconds(9), Some(seconds(5)));
        check(Some(seconds(10)), None, seconds(7), Some(seconds(3)));
        check(
            Some(seconds(10)),
            Some(seconds(5)),
            seconds(7),
            Some(seconds(3)),
        );
        check(
            Some(seconds(10)),
            Some(seconds(5)),
            seconds(2),
            Some(seconds(5)),
        );
        check(Some(seconds(10)), None, seconds(11), Some(Duration::ZERO));
    }

    #[test]
    fn patience_may_be_longer_than_time() {
        let patience = Patience {
            retry_for: Some(Duration::MAX),
        };
        let (connection, now) = after(patience, vec![lost(), Happened::Due, lost()]);
        assert!(wait(&connection, now) < WAIT_FIRST * 2);
    }
}
