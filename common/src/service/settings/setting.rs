//! A setting: an argument with a name in the environment.

use std::{collections::BTreeSet, error::Error, ffi::OsStr};

use clap::{
    Arg, ArgAction, Command,
    error::{ContextKind, ContextValue},
};

use super::FILE_ID;

/// What the names of all settings in the environment begin with.
pub(super) const PREFIX: &str = "BROOKLET_";

/// A setting.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    argument: Arg,
    name: String,
    key: String,
}

impl Setting {
    /// What `argument` sets, if that can be set elsewhere too.
    pub(super) fn of(argument: &Arg) -> Option<Self> {
        let name = argument.get_env()?.to_str()?;
        let key = name.strip_prefix(PREFIX)?.to_lowercase().replace('_', "-");
        (argument.get_id() != FILE_ID).then(|| Self {
            argument: argument.clone(),
            name: name.to_owned(),
            key,
        })
    }

    /// All settings of `command` and what is below it, each once.
    pub(super) fn all(command: &Command) -> Vec<Self> {
        let mut seen = BTreeSet::new();
        let mut all = Vec::new();
        let mut left = vec![command];
        while let Some(command) = left.pop() {
            let here = command.get_arguments().filter_map(Self::of);
            all.extend(here.filter(|setting| seen.insert(setting.key.clone())));
            left.extend(command.get_subcommands());
        }
        all
    }

    /// Its name in the environment.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its name in a file.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Its argument.
    pub(super) const fn argument(&self) -> &Arg {
        &self.argument
    }

    /// Whether it has any number of values.
    pub(super) fn is_list(&self) -> bool {
        matches!(self.argument.get_action(), ArgAction::Append)
    }

    /// Whether it is on or off.
    pub(super) fn is_switch(&self) -> bool {
        !self.argument.get_action().takes_values()
    }

    /// Whether it can be `text`.
    ///
    /// # Errors
    /// Why not, and what is expected.
    pub(super) fn check(&self, text: &OsStr) -> Result<(), String> {
        let alone = Arg::new("value")
            .value_parser(self.argument.get_value_parser().clone())
            .allow_hyphen_values(true);
        let command = Command::new("setting").no_binary_name(true).arg(alone);
        let parsed = command.try_get_matches_from([text]);
        parsed.map(drop).map_err(|error| {
            let text = text.to_string_lossy();
            let (kind, why) = (self.kind(), reason(&error));
            if self.hides(&text) {
                format!("it is no {kind}")
            } else {
                format!("{text:?} is no {kind}: {why}")
            }
        })
    }

    /// Whether nobody is to be told that it is `text`: all of that is a secret, or it is a URL that has
    /// one in it.
    pub(super) fn hides(&self, text: &str) -> bool {
        let has_secret = |(_, rest): (&str, &str)| rest.contains(['@', '?']);
        self.argument.is_hide_env_values_set() || text.split_once("://").is_some_and(has_secret)
    }

    /// What a value of it is called.
    fn kind(&self) -> &str {
        let names = self.argument.get_value_names().unwrap_or_default();
        match names.first() {
            Some(name) if !self.is_switch() => name,
            _ => "switch",
        }
    }
}

/// Why a value is none.
fn reason(error: &clap::Error) -> String {
    let choices = error.get(ContextKind::ValidValue);
    match (error.source(), choices) {
        (Some(source), _) => source.to_string(),
        (None, Some(ContextValue::Strings(choices))) => format!("write {}", choices.join(" or ")),
        (None, _) => error.kind().to_string(),
    }
}
