//! The bounds that both services share, each named once, with its reason.

/// Longest record in bytes, without its newline. Long enough for a document, short enough that a
/// handful of them in flight cannot hurt.
pub const RECORD_BYTES_MAX: usize = 1024 * 1024;

/// Longest request body in bytes. A request is all or nothing, so it is held in memory whole.
pub const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Deepest nesting of arrays and objects in a record. The readers are recursive: this bounds their
/// stack, and no honest record comes near it.
pub const DEPTH_MAX: usize = 64;

/// Longest request head in bytes (request line and headers).
pub const HEAD_BYTES_MAX: usize = 16 * 1024;

/// How many requests can be under way at a time on a connection of HTTP/2: as many as its makers
/// recommend at the least, and each may hold a piece of its answer.
pub const STREAMS_OPEN_MAX: u32 = 100;

/// Longest text of a client that is repeated in an error or a log line, in bytes.
pub const EXCERPT_BYTES_MAX: usize = 120;

/// How many producers of a stream are remembered. What one says again after so many others have
/// spoken is taken for new.
pub const PRODUCERS_MAX: usize = 1000;

/// How many streams a log can hold: each takes memory, also when nobody uses it.
pub const STREAMS_MAX: usize = 1_000_000;

/// How many streams a page of their list can have: it is made in memory.
pub const STREAMS_LISTED_MAX: usize = 1000;

/// How many forks there can be, each of the one before: who reads the oldest records goes through all of
/// them, and they can all go together with the last.
pub const FORKS_DEEP_MAX: usize = 100;

/// How many partitions a topic can have.
pub const PARTITIONS_MAX: usize = 1024;

/// Longest name of a stream or a topic, in bytes: what a file system takes too.
pub const NAME_BYTES_MAX: usize = 255;

/// Longest content type of a stream, in bytes. Media types have at most 127 in each half.
pub const CONTENT_TYPE_BYTES_MAX: usize = 255;

/// Longest name of a producer, in bytes. The log remembers many of them.
pub const PRODUCER_BYTES_MAX: usize = 255;

/// Largest epoch and sequence of a producer: what every client can count to, JavaScript's too.
pub const PRODUCER_NUMBER_MAX: u64 = (1 << 53) - 1;

/// Longest `Stream-Seq`, in bytes. The log remembers the last one of each stream.
pub const SEQUENCE_BYTES_MAX: usize = 255;

/// Longest time that a stream may go unused, in seconds: a hundred years, which can still be added
/// to any date.
pub const LIFETIME_SECONDS_MAX: u64 = 100 * 366 * 24 * 3600;

/// Longest JSON pointer, in bytes.
pub const POINTER_BYTES_MAX: usize = 255;

/// How many tokens a file of them can list: each request that shows one is compared with all.
pub const TOKENS_MAX: usize = 1000;

/// How many subscriptions there can be: each change of a stream may concern all of them.
pub const SUBSCRIPTIONS_MAX: usize = 1000;

/// How many streams a subscription can have: it is shown with all of them.
pub const SUBSCRIPTION_STREAMS_MAX: usize = 10_000;

/// How many streams all subscriptions can have together: how far each is stays in memory.
pub const SUBSCRIPTION_LINKS_MAX: usize = 100_000;

/// Of how many of its streams a subscription tells who works on them: the rest comes when those are done.
pub const WAKE_STREAMS_MAX: usize = 1000;

/// Longest body of a request to a subscription, in bytes: names of as many streams as one can have come
/// in several.
pub const SUBSCRIPTION_BYTES_MAX: usize = 1024 * 1024;

/// Longest URL of a webhook, in bytes.
pub const WEBHOOK_URL_BYTES_MAX: usize = 2048;

/// How much of a webhook's answer is read, in bytes: there is little that it can say.
pub const WEBHOOK_ANSWER_BYTES_MAX: usize = 64 * 1024;

/// How many webhooks are called at a time, by all subscriptions together.
pub const WEBHOOKS_MAX: usize = 64;

/// Longest description of a subscription, in bytes.
pub const DESCRIPTION_BYTES_MAX: usize = 1024;

/// Longest name of a worker, in bytes: others are told it.
pub const WORKER_BYTES_MAX: usize = 255;

/// How long a lease can be, in milliseconds: as the protocol says.
pub const LEASE_MILLISECONDS_MIN: i64 = 1000;
/// The longest, in milliseconds.
pub const LEASE_MILLISECONDS_MAX: i64 = 10 * 60 * 1000;
/// What it is where nothing is said of it, in milliseconds.
pub const LEASE_MILLISECONDS_DEFAULT: i64 = 30 * 1000;
