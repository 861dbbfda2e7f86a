//! Which names this service goes by. A page of the web that has its own name lead here (DNS
//! rebinding) would else be taken by its browser for a page of this service.

use std::net::{Ipv4Addr, Ipv6Addr};

use hyper::{HeaderMap, Uri, Version, header::HOST};

use super::Denied;

/// The name that every machine has for itself.
const LOCALHOST: &str = "localhost";

/// Allows any name.
const ANY: &str = "*";

/// The names that are allowed, beside addresses and `localhost`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts {
    names: Vec<String>,
    all: bool,
}

impl Hosts {
    /// These names; `*` is any, and an empty one is none.
    ///
    /// # Errors
    /// One of them is none, and why.
    pub(crate) fn of(names: &[String]) -> Result<Self, String> {
        let names = names.iter().filter(|name| !name.is_empty());
        let names: Vec<_> = names.map(|name| name.to_ascii_lowercase()).collect();
        let mut others = names.iter().filter(|name| *name != ANY);
        match others.find(|name| !is_name(name)) {
            Some(name) => Err(format!(
                "{name:?} is no name of a host; write it without a port"
            )),
            None => Ok(Self {
                all: names.iter().any(|name| name == ANY),
                names,
            }),
        }
    }

    /// Whether the host that a request is for is this one. There must be one, and no more; but who
    /// speaks HTTP/1.0 need not name it, and no browser does.
    pub(crate) fn check(
        &self,
        version: Version,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<(), Denied> {
        let mut named = headers.get_all(HOST).iter();
        let (header, more) = (named.next(), named.next());
        let authority = uri.authority();
        if more.is_some() || (header, authority) == (None, None) && version > Version::HTTP_10 {
            return Err(Denied::NotOneHost);
        }
        let header = header.map(|host| host.to_str().unwrap_or_default());
        let authority = authority.map(|authority| authority.as_str());
        header
            .into_iter()
            .chain(authority)
            .try_for_each(|host| self.allow(host))
    }

    fn allow(&self, host: &str) -> Result<(), Denied> {
        let name = match name(host) {
            None => return Err(Denied::NoHost(host.to_owned())),
            Some(Name::Address) => return Ok(()),
            Some(Name::Text(name)) => name,
        };
        let is_it = |allowed: &str| allowed.eq_ignore_ascii_case(name);
        if self.all || is_it(LOCALHOST) || self.names.iter().any(|name| is_it(name)) {
            return Ok(());
        }
        Err(Denied::Host(name.to_owned()))
    }
}

/// Whether a host can be called so.
fn is_name(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !text.is_empty() && text.bytes().all(is_allowed)
}

/// What a host is called.
#[derive(Debug, PartialEq, Eq)]
enum Name<'a> {
    Address,
    Text(&'a str),
}

/// The host of `HOST[:PORT]`, without the dot that a name may end with; none if that is no host.
fn name(host: &str) -> Option<Name<'_>> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            let _address: Ipv6Addr = address.parse().ok()?;
            (Name::Address, port)
        }
        None => {
            let (name, port) = host.split_at(host.find(':').unwrap_or(host.len()));
            let text = name.strip_suffix('.').unwrap_or(name);
            match name.parse::<Ipv4Addr>() {
                Ok(_) => (Name::Address, port),
                Err(_) => (is_name(text).then_some(Name::Text(text))?, port),
            }
        }
    };
    let is_port = |text: &str| text.is_empty() || text.parse::<u16>().is_ok();
    let is_host = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    is_host.then_some(name)
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn hosts(names: &[&str]) -> Result<Hosts, String> {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        Hosts::of(&names)
    }

    #[test]
    fn addresses_and_names_that_are_allowed_pass() {
        let hosts = hosts(&["producer", "My.Example"]).unwrap();
        for host in [
            "127.0.0.1:8080",
            "10.1.2.3",
            "[::1]:80",
            "[::1]",
            "localhost:1",
            "LocalHost",
            "localhost.",
            "producer:8080",
            "PRODUCER",
            "my.example.:443",
        ] {
            assert!(hosts.allow(host).is_ok(), "{host}");
        }
        for host in [
            "evil.example",
            "producer.evil.example",
            "xproducer",
            "127.0.0.1.nip.io",
        ] {
            assert!(matches!(hosts.allow(host), Err(Denied::Host(_))), "{host}");
        }
        for host in [
            "", ":80", ".", "[::1", "[x]", "[::1]80", "a:b", "a:99999", "::1", "a b", "me@a",
        ] {
            assert!(
                matches!(hosts.allow(host), Err(Denied::NoHost(_))),
                "{host}"
            );
        }
    }

    #[test]
    fn a_star_allows_any_name() {
        let hosts = hosts(&["*"]).unwrap();
        assert!(hosts.allow("evil.example").is_ok());
        assert!(hosts.allow("a:b").is_err());
    }

    #[test]
    fn what_is_no_name_cannot_be_allowed() {
        assert!(hosts(&[""]).is_ok_and(|none| none.names.is_empty()));
        for name in ["a:80", "http://a", "*.a", "a b"] {
            assert!(hosts(&[name]).is_err(), "{name}");
        }
    }

    #[test]
    fn there_is_one_host_wherever_it_stands() {
        let hosts = hosts(&["a"]).unwrap();
        let check = |version, uri: &str, all: &[&'static str], expected: bool| {
            let uri = uri.parse().unwrap();
            let mut headers = HeaderMap::new();
            for host in all {
                headers.append(HOST, HeaderValue::from_static(host));
            }
            let passes = hosts.check(version, &uri, &headers).is_ok();
            assert_eq!(passes, expected, "{version:?} {uri} {all:?}");
        };
        check(Version::HTTP_11, "/", &["a"], true);
        check(Version::HTTP_11, "/", &[], false);
        check(Version::HTTP_11, "/", &["a", "a"], false);
        check(Version::HTTP_11, "/", &["b"], false);
        check(Version::HTTP_10, "/", &[], true);
        check(Version::HTTP_10, "/", &["b"], false);
        // A proxy is asked with the whole URL, and HTTP/2 has the host there.
        check(Version::HTTP_11, "http://a/", &["a"], true);
        check(Version::HTTP_11, "http://b/", &["a"], false);
        check(Version::HTTP_11, "http://a/", &["b"], false);
        check(Version::HTTP_2, "http://a/", &[], true);
        check(Version::HTTP_2, "http://b/", &[], false);
        check(Version::HTTP_2, "/", &[], false);
    }
}
