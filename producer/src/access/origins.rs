//! Which pages of the web may change something. What a browser sends names the origin of its page,
//! and a page must not write to what its visitor can reach but it cannot.

use hyper::{HeaderMap, header::ORIGIN};

use super::Denied;

/// Allows the pages of any origin.
const ANY: &str = "*";

/// What a page says that has no origin, as one from a file.
const NONE: &str = "null";

/// The origins that are allowed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origins {
    origins: Vec<String>,
    all: bool,
}

impl Origins {
    /// These; `*` is any, and an empty one is none.
    ///
    /// # Errors
    /// One of them is none, and why.
    pub(crate) fn of(origins: &[String]) -> Result<Self, String> {
        let origins = origins.iter().filter(|origin| !origin.is_empty());
        let origins: Vec<_> = origins.map(|origin| origin.to_ascii_lowercase()).collect();
        match origins.iter().find(|origin| !is_one(origin)) {
            Some(origin) => Err(format!(
                "{origin:?} is no origin: write it as a browser does, https://a.example or \
                 http://localhost:3000, without a path and without the port that is usual"
            )),
            None => Ok(Self {
                all: origins.iter().any(|origin| origin == ANY),
                origins,
            }),
        }
    }

    /// Whether what is asked may be asked by the page that asks, if one does.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Denied> {
        let is_allowed = |origin: &[u8]| {
            let mut allowed = self.origins.iter();
            self.all || allowed.any(|allowed| allowed.as_bytes().eq_ignore_ascii_case(origin))
        };
        let mut named = headers.get_all(ORIGIN).iter();
        match named.find(|origin| !is_allowed(origin.as_bytes())) {
            Some(origin) => Err(Denied::Origin(origin.to_str().unwrap_or("?").to_owned())),
            None => Ok(()),
        }
    }
}

/// Whether it is an origin as browsers write it.
fn is_one(origin: &str) -> bool {
    if origin == ANY || origin == NONE {
        return true;
    }
    let Some((scheme, host)) = origin.split_once("://") else {
        return false;
    };
    let usual = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => "/",
    };
    let is_name = |byte: u8| byte.is_ascii_graphic() && !b"/?#@*,".contains(&byte);
    !scheme.is_empty() && !host.is_empty() && host.bytes().all(is_name) && !host.ends_with(usual)
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn origins(all: &[&str]) -> Result<Origins, String> {
        let all: Vec<_> = all.iter().map(|&origin| origin.to_owned()).collect();
        Origins::of(&all)
    }

    #[test]
    fn a_page_may_when_its_origin_is_listed() {
        let check = |allowed: &[&str], asked: &[&'static str], expected: bool| {
            let mut headers = HeaderMap::new();
            for origin in asked {
                headers.append(ORIGIN, HeaderValue::from_static(origin));
            }
            let passes = origins(allowed).unwrap().check(&headers).is_ok();
            assert_eq!(passes, expected, "{asked:?} of {allowed:?}");
        };
        let listed = &["https://a.example", "HTTP://localhost:3000"];
        check(&[], &[], true);
        check(&[], &["https://a.example"], false);
        check(listed, &["https://a.example"], true);
        check(listed, &["http://localhost:3000"], true);
        for other in [
            "http://a.example",
            "https://a.example:8443",
            "https://b.a.example",
            "https://a.example.b",
            "http://localhost",
            "null",
            "",
        ] {
            check(listed, &[other], false);
        }
        check(listed, &["https://a.example", "https://b.example"], false);
        check(&["*"], &["https://b.example"], true);
        check(&["null"], &["null"], true);
        check(&["null"], &["https://b.example"], false);
    }

    #[test]
    fn what_no_browser_sends_cannot_be_allowed() {
        assert!(origins(&["http://[::1]:8080", "chrome-extension://abc"]).is_ok());
        assert!(origins(&[""]).is_ok_and(|none| none.origins.is_empty()));
        for origin in [
            "a.example",
            "https://",
            "https://a.example/",
            "https://a.example:443",
            "http://a.example:80",
            "https://*.example",
            "http://a,http://b",
        ] {
            assert!(origins(&[origin]).is_err(), "{origin}");
        }
    }
}
