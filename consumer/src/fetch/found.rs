//! Which files a path means: a file, all files below a folder, or what a pattern names.

use std::{
    collections::BTreeSet,
    fmt, fs, io,
    path::{Component, Path, PathBuf},
};

/// What a pattern is known by.
const WILD: [char; 3] = ['*', '?', '['];

/// What has been found.
#[derive(Debug, Default)]
struct Found {
    files: BTreeSet<PathBuf>,
    /// The same files in the true paths of their folders: each is there once.
    known: BTreeSet<PathBuf>,
    /// Folders that are still to be entered.
    folders: BTreeSet<PathBuf>,
    /// Folders that were, by their true paths: each is entered once, however many links lead to it, also
    /// from below.
    entered: BTreeSet<PathBuf>,
}

/// The files that a path or pattern means, in the order of their paths. Of a folder, or where a pattern
/// begins a name with a wildcard, those whose names do not begin with a dot or an underscore: they are
/// hidden, or not complete. The same holds for folders in folders.
pub(super) fn found(path: &Path) -> Result<BTreeSet<PathBuf>, String> {
    let cannot = |error: &dyn fmt::Display| format!("cannot look for {}: {error}", path.display());
    let mut found = Found::default();
    if let Some(pattern) = path.to_str().filter(|text| text.contains(WILD)) {
        let paths = glob::glob(pattern).map_err(|error| cannot(&error))?;
        let paths = paths.map(|path| path.map_err(io::Error::other));
        // Of what `**` stands for, no folder may be hidden.
        let may_be = matches(pattern);
        let paths = paths.filter(|path| path.as_ref().map_or(true, |path| may_be(path)));
        let names_hidden = is_hidden(Path::new(pattern));
        found
            .take(paths, names_hidden)
            .map_err(|error| cannot(&error))?;
    } else if path.is_dir() {
        found.folders.insert(path.to_owned());
    } else if path.exists() {
        // It may also be a pipe.
        found.files.insert(path.to_owned());
    }
    while let Some(folder) = found.folders.pop_first() {
        found.enter(&folder).map_err(|error| cannot(&error))?;
    }
    Ok(found.files)
}

impl Found {
    fn enter(&mut self, folder: &Path) -> io::Result<()> {
        let entries = fs::canonicalize(folder).and_then(|path| {
            let is_new = self.entered.insert(path);
            is_new.then(|| fs::read_dir(folder)).transpose()
        });
        match entries {
            Ok(None) => Ok(()),
            Ok(Some(entries)) => self.take(entries.map(|entry| Ok(entry?.path())), false),
            // It has gone since it was found.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => {
                let why = format!("{}: {error}", folder.display());
                Err(io::Error::new(error.kind(), why))
            }
        }
    }

    fn take(
        &mut self,
        paths: impl Iterator<Item = io::Result<PathBuf>>,
        takes_hidden: bool,
    ) -> io::Result<()> {
        for path in paths {
            let path = path?;
            if is_hidden(&path) && !takes_hidden {
                continue;
            }
            if path.is_dir() {
                self.folders.insert(path);
            } else if path.is_file() && self.known.insert(in_true_folder(&path)) {
                self.files.insert(path);
            }
        }
        Ok(())
    }
}

/// Whether a path has no hidden folder where a pattern names none: names of it that begin with a dot or an
/// underscore are as many as those of the pattern.
fn matches(pattern: &str) -> impl Fn(&Path) -> bool {
    let hidden = |path: &Path| {
        let folders = path.parent().into_iter().flat_map(Path::components);
        let names = folders.filter_map(|part| match part {
            Component::Normal(name) => Some(name),
            _ => None,
        });
        names.filter(|name| is_hidden(Path::new(name))).count()
    };
    let named = hidden(Path::new(pattern));
    move |path| hidden(path) <= named
}

/// A file in the true path of its folder. A link to a file is a file of its own.
fn in_true_folder(path: &Path) -> PathBuf {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = fs::canonicalize(folder.unwrap_or_else(|| Path::new(".")));
    match (folder, path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

/// Whether the last name of a path begins with a dot or an underscore.
fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.starts_with(b".") || name.starts_with(b"_")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn all_files_below_a_folder_are_found_and_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in ["b/c", "b/.hidden", "_temporary", "empty"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        for name in [
            "a.json",
            "b/2.json",
            "b/c/1.json",
            "b/.hidden/3.json",
            "_temporary/4.json",
            "b/_5.json",
        ] {
            fs::write(root.join(name), "").unwrap();
        }
        symlink(root, root.join("b/c/above")).unwrap();
        symlink(root.join("b/c"), root.join("same")).unwrap();
        symlink(root.join("nowhere"), root.join("broken")).unwrap();
        let check = |path: &str, expected: &[&str]| {
            let found = found(&root.join(path)).unwrap();
            let expected: Vec<_> = expected.iter().map(|name| root.join(name)).collect();
            assert_eq!(found.into_iter().collect::<Vec<_>>(), expected, "{path}");
        };
        check("", &["a.json", "b/2.json", "b/c/1.json"]);
        check("*.json", &["a.json"]);
        check("b/?.json", &["b/2.json"]);
        check(
            "b/c",
            &["b/c/1.json", "b/c/above/a.json", "b/c/above/b/2.json"],
        );
        // What the pattern names is found once more below the link.
        check(
            "b/c/*",
            &["b/c/1.json", "b/c/above/a.json", "b/c/above/b/2.json"],
        );
        check("_*", &["_temporary/4.json"]);
        check("**/*.json", &["a.json", "b/2.json", "b/c/1.json"]);
        check("b/.hidden/*", &["b/.hidden/3.json"]);
        check("b/.*/*.json", &["b/.hidden/3.json"]);
        check("empty", &[]);
        check("a.json", &["a.json"]);
        check("no", &[]);
    }
}
