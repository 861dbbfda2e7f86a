//! All streams of a source side by side: one, or those of a topic's partitions.
//!
//! Each has its own connection, place and gaps. Whoever has something gives one piece of it in its
//! turn, so none starves; and what is not asked for is not read, so none piles up.

use std::{sync::Arc, time::Duration};

use futures_util::{
    Stream, StreamExt,
    stream::{self, BoxStream, SelectAll},
};
use reqwest::Url;

use super::{
    Fetched,
    block::Origin,
    connection::{Ended, Patience},
    reader, topic,
};
use crate::{
    http::{Client, Roots},
    token::Token,
};

/// What to read.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where it is.
    pub url: Url,
    /// Whether a clean end of the body is the end of the stream; else more may come later.
    pub until_end: bool,
    /// How long nothing may come before the connection is taken for lost. None is as the server
    /// deserves: 15 s where it promises signs of life, else for ever.
    pub idle_timeout: Option<Duration>,
    /// For how long to try.
    pub patience: Patience,
    /// The token that a server is shown.
    pub token: Option<Token>,
    /// Whom to trust beside the system's roots.
    pub roots: Roots,
}

impl Source {
    /// Its name for people: its URL without the secrets that may stand in it.
    #[must_use]
    pub fn name(&self) -> String {
        let url = &self.url;
        let port = url
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        let host = url.host_str().unwrap_or_default();
        format!("{}://{host}{port}{}", url.scheme(), url.path())
    }

    fn origin(&self, partition: usize, label: String) -> Arc<Origin> {
        Arc::new(Origin {
            partition,
            url: self.name(),
            label,
        })
    }
}

/// What comes from each of the streams, with its number.
type Streams = BoxStream<'static, (usize, Fetched)>;

/// Reads all streams of `source` to their ends. They hold back what is not asked for.
///
/// # Errors
/// The system gives no client.
pub fn open(source: Source) -> reqwest::Result<impl Stream<Item = (usize, Fetched)> + Send> {
    let client = Client::new(&source.url, source.token.clone(), &source.roots)?;
    Ok(stream::once(find(client, source)).flatten())
}

async fn find(client: Client, source: Source) -> Streams {
    if !topic::is_one(&source.url) {
        let origin = source.origin(0, String::new());
        return reader::stream(source, client, origin).boxed();
    }
    match topic::streams(&client, &source).await {
        Ok(urls) => partitions(&client, &source, urls),
        Err(ended) => one(Fetched::Ended(ended)),
    }
}

fn one(fetched: Fetched) -> Streams {
    stream::once(std::future::ready((0, fetched))).boxed()
}

fn partitions(client: &Client, source: &Source, urls: Vec<Url>) -> Streams {
    let number = urls.len();
    tracing::info!("the topic has {number} partitions");
    let all: SelectAll<_> = urls
        .into_iter()
        .enumerate()
        .map(|(partition, url)| {
            let source = Source {
                url,
                ..source.clone()
            };
            let origin = source.origin(partition, format!("partition {partition}: "));
            reader::stream(source, client.clone(), origin).boxed()
        })
        .collect();
    one(Fetched::Partitions(number)).chain(all).boxed()
}

/// How a partition's end is told: with its name.
pub(super) fn labelled(ended: Ended, label: &str) -> Ended {
    match ended {
        Ended::Finished => Ended::Finished,
        Ended::GaveUp(after, why) => Ended::GaveUp(after, format!("{label}{why}")),
        Ended::Refused(why) => Ended::Refused(format!("{label}{why}")),
    }
}
