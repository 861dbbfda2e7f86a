//! Where a webhook leads, and whether it may. An address is judged when it is known: that of a URL with
//! an address at once, that of a name each time when it was resolved, and then that very address is
//! connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use common::limits::WEBHOOK_URL_BYTES_MAX;
use hyper::Uri;

use super::settings::Targets;

/// A URL that may be called, as far as can be told without asking for addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) is_tls: bool,
    /// Without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
    /// As it stands in the header `Host`.
    pub(super) authority: String,
    /// Path and query.
    pub(super) path: String,
}

/// Why nothing is sent there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unsafe {
    #[error(
        "webhook.url is a URL of http or https with a host, in at most {WEBHOOK_URL_BYTES_MAX} bytes"
    )]
    NotAUrl,
    #[error("webhook.url holds a name or a password; deliveries are signed instead")]
    Credentials,
    #[error("webhook.url must be https; http is for hosts that --webhook-targets lets be called")]
    Plain,
    #[error("webhook.url leads to an address that --webhook-targets does not let be called")]
    Address,
}

impl Target {
    /// What `url` leads to.
    pub(super) fn read(url: &str, targets: Targets) -> Result<Self, Unsafe> {
        let read: Uri = url.parse().map_err(|_| Unsafe::NotAUrl)?;
        let (Some(scheme), Some(authority)) = (read.scheme_str(), read.authority()) else {
            return Err(Unsafe::NotAUrl);
        };
        let is_tls = match scheme {
            _ if url.len() > WEBHOOK_URL_BYTES_MAX || authority.host().is_empty() => {
                return Err(Unsafe::NotAUrl);
            }
            "https" => true,
            "http" => false,
            _ => return Err(Unsafe::NotAUrl),
        };
        if authority.as_str().contains('@') {
            return Err(Unsafe::Credentials);
        }
        let host = authority.host().trim_matches(['[', ']']);
        let path = read.path_and_query().map_or("/", |path| path.as_str());
        let target = Self {
            is_tls,
            host: host.to_ascii_lowercase(),
            port: authority
                .port_u16()
                .unwrap_or(if is_tls { 443 } else { 80 }),
            authority: authority.as_str().to_owned(),
            path: if path.starts_with('/') {
                path.to_owned()
            } else {
                format!("/{path}")
            },
        };
        target.check(targets)?;
        Ok(target)
    }

    /// The address that the URL names itself, if it does.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    fn check(&self, targets: Targets) -> Result<(), Unsafe> {
        let is_local = self.host == "localhost" || self.host.ends_with(".localhost");
        match self.address() {
            Some(address) => self.may_reach(address, targets),
            None if is_local => self.may_reach(Ipv4Addr::LOCALHOST.into(), targets),
            // Without TLS a name may lead to what is private only, which is seen when it is resolved.
            None if !self.is_tls && targets < Targets::Private => Err(Unsafe::Plain),
            None => Ok(()),
        }
    }

    /// Whether it may be sent to this address.
    pub(super) fn may_reach(&self, address: IpAddr, targets: Targets) -> Result<(), Unsafe> {
        let needed = match address {
            IpAddr::V4(address) => needed_v4(address),
            IpAddr::V6(address) => needed_v6(address),
        };
        match needed {
            Some(Targets::Public) if !self.is_tls => Err(Unsafe::Plain),
            Some(needed) if needed <= targets => Ok(()),
            _ => Err(Unsafe::Address),
        }
    }
}

/// What has to be set for this address to be called; none is that it never is: link-local ones, among
/// which clouds keep their secrets, and those that are no one machine's.
fn needed_v4(address: Ipv4Addr) -> Option<Targets> {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (127, ..) => Some(Targets::Loopback),
        (10, ..) | (192, 168, _) => Some(Targets::Private),
        (172, 16..=31, _) | (100, 64..=127, _) => Some(Targets::Private),
        // "This network", link-local, for protocols, for documents, for benchmarks, multicast, the rest.
        (0 | 224..=255, ..) | (169, 254, _) | (198, 18..=19, _) => None,
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 51, 100) | (203, 0, 113) => None,
        _ => Some(Targets::Public),
    }
}

fn needed_v6(address: Ipv6Addr) -> Option<Targets> {
    // An address of IPv4 in one of IPv6: mapped, translated (NAT64), or 6to4.
    let inner = match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some((high, low))
        }
        [0x2002, high, low, ..] => Some((high, low)),
        _ => None,
    };
    if let Some((high, low)) = inner {
        return needed_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(Targets::Loopback),
        [0xfc00..=0xfdff, ..] => Some(Targets::Private),
        // Documents and Teredo, inside of what is global.
        [0x2001, 0 | 0xdb8, ..] => None,
        [0x2000..=0x3fff, ..] => Some(Targets::Public),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the URL may lead, by each setting.
    fn found(url: &str) -> [Result<(), Unsafe>; 3] {
        let all = [Targets::Public, Targets::Loopback, Targets::Private];
        all.map(|targets| Target::read(url, targets).map(drop))
    }

    #[test]
    fn a_url_leads_only_where_it_may() {
        let check = |url: &str, expected: [Result<(), Unsafe>; 3]| {
            assert_eq!(found(url), expected, "{url}")
        };
        let (ok, no) = (Ok(()), Err(Unsafe::Address));
        for url in [
            "https://a.example/x?y",
            "https://8.8.8.8",
            "https://[2606:4700::1111]:1/",
        ] {
            check(url, [ok; 3]);
        }
        for url in [
            "http://localhost:1/",
            "http://127.9.9.9/",
            "https://[::1]/",
            "https://LOCALHOST",
            "https://a.localhost",
            "http://[::ffff:127.0.0.1]/",
        ] {
            check(url, [no, ok, ok]);
        }
        for url in [
            "http://10.0.0.1/hook",
            "https://172.16.0.1",
            "https://192.168.1.1",
            "https://100.64.0.1",
            "https://[fd00::1]",
            "https://[64:ff9b::a00:1]",
            "https://[2002:a00:1::]",
        ] {
            check(url, [no, no, ok]);
        }
        for url in [
            "http://169.254.169.254/latest",
            "https://0.0.0.0",
            "https://255.255.255.255",
            "https://224.0.0.1",
            "https://[fe80::1]",
            "https://[::]",
            "https://[ff02::1]",
            "https://[::ffff:169.254.169.254]",
        ] {
            check(url, [no; 3]);
        }
    }

    #[test]
    fn what_is_not_a_safe_url_leads_nowhere() {
        let check = |url: &str, expected: [Result<(), Unsafe>; 3]| {
            assert_eq!(found(url), expected, "{url}")
        };
        let ok = Ok(());
        let plain = Err(Unsafe::Plain);
        check("http://a.example/", [plain, plain, ok]);
        check("http://8.8.8.8/", [plain; 3]);
        for url in [
            "",
            "a",
            "/a",
            "ftp://a/",
            "https://",
            "file:///etc/passwd",
            "https://a b",
        ] {
            check(url, [Err(Unsafe::NotAUrl); 3]);
        }
        check("https://u:p@a.example", [Err(Unsafe::Credentials); 3]);
        let long = format!("https://a/{}", "x".repeat(WEBHOOK_URL_BYTES_MAX));
        check(&long, [Err(Unsafe::NotAUrl); 3]);
    }

    #[test]
    fn a_name_is_judged_by_what_it_resolves_to() {
        let target = |url, targets| Target::read(url, targets).unwrap();
        let named = target("https://a.example", Targets::Public);
        let reach = |ip: &str, targets| named.may_reach(ip.parse().unwrap(), targets);
        assert_eq!(reach("8.8.8.8", Targets::Public), Ok(()));
        assert_eq!(reach("127.0.0.1", Targets::Public), Err(Unsafe::Address));
        assert_eq!(reach("10.0.0.1", Targets::Loopback), Err(Unsafe::Address));
        assert_eq!(
            reach("169.254.169.254", Targets::Private),
            Err(Unsafe::Address)
        );
        let plain = target("http://a.example", Targets::Private);
        let public = "8.8.8.8".parse().unwrap();
        assert_eq!(
            plain.may_reach(public, Targets::Private),
            Err(Unsafe::Plain)
        );
    }

    #[test]
    fn a_url_is_taken_apart() {
        let read = Target::read("http://[::1]:81?a=b", Targets::Loopback).unwrap();
        assert_eq!((&*read.host, read.port, read.is_tls), ("::1", 81, false));
        assert_eq!((&*read.authority, &*read.path), ("[::1]:81", "/?a=b"));
    }
}
