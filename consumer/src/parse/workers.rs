//! Parsing on several threads, with the answer of one.
//!
//! Block k goes to worker k mod n, and batches are taken from the workers in the same turn: so they
//! come back in the order of the stream, whichever worker is faster, and whatever is computed from
//! them in that order (a sum of floats, above all) is bit for bit what one thread would compute.

use std::thread::JoinHandle;

use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Blocks that may wait at one worker.
const BLOCKS_MAX: usize = 64;

/// Bytes that may wait at all workers together: enough to keep them busy, little to remember.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// A block from which on handing it over costs less than parsing it at once.
const WORTHWHILE_BYTES: usize = 16 * 1024;

/// What parses. Each thread has its own.
pub trait Parse: Clone + Send + 'static {
    /// What is parsed.
    type Given: std::fmt::Debug + Send + 'static;
    /// What becomes of it.
    type Parsed: std::fmt::Debug + Send + 'static;

    /// How many bytes it holds in memory.
    fn bytes(given: &Self::Given) -> usize;

    /// Parses `given`.
    fn parse(&mut self, given: Self::Given) -> Self::Parsed;
}

/// Threads that parse. Dropping them waits for them.
#[derive(Debug)]
pub struct Workers<P: Parse> {
    parser: P,
    workers: Vec<Worker<P>>,
    /// How many blocks were ever handed over, and how many of them came back.
    given: usize,
    taken: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Worker<P: Parse> {
    blocks: Option<Sender<P::Given>>,
    batches: Receiver<(P::Parsed, usize)>,
    thread: Option<JoinHandle<()>>,
}

impl<P: Parse> Workers<P> {
    /// `threads` workers; with one there is no gain in handing blocks over, and so no thread.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn new(parser: P, threads: usize) -> std::io::Result<Self> {
        let threads = if threads > 1 { threads } else { 0 };
        Ok(Self {
            workers: (0..threads)
                .map(|_| Worker::start(parser.clone()))
                .collect::<Result<_, _>>()?,
            parser,
            given: 0,
            taken: 0,
            bytes: 0,
        })
    }

    /// Whether batches are to be taken before anything else can be parsed in order.
    #[must_use]
    pub const fn are_busy(&self) -> bool {
        self.given > self.taken
    }

    /// Whether another block may be given.
    #[must_use]
    pub const fn have_room(&self) -> bool {
        self.bytes < BYTES_MAX && self.given - self.taken < BLOCKS_MAX
    }

    /// Parses `block` here and now if that is quickest and keeps the order, or hands it over.
    pub fn give(&mut self, block: P::Given) -> Option<P::Parsed> {
        let bytes = P::bytes(&block);
        let at_once = !self.are_busy() && bytes < WORTHWHILE_BYTES;
        let worker = self.given.checked_rem(self.workers.len());
        let Some(worker) = worker
            .filter(|_| !at_once)
            .and_then(|turn| self.workers.get(turn))
        else {
            return Some(self.parser.parse(block));
        };
        let sender = worker.blocks.as_ref().expect("only drop takes it");
        sender
            .try_send(block)
            .expect("a worker lives, and has room while fewer blocks wait than it can hold");
        self.given += 1;
        self.bytes += bytes;
        None
    }

    /// The next batch in the order of the stream; none when nothing was handed over. It can be
    /// cancelled without a loss.
    pub async fn take(&mut self) -> Option<P::Parsed> {
        if !self.are_busy() {
            return None;
        }
        let turn = self.taken.checked_rem(self.workers.len())?;
        let batch = self.workers.get_mut(turn)?.batches.recv().await;
        let (batch, bytes) = batch.expect("a worker lives as long as its queue");
        self.taken += 1;
        self.bytes -= bytes;
        Some(batch)
    }
}

impl<P: Parse> Worker<P> {
    fn start(mut parser: P) -> std::io::Result<Self> {
        let (blocks, mut given) = channel::<P::Given>(BLOCKS_MAX);
        let (parsed, batches) = channel(BLOCKS_MAX);
        let work = move || {
            while let Some(block) = given.blocking_recv() {
                let bytes = P::bytes(&block);
                if parsed.blocking_send((parser.parse(block), bytes)).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("parse".to_owned())
            .spawn(work)?;
        Ok(Self {
            blocks: Some(blocks),
            batches,
            thread: Some(thread),
        })
    }
}

impl<P: Parse> Drop for Worker<P> {
    fn drop(&mut self) {
        self.blocks = None;
        self.batches.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a parsing thread has panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;
    use proptest::prelude::{any, prop, prop_assert_eq, proptest};

    use super::*;
    use crate::{
        fetch::Block,
        parse::{
            Reader, Rows,
            agreement::{block, reader},
        },
    };

    impl Parse for Reader {
        type Given = Block;
        type Parsed = Rows;

        fn bytes(block: &Block) -> usize {
            block.bytes()
        }

        fn parse(&mut self, block: Block) -> Rows {
            Self::parse(self, block)
        }
    }

    /// All batches of `blocks`, in the order in which they come.
    fn parse(threads: usize, blocks: &[Block]) -> Vec<Rows> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let reader = reader(&[("value", DataType::Float64)]);
        let mut workers = Workers::new(reader, threads).unwrap();
        let mut batches = Vec::new();
        runtime.block_on(async {
            for block in blocks {
                while !workers.have_room() {
                    batches.extend(workers.take().await);
                }
                batches.extend(workers.give(block.clone()));
            }
            while let Some(batch) = workers.take().await {
                batches.push(batch);
            }
        });
        batches
    }

    proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(16))]
        #[test]
        fn workers_answer_as_one_reader_does(
            values in prop::collection::vec((any::<f64>(), 0_usize..1000), 0..40),
            threads in 2_usize..5,
        ) {
            let blocks: Vec<_> = values
                .iter()
                .map(|(value, lines)| block(format!("{{\"value\":{value:?}}}\n").repeat(*lines).as_bytes()))
                .collect();
            prop_assert_eq!(parse(threads, &blocks), parse(1, &blocks));
        }
    }
}
