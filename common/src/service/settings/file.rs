//! The layer that is a file, in TOML: a setting a line, by its name.

use std::{
    ffi::OsString,
    fs, io,
    ops::Range,
    path::{Path, PathBuf},
};

use toml::de::{DeTable, DeValue};

use super::{Given, Layer, Origin, Setting};

/// Why a file of settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// There is none.
    #[error("cannot read settings from {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A line of it is wrong.
    #[error("{}:{line}:{column}: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong with it, and what is expected.
        reason: String,
    },
}

/// What the file at `path` says of `settings`.
///
/// # Errors
/// The first line that is wrong.
pub(super) fn read(path: &Path, settings: &[Setting]) -> Result<Layer, Wrong> {
    let text = fs::read_to_string(path).map_err(|source| Wrong::Read {
        path: path.to_owned(),
        source,
    })?;
    given(&text, settings).map_err(|(at, reason)| {
        let before = text.get(..at.start).unwrap_or(&text);
        let in_line = before.rsplit('\n').next().unwrap_or_default();
        Wrong::Line {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: in_line.chars().count() + 1,
            reason,
        }
    })
}

/// What `text` says of `settings`, or where it is wrong, and why.
fn given(text: &str, settings: &[Setting]) -> Result<Layer, (Range<usize>, String)> {
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().unwrap_or_default();
        (at, error.message().to_owned())
    })?;
    let mut lines: Vec<_> = table.get_ref().iter().collect();
    lines.sort_by_key(|(key, _)| key.span().start);
    let mut layer = Layer::new();
    for (key, value) in lines {
        let name = key.get_ref();
        let setting = settings.iter().find(|setting| setting.key() == name);
        let setting = setting.ok_or_else(|| (key.span(), unknown(name, settings)))?;
        let given = taken(value.get_ref(), setting)
            .map_err(|reason| (value.span(), format!("{name}: {reason}")))?;
        layer.insert(setting.key().to_owned(), given);
    }
    Ok(layer)
}

/// `value` as one of `setting`'s.
fn taken(value: &DeValue<'_>, setting: &Setting) -> Result<Given, String> {
    let texts = match value {
        DeValue::Array(items) if setting.is_list() => {
            items.iter().map(|item| text(item.get_ref())).collect()
        }
        one => text(one).map(|text| vec![text]),
    };
    let expected = match setting.is_list() {
        true => "expected a text, or several in brackets",
        false => "expected one value",
    };
    let texts = texts.ok_or(expected)?;
    let texts: Vec<OsString> = texts.into_iter().map(Into::into).collect();
    texts.iter().try_for_each(|text| setting.check(text))?;
    Ok(Given {
        texts,
        origin: Origin::File,
    })
}

/// A value as it would be typed.
fn text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.clone().into_owned()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(switch) => Some(switch.to_string()),
        DeValue::Datetime(time) => Some(time.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// That there is no such setting, but perhaps another.
fn unknown(name: &str, settings: &[Setting]) -> String {
    let spelt = name.to_lowercase().replace('_', "-");
    let distance = |setting: &Setting| strsim::damerau_levenshtein(&spelt, setting.key());
    let nearest = settings.iter().min_by_key(|setting| distance(setting));
    let hint = match nearest {
        Some(near) if distance(near) <= near.key().len().max(spelt.len()) / 3 => {
            format!("did you mean {:?}?", near.key())
        }
        _ => "`config` prints those there are".to_owned(),
    };
    format!("there is no setting {name:?}; {hint}")
}
