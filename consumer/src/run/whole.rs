//! Tables that rows are looked up in: each is read whole, and then anew as often as it says, counted
//! from where the last reading has ended.

use std::time::Duration;

use futures_util::{StreamExt, stream::unfold};

use super::source::{Coming, Comings};
use crate::fetch::{Ended, Fetched, FileSource, Files};

/// Where the reading of a table is.
enum Reading {
    /// It is to begin.
    Next,
    /// There are rows to come.
    Open(Files),
    /// It has ended, and is begun again later.
    Waiting,
}

/// The content of files again and again, each time with word of how that has ended.
pub(super) fn whole(scan: usize, source: FileSource, interval: Option<Duration>) -> Comings {
    let begin = (Reading::Next, source, interval);
    let comings = unfold(begin, |(mut reading, source, interval)| async move {
        loop {
            reading = match reading {
                Reading::Waiting => {
                    tokio::time::sleep(interval?).await;
                    Reading::Next
                }
                Reading::Next => match Files::open(source.clone()) {
                    Ok(files) => Reading::Open(files),
                    Err(error) => {
                        let why = Err(Ended::Refused(error.to_string()));
                        return Some((Coming::Loaded(why), (Reading::Waiting, source, interval)));
                    }
                },
                Reading::Open(mut files) => {
                    let (coming, next) = match files.next().await {
                        Some((_, Fetched::Ended(Ended::Finished))) => {
                            (Coming::Loaded(Ok(())), Reading::Waiting)
                        }
                        Some((_, Fetched::Ended(ended))) => {
                            (Coming::Loaded(Err(ended)), Reading::Waiting)
                        }
                        Some((_, fetched)) => (Coming::Fetched(fetched), Reading::Open(files)),
                        None => {
                            let why = Ended::Refused("its thread has gone".to_owned());
                            (Coming::Loaded(Err(why)), Reading::Waiting)
                        }
                    };
                    return Some((coming, (next, source, interval)));
                }
            }
        }
    });
    comings.map(move |coming| (scan, 0, coming)).boxed()
}
