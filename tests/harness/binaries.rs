//! The two binaries, built once a run: what is tested is what was just written.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The folder of the workspace.
#[must_use]
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this crate stands in the workspace")
}

/// The optimised binary called `name`.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    release().join(name)
}

/// The folder that holds the optimised binaries, which are built when it is first asked for.
///
/// Features unify over the whole workspace however it is built, so this, `cargo build --release`
/// and the image's build share every compiled crate.
#[must_use]
pub fn release() -> &'static Path {
    static RELEASE: OnceLock<PathBuf> = OnceLock::new();
    RELEASE.get_or_init(|| {
        let target = target();
        let mut build = Command::new(env!("CARGO"));
        // What cargo says of this crate to its tests would make others look changed to themselves.
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_this_crate(name)) {
            build.env_remove(name);
        }
        let built = build
            .current_dir(workspace())
            .args(["build", "--quiet", "--release"])
            .args(["--bin", "producer", "--bin", "consumer", "--target-dir"])
            .arg(&target)
            .status()
            .expect("cargo that compiled this can be started");
        assert!(built.success(), "the services do not compile");
        target.join("release")
    })
}

fn is_of_this_crate(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    ["CARGO_PKG_", "CARGO_MANIFEST_"]
        .iter()
        .any(|begin| name.starts_with(begin))
}

/// The target directory that this very program was compiled into: `target/PROFILE/[deps/]program`.
fn target() -> PathBuf {
    let program = std::env::current_exe().expect("the system knows this program's path");
    let folder = program
        .ancestors()
        .skip(1)
        .find(|folder| !folder.ends_with("deps"));
    folder
        .and_then(Path::parent)
        .expect("cargo compiles into target/PROFILE")
        .to_owned()
}
