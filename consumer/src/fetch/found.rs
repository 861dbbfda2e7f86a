//! Which files a path means: a file, all files below a folder, or what a pattern names.

use std::{
    collections::BTreeSet,
    fmt, fs, io,
    path::{Component, Path, PathBuf},
};

use glob::{MatchOptions, Pattern};

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
        found.named(pattern).map_err(|error| cannot(&error))?;
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
    /// What a pattern names.
    fn named(&mut self, pattern: &str) -> io::Result<()> {
        let takes_hidden = is_hidden(Path::new(pattern));
        let is_recursive = |part: Component<'_>| part.as_os_str() == "**";
        let parts = Path::new(pattern).components();
        let before: PathBuf = parts.take_while(|part| !is_recursive(*part)).collect();
        if before == Path::new(pattern) {
            return self.take(globbed(&before)?, takes_hidden);
        }
        let mut below = Below::new(pattern)?;
        if before.as_os_str().is_empty() {
            below.folders.insert(before);
        } else {
            for folder in globbed(&before)? {
                below.folders.insert(folder?);
            }
        }
        while let Some(folder) = below.folders.pop_first() {
            let named = below.enter(&folder)?;
            self.take(named.into_iter().map(Ok), takes_hidden)?;
        }
        Ok(())
    }

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

/// The paths that a pattern without `**` names: hidden folders only where it names some.
fn globbed(pattern: &Path) -> io::Result<impl Iterator<Item = io::Result<PathBuf>>> {
    let pattern = pattern.to_str().unwrap_or_default();
    let paths = glob::glob(pattern).map_err(io::Error::other)?;
    let most = hidden(Path::new(pattern));
    let paths = paths.filter(move |path| path.as_ref().map_or(true, |path| hidden(path) <= most));
    Ok(paths.map(|path| path.map_err(io::Error::other)))
}

/// A search below folders, which `**` in a pattern asks for. What looks for patterns would follow links round
/// and round.
struct Below {
    pattern: Pattern,
    /// How many hidden folders the pattern names: no others are entered.
    hidden: usize,
    /// Folders that are still to be entered.
    folders: BTreeSet<PathBuf>,
    /// Those that were, by their true paths.
    entered: BTreeSet<PathBuf>,
}

impl Below {
    fn new(pattern: &str) -> io::Result<Self> {
        let path = Path::new(pattern);
        Ok(Self {
            pattern: Pattern::new(pattern).map_err(io::Error::other)?,
            hidden: hidden(path.parent().unwrap_or(path)),
            folders: BTreeSet::new(),
            entered: BTreeSet::new(),
        })
    }

    /// What the pattern names in a folder; the folders in it are entered after it.
    fn enter(&mut self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let here = Path::new(".");
        let at = if folder.as_os_str().is_empty() {
            here
        } else {
            folder
        };
        // It may be a file, or have gone since it was found.
        if !at.is_dir() || !self.entered.insert(fs::canonicalize(at)?) {
            return Ok(Vec::new());
        }
        let options = MatchOptions {
            require_literal_separator: true,
            ..MatchOptions::new()
        };
        let mut named = Vec::new();
        for entry in fs::read_dir(at)? {
            let path = folder.join(entry?.file_name());
            if self.pattern.matches_path_with(&path, options) {
                named.push(path);
            } else if path.is_dir() && hidden(&path) <= self.hidden {
                self.folders.insert(path);
            }
        }
        Ok(named)
    }
}

/// How many names of a path begin with a dot or an underscore.
fn hidden(path: &Path) -> usize {
    let names = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        _ => None,
    });
    names.filter(|name| is_hidden(Path::new(name))).count()
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
        check("**/[12].json", &["b/2.json", "b/c/1.json"]);
        check("b/**", &["b/2.json", "b/c/1.json", "b/c/above/a.json"]);
        check("*/**/1.json", &["b/c/1.json"]);
        check(
            "**/c",
            &["b/c/1.json", "b/c/above/a.json", "b/c/above/b/2.json"],
        );
        check("b/.hidden/*", &["b/.hidden/3.json"]);
        check("b/*/*.json", &["b/c/1.json"]);
        check("empty", &[]);
        check("a.json", &["a.json"]);
        check("no", &[]);
    }
}
