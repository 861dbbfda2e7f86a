//! Readers at the end of a stream: few get each append as it comes; many rest when they had their turn,
//! and get all at once what has come meanwhile.

use std::time::Duration;

use tokio::{task::JoinSet, time::sleep};

use super::{
    forks::create,
    life::Life,
    model::Operation,
    simulated::{Fault, SimDisk, State},
};

const MOMENT: Duration = Duration::from_millis(1);

/// How many records each of `readers` gets at a time, when so many are appended, each a moment after
/// the other.
async fn pages(readers: usize, appends: u64) -> Vec<Vec<u64>> {
    let disk = SimDisk::new(State::default(), Fault::None, usize::MAX);
    let mut life = Life::begin(&disk).unwrap();
    life.does([vec![create("a")]]);
    let log = life.log();
    let stream = log.stream("a").unwrap();
    let mut reading = JoinSet::new();
    for _ in 0..readers {
        let mut cursor = stream.cursor(stream.earliest()).unwrap();
        reading.spawn(async move {
            let mut pages = Vec::new();
            while let Ok(Some(page)) = cursor.next(usize::MAX).await {
                pages.push(page.next.record - page.first.record);
                // When it comes back there may be more, and it does not look for itself.
                sleep(MOMENT).await;
            }
            pages
        });
    }
    let mut telling = JoinSet::new();
    telling.spawn(async move { log.tell().await });
    for _ in 0..appends {
        sleep(MOMENT).await;
        life.does([vec![Operation::append("a", &["1"])]]);
    }
    // All are told by now.
    sleep(1000 * MOMENT).await;
    life.does([vec![Operation::Append {
        parts: vec![("a".to_owned(), Vec::new())],
        producer: None,
        sequence: None,
        closes: true,
    }]]);
    reading.join_all().await
}

#[tokio::test(start_paused = true)]
async fn few_readers_get_each_append_as_it_comes() {
    assert_eq!(pages(8, 4).await, vec![vec![1; 4]; 8]);
}

#[tokio::test(start_paused = true)]
async fn many_readers_get_at_once_what_comes_while_they_rest() {
    // They rest for four moments.
    assert_eq!(pages(100, 4).await, vec![vec![1, 3]; 100]);
    for pages in pages(100, 9).await {
        // Who comes back at the moment of an append may get it a turn sooner or later.
        assert!(pages.len() <= 4, "{pages:?}");
        assert_eq!(pages.iter().sum::<u64>(), 9);
    }
}
