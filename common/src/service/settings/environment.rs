//! The layer that is the environment: `BROOKLET_` and a setting's name.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
};

use clap::CommandFactory;

use super::{FILE_NAME, Given, Layer, Origin, Setting, setting::PREFIX};

/// Behind a setting's name: the value is in the file that is named, as secrets are.
const IN_FILE: &str = "_FILE";

/// Why the environment cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// A value is none.
    #[error("{name}: {reason}")]
    Value {
        /// The setting's name.
        name: String,
        /// Why not, and what is expected.
        reason: String,
    },
    /// The file that has the value is not there.
    #[error("{name}: cannot read {}", path.display())]
    Read {
        /// The name that names it.
        name: String,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Two names say something of one setting.
    #[error("{0} and {0}{IN_FILE} are both set; only one of them can be")]
    Twice(String),
}

/// What `environment` says of `settings`.
///
/// # Errors
/// The first name with a wrong value.
pub(super) fn read(
    environment: &dyn Fn(&OsStr) -> Option<OsString>,
    settings: &[Setting],
) -> Result<Layer, Wrong> {
    let mut layer = Layer::new();
    for setting in settings {
        let name = setting.name();
        let in_file = format!("{name}{IN_FILE}");
        let is_other = settings.iter().any(|other| other.name() == in_file);
        let path = environment(in_file.as_ref()).filter(|_| !is_other);
        let text = match (environment(name.as_ref()), path) {
            (None, None) => continue,
            (Some(text), None) => text,
            (None, Some(path)) => contents(in_file, Path::new(&path))?,
            (Some(_), Some(_)) => return Err(Wrong::Twice(name.to_owned())),
        };
        let given = taken(text, setting).map_err(|reason| Wrong::Value {
            name: name.to_owned(),
            reason,
        })?;
        layer.insert(setting.key().to_owned(), given);
    }
    Ok(layer)
}

/// What the file at `path` holds, without the end of its last line.
fn contents(name: String, path: &Path) -> Result<OsString, Wrong> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).into()),
        Err(source) => Err(Wrong::Read {
            name,
            path: path.to_owned(),
            source,
        }),
    }
}

/// `text` as one of `setting`'s; of a list, with spaces between the values.
fn taken(text: OsString, setting: &Setting) -> Result<Given, String> {
    let texts = match text.to_str() {
        Some(list) if setting.is_list() => list.split_whitespace().map(Into::into).collect(),
        _ => vec![text],
    };
    texts.iter().try_for_each(|text| setting.check(text))?;
    Ok(Given {
        texts,
        origin: Origin::Environment,
    })
}

/// Warns of names in the environment that look like settings and are none of `C`'s. They may be
/// meant for others, so they are no error.
pub fn warn_of_unknown<C: CommandFactory>() {
    let settings = Setting::all(&C::command());
    let names = settings.iter().map(Setting::name);
    let known: BTreeSet<_> = names.chain([FILE_NAME]).collect();
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        let setting = name.strip_suffix(IN_FILE).unwrap_or(&name);
        if name.starts_with(PREFIX) && !known.contains(&*name) && !known.contains(setting) {
            tracing::warn!("there is no setting {name:?}: it means nothing here");
        }
    }
}
