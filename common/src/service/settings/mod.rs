//! Settings in layers: default < file < environment < flag.
//!
//! There is one list of settings, which is the command line: an argument with a name in the
//! environment can be set there and, by the same name, in the file. `--keep-alive 5s` is
//! `BROOKLET_KEEP_ALIVE=5s` is `keep-alive = "5s"`. What is set below the flags is checked, each
//! value by its own argument, and stands as that argument's default when the command line is read.

mod effective;
mod environment;
mod file;
mod setting;
mod value;

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Arg, ArgMatches, Command, Parser, builder::Resettable};

pub use effective::Effective;
pub use environment::warn_of_unknown;
use setting::Setting;
pub use value::{duration, size};

use super::telemetry;

/// Exit codes, from `sysexits.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All that was asked was done.
    Success = 0,
    /// What was looked at is not as it should be.
    Failed = 1,
    /// The command line is wrong.
    Usage = 64,
    /// What was read is damaged.
    Data = 65,
    /// Something that is needed is not there.
    Unavailable = 69,
    /// A setting is wrong.
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Where settings are read from.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Args {
    /// A file of settings, as `config` prints them [default: /etc/brooklet/NAME.toml, if there is one]
    #[arg(
        long,
        global = true,
        env = FILE_NAME,
        hide_env = true,
        value_name = "FILE"
    )]
    config: Option<PathBuf>,
}

/// The name of [`Args`] in the environment; a file cannot name another.
const FILE_NAME: &str = "BROOKLET_CONFIG";

/// The argument of [`Args`].
const FILE_ID: &str = "config";

/// Where the file is where nobody says so: a place that does not depend on where a service is started,
/// so that a health check beside it finds the same.
const FOLDER: &str = "/etc/brooklet";

/// What was said of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Given {
    /// Its value; several where it is a list.
    texts: Vec<OsString>,
    origin: Origin,
}

/// Where a value came from; each wins over the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Default,
    File,
    Environment,
    Flag,
}

/// What was said, by the names of settings.
type Layer = BTreeMap<String, Given>;

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum Cannot {
    /// The command line is wrong, or asks for help.
    #[error(transparent)]
    Usage(#[from] clap::Error),
    /// The file is not as it should be.
    #[error(transparent)]
    File(#[from] file::Wrong),
    /// What is in the environment is not as it should be.
    #[error(transparent)]
    Environment(#[from] environment::Wrong),
}

/// The command line as `C`, with all that was set for it elsewhere; or, after help or an error was
/// printed, how to exit.
///
/// # Errors
/// [`Exit::Success`] after help or version, [`Exit::Usage`] or [`Exit::Config`] after an error.
pub fn parse<C: Parser>() -> Result<(C, Effective), Exit> {
    load(std::env::args_os(), &|name| std::env::var_os(name)).map_err(|cannot| match cannot {
        Cannot::Usage(error) => {
            // Nothing can be said where even stderr is closed.
            drop(error.print());
            if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Success
            }
        }
        wrong => telemetry::fail(
            C::command().get_name(),
            Exit::Config,
            &telemetry::chain(&wrong),
        ),
    })
}

/// The command line `words` as `C`, with all that `environment` and a file say.
///
/// # Errors
/// What is wrong, and where.
pub fn load<C: Parser>(
    words: impl IntoIterator<Item = OsString>,
    environment: &dyn Fn(&OsStr) -> Option<OsString>,
) -> Result<(C, Effective), Cannot> {
    let words: Vec<_> = words.into_iter().collect();
    let settings = Setting::all(&C::command());
    let typed = with_defaults(C::command(), &Layer::new()).try_get_matches_from(&words)?;
    let file = place(&typed, environment, C::command().get_name());
    let mut given = match &file {
        Some(path) => file::read(path, &settings)?,
        None => Layer::new(),
    };
    given.extend(environment::read(environment, &settings)?);
    let mut matches = with_defaults(C::command(), &given).try_get_matches_from(&words)?;
    let effective = Effective::new(file, settings, given, &matches);
    Ok((C::from_arg_matches_mut(&mut matches)?, effective))
}

/// The file that settings are read from, if there is one.
fn place(
    typed: &ArgMatches,
    environment: &dyn Fn(&OsStr) -> Option<OsString>,
    service: &str,
) -> Option<PathBuf> {
    let usual =
        || Some(PathBuf::from(format!("{FOLDER}/{service}.toml"))).filter(|path| path.exists());
    let typed = typed.get_one::<PathBuf>(FILE_ID).cloned();
    typed
        .or_else(|| {
            environment(FILE_NAME.as_ref())
                .filter(|path| !path.is_empty())
                .map(PathBuf::from)
        })
        .or_else(usual)
}

/// `command`, whose arguments have what was `given` as their defaults. Nothing else of the environment
/// counts: it is in `given` already.
fn with_defaults(command: Command, given: &Layer) -> Command {
    let set = |argument: Arg| {
        let texts = Setting::of(&argument)
            .and_then(|setting| given.get(setting.key()))
            .map(|given| given.texts.clone());
        let argument = argument.env(Resettable::Reset);
        match texts {
            Some(texts) => argument.default_values(texts),
            None => argument,
        }
    };
    command
        .mut_args(set)
        .mut_subcommands(|command| with_defaults(command, given))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[derive(Debug, Parser)]
    #[command(name = "sample")]
    struct Sample {
        #[command(flatten)]
        settings: Args,
        #[arg(long, env = "BROOKLET_PAUSE", default_value = "5s", value_name = "DURATION", value_parser = duration)]
        pause: Duration,
        #[arg(long, env = "BROOKLET_PAGE_BYTES", value_name = "SIZE", value_parser = size)]
        page_bytes: Option<u64>,
        #[arg(
            long,
            env = "BROOKLET_LABEL",
            default_value = "none",
            value_name = "LABEL"
        )]
        label: Vec<String>,
        #[arg(long, env = "BROOKLET_UNTIL_END")]
        until_end: bool,
        #[arg(long, env = "BROOKLET_TOKEN", hide_env_values = true)]
        token: Option<String>,
    }

    /// What is in effect where so much was typed, is in the environment, and in a file.
    fn effective(words: &str, environment: &[(&str, &str)], file: &str) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample.toml");
        std::fs::write(&path, file).unwrap();
        let words = std::iter::once("sample").chain(words.split_whitespace());
        let environment = |name: &OsStr| match name.to_str() {
            Some(FILE_NAME) => Some(path.clone().into()),
            _ => {
                let mut all = environment.iter();
                all.find(|(other, _)| name == *other)
                    .map(|(_, value)| value.into())
            }
        };
        let shown = |text: &str| text.replace(&path.display().to_string(), "FILE");
        match load::<Sample>(words.map(Into::into), &environment) {
            Ok((_, effective)) => Ok(shown(&effective.to_string())),
            Err(cannot) => Err(shown(&cannot.to_string())),
        }
    }

    #[test]
    fn each_layer_wins_over_the_one_below() {
        let check = |words, environment: &[_], file, expected: &str| {
            let effective = effective(words, environment, file).unwrap();
            let has_line = effective.lines().any(|line| line == expected);
            assert!(has_line, "{expected} is not in\n{effective}");
        };
        let file = "pause = \"1s\"\nlabel = [\"a b\", \"c\"]\nuntil-end = true\npage-bytes = 4_096";
        let pause = ("BROOKLET_PAUSE", "2s");
        check("", &[], "", "pause = \"5s\"  # default");
        check("", &[], file, "pause = \"1s\"  # file");
        check("", &[pause], file, "pause = \"2s\"  # environment");
        check("--pause 3s", &[pause], file, "pause = \"3s\"  # flag");
        check("--pause 3s", &[], "", "pause = \"3s\"  # flag");

        let label = ("BROOKLET_LABEL", "d  e");
        check("", &[], "", "label = [\"none\"]  # default");
        check("", &[], file, "label = [\"a b\", \"c\"]  # file");
        check("", &[label], file, "label = [\"d\", \"e\"]  # environment");
        check("--label f", &[label], file, "label = [\"f\"]  # flag");
        check("", &[], "label = []", "label = []  # file");

        check("", &[], "", "until-end = false  # default");
        check("", &[], file, "until-end = true  # file");
        let switch = ("BROOKLET_UNTIL_END", "false");
        check("", &[switch], file, "until-end = false  # environment");
        check("--until-end", &[switch], file, "until-end = true  # flag");

        check("", &[], "", "# page-bytes =  # default");
        check("", &[], file, "page-bytes = 4096  # file");
        check(
            "--page-bytes 1MiB",
            &[],
            file,
            "page-bytes = \"1MiB\"  # flag",
        );
    }

    #[test]
    fn secrets_are_not_shown() {
        for (words, environment) in [
            ("--token t0p", [("", "")]),
            ("", [("BROOKLET_TOKEN", "t0p")]),
            ("--label http://t0p@host/", [("", "")]),
            ("", [("BROOKLET_LABEL", "http://host/?token=t0p")]),
        ] {
            let effective = effective(words, &environment, "").unwrap();
            assert!(
                effective.contains("secret") && !effective.contains("t0p"),
                "{effective}"
            );
        }
    }

    #[test]
    fn a_wrong_setting_is_named_with_its_place() {
        let check = |environment: &[_], file, expected: &str| {
            assert_eq!(effective("", environment, file).unwrap_err(), expected);
        };
        let file = |text, expected| check(&[], text, expected);
        file(
            "page_bytes = 1",
            "FILE:1:1: there is no setting \"page_bytes\"; did you mean \"page-bytes\"?",
        );
        file(
            "\n # é\npaus = \"1s\"",
            "FILE:3:1: there is no setting \"paus\"; did you mean \"pause\"?",
        );
        file(
            "zzz = 1",
            "FILE:1:1: there is no setting \"zzz\"; `config` prints those there are",
        );
        file(
            "config = \"x\"",
            "FILE:1:1: there is no setting \"config\"; `config` prints those there are",
        );
        file(
            "page-bytes = 1\npause = 5",
            "FILE:2:9: pause: \"5\" is no DURATION: time unit needed, for example 5sec or 5ms; write it as 500ms, 5s or 2m",
        );
        file(
            "page-bytes = \"big\"",
            "FILE:1:14: page-bytes: \"big\" is no SIZE: write it as 65536, 64KiB, 256MiB or 1GB",
        );
        file(
            "page-bytes = [1, 2]",
            "FILE:1:14: page-bytes: expected one value",
        );
        file(
            "label = [1, [2]]",
            "FILE:1:9: label: expected a text, or several in brackets",
        );
        file(
            "until-end = \"maybe\"",
            "FILE:1:13: until-end: \"maybe\" is no switch: write true or false",
        );
        check(
            &[("BROOKLET_PAGE_BYTES", "big")],
            "",
            "BROOKLET_PAGE_BYTES: \"big\" is no SIZE: write it as 65536, 64KiB, 256MiB or 1GB",
        );
        let broken = effective("", &[], "pause = ").unwrap_err();
        assert!(broken.starts_with("FILE:1:9: "), "{broken}");
    }

    #[test]
    fn what_is_shown_can_be_used_again() {
        let words = "--pause 1s --page-bytes 7 --label a\"b --label é --until-end";
        let shown = effective(words, &[], "").unwrap();
        let again = effective("", &[], &shown).unwrap();
        let without_file = again.lines().skip(2).collect::<Vec<_>>().join("\n");
        assert_eq!(
            without_file.replace("# file", "# flag").trim(),
            shown.lines().skip(2).collect::<Vec<_>>().join("\n").trim()
        );
    }

    #[test]
    fn a_secret_can_be_in_a_file_of_its_own() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "7s\n").unwrap();
        let path = file.path().to_str().unwrap();
        let in_file = ("BROOKLET_PAUSE_FILE", path);
        let read = effective("", &[in_file], "").unwrap();
        assert!(read.contains("pause = \"7s\"  # environment"), "{read}");
        let both = effective("", &[in_file, ("BROOKLET_PAUSE", "1s")], "").unwrap_err();
        assert!(
            both.contains("BROOKLET_PAUSE and BROOKLET_PAUSE_FILE are both set"),
            "{both}"
        );
        let missing = effective("", &[("BROOKLET_PAUSE_FILE", "/no/such")], "").unwrap_err();
        assert_eq!(missing, "BROOKLET_PAUSE_FILE: cannot read /no/such");
    }
}
