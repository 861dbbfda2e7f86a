//! What can be set of subscriptions.

use std::time::Duration;

use common::service::settings::duration;
use hyper::Uri;

/// Settings of subscriptions as typed.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// Where webhooks may lead: to https at public addresses; to this machine too; to private
    /// networks too
    #[arg(
        long,
        env = "BROOKLET_WEBHOOK_TARGETS",
        hide_env = true,
        default_value = "public",
        value_name = "public|loopback|private",
        hide_possible_values = true
    )]
    webhook_targets: Targets,
    /// For how long a webhook may take to answer; no longer than its lease
    #[arg(
        long,
        env = "BROOKLET_WEBHOOK_TIMEOUT",
        hide_env = true,
        default_value = "30s",
        value_name = "DURATION"
    )]
    #[arg(value_parser = duration)]
    webhook_timeout: Duration,
    /// How others reach this server, for the callbacks of webhooks [default: as subscribers named it]
    #[arg(long, env = "BROOKLET_PUBLIC_URL", hide_env = true, value_name = "URL")]
    public_url: Option<String>,
}

/// Where webhooks may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Targets {
    /// To https, at addresses that everybody can reach.
    Public,
    /// Also to this machine, and there without TLS.
    Loopback,
    /// Also to private networks, and there without TLS.
    Private,
}

/// Settings of subscriptions, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) targets: Targets,
    pub(crate) timeout: Duration,
    /// Scheme and authority by which others reach this server; none is as they name it.
    pub(crate) origin: Option<String>,
}

impl Args {
    /// The settings, checked.
    ///
    /// # Errors
    /// The setting that cannot be, and why.
    pub(crate) fn check(self) -> Result<Options, (&'static str, String)> {
        let read = |url: String| {
            let why = "is a scheme, a host and perhaps a port, as https://streams.example";
            origin(&url).ok_or(("--public-url", why.to_owned()))
        };
        Ok(Options {
            targets: self.webhook_targets,
            timeout: self.webhook_timeout,
            origin: self.public_url.map(read).transpose()?,
        })
    }
}

fn origin(url: &str) -> Option<String> {
    let url: Uri = url.parse().ok()?;
    let scheme = url.scheme_str().filter(|it| ["http", "https"].contains(it));
    let authority = url.authority()?.as_str();
    let is_bare = url.path() == "/" && url.query().is_none() && !authority.contains('@');
    is_bare.then_some(format!("{}://{authority}", scheme?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_no_more_than_that() {
        let own = Some("https://a.example:1".to_owned());
        assert_eq!(origin("https://a.example:1"), own);
        assert_eq!(origin("https://a.example:1/"), own);
        for url in [
            "a.example",
            "/a",
            "ftp://a",
            "http://u:p@a",
            "http://a/b",
            "http://a/?b",
            "",
        ] {
            assert_eq!(origin(url), None, "{url}");
        }
    }
}
