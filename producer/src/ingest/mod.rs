//! Takes records in, from requests and from built-in sources.
//!
//! In: bodies of requests, sources' specifications. Out: what is appended to the log, and what
//! makes and removes its streams and topics.

mod acks;
mod append;
mod body;
mod create;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
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
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};
use tokio_util::sync::CancellationToken;

use self::acks::Acks;
pub(crate) use self::{
    body::{Patience, Upload},
    headers::{check, origin},
    source::{Feeds, Spec},
};
use crate::{error::Refusal, log::Log, query};

/// Where requests that change something come in.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    log: Log,
    patience: Patience,
    stop: CancellationToken,
    requests: Counter,
    refused: Family<Code, Counter>,
}

/// Why requests are refused, as a label.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: &'static str,
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

impl Call {
    /// Whether its body says something.
    const fn wants_a_body(self) -> bool {
        !matches!(self, Self::Retain | Self::Delete | Self::DeleteTopic)
    }
}

impl Door {
    pub(crate) fn new(
        log: Log,
        patience: Patience,
        registry: &mut Registry,
        stop: CancellationToken,
    ) -> Self {
        let (requests, refused) = (Counter::default(), Family::<Code, Counter>::default());
        registry.register(
            "append_requests",
            "Requests to append, make or remove",
            requests.clone(),
        );
        registry.register(
            "append_refused",
            "Requests to append, make or remove that were refused, by the problem's code",
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
        let mut upload = Upload::new(&head, body, self.patience);
        let (refusal, pause) = match self.acks(call, &head) {
            Ok(Some(acks)) => return acks.answer(upload, self.stop.clone()).await,
            Ok(None) => match self.act(call, &head, &mut upload).await {
                Ok(answer) if call.wants_a_body() => return answer,
                Ok(answer) => return upload.left(self.patience.pause).await.told(answer),
                Err(refusal) => (refusal, self.patience.pause),
            },
            // Such a body need not end.
            Err(refusal) => (refusal, acks::LEAVE),
        };
        let code = refusal.code();
        self.refused.get_or_create(&Code { code }).inc();
        tracing::debug!(%refusal, path = head.uri.path(), "refused a request");
        upload.refuse(&refusal, pause).await
    }

    /// What is asked for, if it is to be answered while the body comes.
    fn acks(&self, call: Call, head: &Parts) -> Result<Option<Acks>, Refusal> {
        let is_append = matches!(call, Call::Post | Call::Append | Call::AppendToTopic);
        if !is_append || !query::flag(head.uri.query(), wire::ACKS)? {
            return Ok(None);
        }
        check(&head.headers)?;
        let (path, pause) = (head.uri.path(), self.patience.pause);
        let acks = match call {
            Call::Post => Acks::of_short(&self.log, &head.headers, pause),
            Call::Append => {
                let path = path.strip_prefix(wire::STREAMS_PATH);
                let name = name::stream(path.unwrap_or_default())?;
                Acks::of(&self.log, &name, &head.headers, pause)
            }
            _ => {
                let why = "acks=1 is for one stream: a topic's are /v1/stream/NAME/0 and so on";
                Err(Refusal::Query(why.to_owned()))
            }
        };
        acks.map(Some)
    }

    async fn act(
        &self,
        call: Call,
        head: &Parts,
        upload: &mut Upload,
    ) -> Result<Response<Body>, Refusal> {
        check(&head.headers)?;
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

    /// The names of all topics that are `shown`.
    pub(crate) fn topics(&self, shown: impl Fn(&str) -> bool) -> Response<Body> {
        topic::list(&self.log, shown)
    }

    /// The answer to a request whose body nobody wants; it may be one that need not end.
    pub(crate) async fn leave(
        &self,
        request: Request<Incoming>,
        answer: Response<Body>,
    ) -> Response<Body> {
        let (head, body) = request.into_parts();
        let mut upload = Upload::new(&head, body, self.patience);
        if upload.has_content() == Some(false) {
            return answer;
        }
        upload.left(acks::LEAVE).await.told(answer)
    }

    /// The answer to a request that is refused whatever it wants; its body may be one that need not end.
    pub(crate) async fn refuse(
        &self,
        request: Request<Incoming>,
        refusal: Refusal,
    ) -> Response<Body> {
        let (head, body) = request.into_parts();
        Upload::new(&head, body, self.patience)
            .refuse(&refusal, acks::LEAVE)
            .await
    }
}

/// What follows `prefix` and a slash.
fn behind<'a>(path: &'a str, prefix: &str) -> &'a str {
    let rest = path.strip_prefix(prefix);
    rest.and_then(|rest| rest.strip_prefix('/'))
        .unwrap_or_default()
}
