//! Why nothing was done about a subscription, and the one table that makes answers of it: problems as
//! everywhere, with the member `error` that the protocol wants beside theirs.

use common::{
    json,
    limits::{SUBSCRIPTION_STREAMS_MAX, SUBSCRIPTIONS_MAX},
    problem::{Problem, SideEffects},
    service::reply::{self, Body},
    wire,
};
use hyper::{Response, StatusCode, header::HeaderValue, header::RETRY_AFTER};

use super::{state::NotAPlace, target::Unsafe};
use crate::log;

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("{0}")]
    Invalid(String),
    #[error("there is nothing at {0:?}; subscriptions are at /v1/stream/__ds/subscriptions/ID")]
    NoRoute(String),
    #[error("there is no subscription {0:?}")]
    Missing(String),
    #[error("there is another subscription {0:?} already, with another configuration")]
    Exists(String),
    #[error(transparent)]
    Unsafe(#[from] Unsafe),
    #[error("Authorization is Bearer and the token that came with the wake")]
    Token,
    #[error("the wake is not the one that counts, or its lease is over")]
    Fenced,
    #[error("{holder:?} has claimed it")]
    Claimed { holder: String, generation: u64 },
    #[error("no stream of it has anything new")]
    NoWork,
    #[error("{0}")]
    NotAPlace(#[from] NotAPlace),
    #[error(
        "there may be {SUBSCRIPTIONS_MAX} subscriptions, of {SUBSCRIPTION_STREAMS_MAX} streams each, at the most"
    )]
    TooMany,
    #[error(transparent)]
    Log(#[from] log::Refused),
    #[error("the producer is stopping")]
    Stopping,
}

impl Refused {
    const fn kind(&self) -> (u16, &'static str, &'static str) {
        match self {
            Self::Invalid(_) => (400, "INVALID_REQUEST", "not a valid request"),
            Self::NoRoute(_) => (404, "SUBSCRIPTION_NOT_FOUND", "no such resource"),
            Self::Missing(_) => (404, "SUBSCRIPTION_NOT_FOUND", "no such subscription"),
            Self::Exists(_) => (409, "SUBSCRIPTION_ALREADY_EXISTS", "there is another one"),
            Self::Unsafe(_) => (400, "WEBHOOK_URL_REJECTED", "not a URL to be called"),
            Self::Token => (401, "TOKEN_INVALID", "no valid token"),
            Self::Fenced => (409, "FENCED", "another wake counts now"),
            Self::Claimed { .. } => (409, "ALREADY_CLAIMED", "another worker has it"),
            Self::NoWork => (409, "NO_PENDING_WORK", "nothing to do"),
            Self::NotAPlace(_) => (409, "INVALID_OFFSET", "no place to move a cursor to"),
            Self::TooMany => (429, "TOO_MANY", "as many as there may be"),
            Self::Log(log::Refused::Full(_)) => (503, "DISK_FULL", "the disk is full"),
            Self::Log(_) => (503, "LOG_FAILED", "the log takes nothing"),
            Self::Stopping => (503, "STOPPING", "the producer is stopping"),
        }
    }

    /// The answer that tells it.
    pub(super) fn answer(&self) -> Response<Body> {
        let (status, code, title) = self.kind();
        let mut problem = Problem::new(status, code, title, self.to_string());
        if matches!(self, Self::Log(log::Refused::Failed(_))) {
            // What the disk has of it shows at the next start.
            problem.side_effects = SideEffects::Unknown;
        }
        let mut error = format!(
            "{{\"code\":\"{code}\",\"message\":{}",
            json::quoted(&problem.detail)
        );
        if let Self::Claimed { holder, generation } = self {
            let holder = json::quoted(holder);
            error += &format!(",\"current_holder\":{holder},\"generation\":{generation}");
        }
        let problem_json = problem.to_json();
        let members = problem_json.trim_end_matches('}');
        let text = format!("{members},\"error\":{error}}}}}\n");
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = reply::text(status, wire::JSON, text);
        if problem.retryable {
            let soon = HeaderValue::from_static("1");
            answer.headers_mut().insert(RETRY_AFTER, soon);
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn what_the_disk_has_of_it_is_not_known_once_it_has_failed() {
        let check = async |refused: Refused, effects: &str| {
            let text = refused.answer().into_body().collect().await.unwrap();
            let read: serde_json::Value = serde_json::from_slice(&text.to_bytes()).unwrap();
            assert_eq!(read["side_effects"], effects, "{refused}");
        };
        let failed = log::Refused::from(log::Failed::stopping());
        check(failed.into(), "unknown").await;
        check(Refused::Stopping, "none").await;
    }

    #[tokio::test]
    async fn an_error_is_as_the_protocol_has_it_and_a_problem_too() {
        let refused = Refused::Claimed {
            holder: "w\"".to_owned(),
            generation: 7,
        };
        let answer = refused.answer();
        assert_eq!(answer.status(), 409);
        let text = answer.into_body().collect().await.unwrap().to_bytes();
        let read: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(read["code"], "ALREADY_CLAIMED");
        let expected = serde_json::json!({
            "code": "ALREADY_CLAIMED", "message": r#""w\"" has claimed it"#,
            "current_holder": "w\"", "generation": 7
        });
        assert_eq!(read["error"], expected);
    }
}
