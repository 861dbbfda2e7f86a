//! The settings that are in effect, as a file that can be used again.

use std::{
    ffi::OsStr,
    fmt::{self, Display, Formatter},
    path::PathBuf,
};

use clap::{ArgMatches, parser::ValueSource};

use super::{Given, Layer, Origin, Setting};

/// The settings in effect, and where each came from.
#[derive(Debug)]
pub struct Effective {
    file: Option<PathBuf>,
    settings: Vec<(Setting, Given)>,
}

impl Effective {
    /// Of each of `settings` what was typed, or else was `given`, or else is its default.
    pub(super) fn new(
        file: Option<PathBuf>,
        settings: Vec<Setting>,
        mut given: Layer,
        matches: &ArgMatches,
    ) -> Self {
        let effective = settings.into_iter().map(|setting| {
            let given = flag(&setting, matches)
                .or_else(|| given.remove(setting.key()))
                .unwrap_or_else(|| default(&setting));
            (setting, given)
        });
        Self {
            file,
            settings: effective.collect(),
        }
    }
}

/// What was typed of `setting`, on any level of the command line.
fn flag(setting: &Setting, matches: &ArgMatches) -> Option<Given> {
    let id = setting.argument().get_id().as_str();
    let levels = std::iter::successors(Some(matches), |matches| {
        matches.subcommand().map(|(_, matches)| matches)
    });
    let typed = levels.filter(|matches| {
        // What is no argument of a level must not be asked for there.
        matches.try_contains_id(id).is_ok_and(|is_there| is_there)
            && matches.value_source(id) == Some(ValueSource::CommandLine)
    });
    Some(Given {
        texts: typed.last()?.get_raw(id)?.map(OsStr::to_owned).collect(),
        origin: Origin::Flag,
    })
}

fn default(setting: &Setting) -> Given {
    let texts = setting.argument().get_default_values();
    let mut texts: Vec<_> = texts.iter().map(|text| text.to_os_string()).collect();
    if setting.is_switch() && texts.is_empty() {
        texts.push("false".into());
    }
    Given {
        texts,
        origin: Origin::Default,
    }
}

impl Display for Effective {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.file {
            writeln!(formatter, "# file: {}\n", path.display())?;
        }
        for (setting, given) in &self.settings {
            if let Some(help) = setting.argument().get_help() {
                writeln!(formatter, "# {}", help.to_string().replace('\n', " "))?;
            }
            writeln!(formatter, "{}", line(setting, given))?;
        }
        Ok(())
    }
}

/// The line that sets `setting` so; a comment where that is not to be set, or not to be shown.
fn line(setting: &Setting, Given { texts, origin }: &Given) -> String {
    let key = setting.key();
    let texts: Option<Vec<_>> = texts.iter().map(|text| text.to_str()).collect();
    let Some(texts) = texts else {
        return format!("# {key} =  # {origin}; not a text");
    };
    if texts.iter().any(|text| setting.hides(text)) {
        return format!("# {key} =  # {origin}; secret, so not shown");
    }
    match (setting.is_list(), texts.as_slice()) {
        (true, several) => {
            let items: Vec<_> = several.iter().map(|text| quoted(text)).collect();
            format!("{key} = [{}]  # {origin}", items.join(", "))
        }
        (false, [text]) => format!("{key} = {}  # {origin}", literal(text)),
        (false, _) => format!("# {key} =  # {origin}"),
    }
}

/// `text` as TOML has it: numbers and switches as such.
fn literal(text: &str) -> String {
    let is_number = text
        .parse::<i64>()
        .is_ok_and(|number| number.to_string() == text);
    if is_number || matches!(text, "true" | "false") {
        text.to_owned()
    } else {
        quoted(text)
    }
}

fn quoted(text: &str) -> String {
    // A string of JSON is one of TOML.
    serde_json::Value::from(text).to_string()
}

impl Display for Origin {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Environment => "environment",
            Self::Flag => "flag",
        })
    }
}
