//! Takes records in, from requests and from built-in sources.
//!
//! In: bodies of requests, sources' specifications. Out: what is appended to the log, and what
//! makes and removes its streams and topics.

mod acks;
mod append;
mod body;
mod create;
mod gathering;
mod headers;
mod partition;
mod post;
mod retain;
pub(crate) mod source;
mod split;
mod topic;

use common::{name, service::reply::Body, wire};
use hyper::{Request, Response, body::Incoming, http::request::Parts};
use prometheus_client::{metrics::counter::Counter, registry::Registry};
use tokio_util::sync::CancellationToken;

use self::{acks::Acks, body::Upload};
pub(crate) use self::{
    body::Patience,
    source::{Spec, feed},
};
use crate::{error::Refusal, log::Log};

/// Where requests that change something come in.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    log: Log,
    patience: Patience,
    stop: CancellationToken,
    requests: Counter,
    refused: Counter,
}

/// What such a request wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// To append to the stream `default`, in its shortest form.
    Post,
    /// To append to a stream, to close it, or both.
    Append,
    /// That a stream is there.
    Create,
    /// That more or less of a stream is kept.
    Retain,
    /// That a stream is there no more.
    Delete,
    /// To append to the partitions of a topic.
    AppendToTopic,
    /// That a topic is there.
    CreateTopic,
    /// That a topic is there no more.
    DeleteTopic,
}

impl Door {
    pub(crate) fn new(
        log: Log,
        patience: Patience,
        registry: &mut Registry,
        stop: CancellationToken,
    ) -> Self {
        let (requests, refused) = (Counter::default(), Counter::default());
        registry.register(
            "append_requests",
            "Requests to append, make or remove",
            requests.clone(),
        );
        registry.register(
            "append_refused",
            "Requests to append, make or remove that were refused",
            refused.clone(),
        );
        Self {
            log,
            patience,
            stop,
            requests,
            refused,
        }
    }

    /// The answer to a request to change something.
    pub(crate) async fn answer(&self, call: Call, request: Request<Incoming>) -> Response<Body> {
        self.requests.inc();
        let (head, body) = request.into_parts();
        let mut upload = Upload::new(&head.headers, body, self.patience);
        let (refusal, pause) = match self.acks(call, &head) {
            Ok(Some(acks)) => return acks.answer(upload, self.stop.clone()).await,
            Ok(None) => match self.act(call, &head, &mut upload).await {
                Ok(answer) => return answer,
                Err(refusal) => (refusal, self.patience.pause),
            },
            // Such a body need not end.
            Err(refusal) => (refusal, acks::LEAVE),
        };
        self.refused.inc();
        tracing::debug!(%refusal, path = head.uri.path(), "refused a request");
        upload.discard(&refusal, pause).await;
        refusal.answer()
    }

    /// What is asked for, if it is to be answered while the body comes.
    fn acks(&self, call: Call, head: &Parts) -> Result<Option<Acks>, Refusal> {
        if call != Call::Append || !acks::is_asked_for(head)? {
            return Ok(None);
        }
        headers::check(&head.headers)?;
        let path = head.uri.path().strip_prefix(wire::STREAMS_PATH);
        let name = name::stream(path.unwrap_or_default())?;
        Acks::of(&self.log, &name, head, self.patience.pause).map(Some)
    }

    async fn act(
        &self,
        call: Call,
        head: &Parts,
        upload: &mut Upload,
    ) -> Result<Response<Body>, Refusal> {
        headers::check(&head.headers)?;
        let (log, path) = (&self.log, head.uri.path());
        let stream = || name::stream(path.strip_prefix(wire::STREAMS_PATH).unwrap_or_default());
        let topic = || name::topic(behind(path, wire::TOPICS_PATH));
        match call {
            Call::Post => post::answer(log, head, upload).await,
            Call::Append => append::answer(log, &stream()?, head, upload).await,
            Call::Create => create::answer(log, &stream()?, head, upload).await,
            Call::Retain => retain::answer(log, &stream()?, &head.headers).await,
            Call::Delete => create::delete(log, &stream()?).await,
            Call::AppendToTopic => split::answer(log, &topic()?, head, upload).await,
            Call::CreateTopic => topic::create(log, &topic()?, upload).await,
            Call::DeleteTopic => topic::delete(log, &topic()?).await,
        }
    }

    /// The topic that `path` names.
    pub(crate) fn topic(&self, path: &str) -> Result<Response<Body>, Refusal> {
        topic::describe(&self.log, &name::topic(behind(path, wire::TOPICS_PATH))?)
    }

    /// The names of all topics.
    pub(crate) fn topics(&self) -> Response<Body> {
        topic::list(&self.log)
    }
}

/// What follows `prefix` and a slash.
fn behind<'a>(path: &'a str, prefix: &str) -> &'a str {
    let rest = path.strip_prefix(prefix);
    rest.and_then(|rest| rest.strip_prefix('/'))
        .unwrap_or_default()
}
