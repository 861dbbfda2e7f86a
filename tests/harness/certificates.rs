//! Certificates for tests, by `openssl`: a root of our own, and what it has signed.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{service::leashed, tool::tool};

/// A root that signs, in a folder that goes with it.
#[derive(Debug)]
pub struct Root {
    openssl: PathBuf,
    folder: TempDir,
}

/// A certificate of this machine's loopback, and its key.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The file of the certificate.
    pub certificate: PathBuf,
    /// The file of its key.
    pub key: PathBuf,
}

impl Root {
    /// A new one; none where there is no `openssl`.
    #[must_use]
    pub fn new() -> Option<Self> {
        let root = Self {
            openssl: tool("openssl")?,
            folder: tempfile::tempdir().expect("a temporary directory"),
        };
        root.make("root", &["-subj", "/CN=Root of tests"]);
        Some(root)
    }

    /// The file of its own certificate.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    /// A new certificate that it has signed, in files of that name.
    #[must_use]
    pub fn sign(&self, name: &str) -> Certificate {
        let (root, key) = (self.path(), self.folder.path().join("root.key"));
        let signed_by = ["-CA", text(&root), "-CAkey", text(&key)];
        let names = "subjectAltName=IP:127.0.0.1,DNS:localhost";
        let what = ["-subj", "/CN=tests", "-addext", names];
        let extensions = ["-addext", "basicConstraints=critical,CA:FALSE"];
        self.make(name, &[&signed_by[..], &what, &extensions].concat())
    }

    fn make(&self, name: &str, args: &[&str]) -> Certificate {
        let file = |ending| self.folder.path().join(format!("{name}.{ending}"));
        let made = Certificate {
            certificate: file("pem"),
            key: file("key"),
        };
        let done = leashed(&self.openssl)
            .args(["req", "-x509", "-nodes", "-days", "2"])
            .args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
            .arg("-keyout")
            .arg(&made.key)
            .arg("-out")
            .arg(&made.certificate)
            .args(args)
            .output()
            .expect("setpriv, of util-linux, can be started");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{said}");
        made
    }
}

impl Certificate {
    /// What a producer has to be told to serve with it.
    #[must_use]
    pub fn args(&self) -> [&str; 4] {
        let (certificate, key) = (text(&self.certificate), text(&self.key));
        ["--tls-cert", certificate, "--tls-key", key]
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary names are ASCII")
}
