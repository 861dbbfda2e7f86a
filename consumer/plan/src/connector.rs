//! The options of a table → where it is and how its records are written.

use std::{path::PathBuf, time::Duration};

use datafusion_sql::sqlparser::tokenizer::Location;

use super::{
    Bounded, Connector, Rolling, Startup,
    datagen::{Named, datagen},
    error::{Fault, did_you_mean},
    format::{Csv, Format, Json, Timestamps},
    options::{DURATION, MEMORY, Options, duration, memory, value},
    statement::Setting,
};

/// Where a table is, and what else its options say.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) connector: Connector,
    pub(super) format: Option<Format>,
    /// The table for late rows, and where it is named.
    pub(super) late: Option<(String, Location)>,
}

pub(super) const CONNECTORS: [&str; 6] = [
    "brooklet",
    "http",
    "filesystem",
    "datagen",
    "print",
    "blackhole",
];

/// What the options of a table with these columns say.
pub(super) fn place(
    at: Location,
    settings: &[Setting],
    columns: &[Named<'_>],
) -> Result<Place, Fault> {
    let mut options = Options::new(at, settings);
    let place = read(&mut options, columns)?;
    options.finish()?;
    Ok(place)
}

pub(super) fn read(options: &mut Options<'_>, columns: &[Named<'_>]) -> Result<Place, Fault> {
    let named = options.required("connector")?;
    let connector = match named.value.as_str() {
        "brooklet" => brooklet(options)?,
        "http" => http(options)?,
        "filesystem" => filesystem(options)?,
        "datagen" => datagen(options, columns)?,
        "print" => Connector::Print {
            prefix: options.text("print-identifier"),
        },
        "blackhole" => Connector::Blackhole,
        other => {
            let hint = did_you_mean(other, CONNECTORS.into_iter());
            let message = format!("there is no connector '{other}'{hint}");
            return Err(Fault::new(named.value_at, message));
        }
    };
    let format = match connector {
        Connector::Brooklet { .. } | Connector::Http { .. } => match format(options)? {
            Some(format) => Some(format),
            None => Some(Format::Json(json(options)?)),
        },
        Connector::Filesystem { .. } => {
            options.required("format")?;
            format(options)?
        }
        Connector::Datagen { .. } | Connector::Print { .. } | Connector::Blackhole => None,
    };
    let late = options.take("late.table");
    let late = late.map(|setting| (setting.value.clone(), setting.value_at));
    Ok(Place {
        connector,
        format,
        late,
    })
}

fn brooklet(options: &mut Options<'_>) -> Result<Connector, Fault> {
    let url = options.parsed("url", ADDRESS, address)?;
    let path = match (options.text("stream"), options.take("topic")) {
        (None, None) => {
            options.required("topic")?;
            String::new()
        }
        (Some(_), Some(topic)) => {
            let message = "there is a stream or a topic, not both";
            return Err(Fault::new(topic.at, message));
        }
        (Some(stream), None) => format!("/v1/stream/{stream}"),
        (None, Some(topic)) => format!("/v1/topics/{}", topic.value),
    };
    let startup = |text: &str| match text {
        "earliest-offset" => Some(Startup::Earliest),
        "latest-offset" => Some(Startup::Latest),
        _ => None,
    };
    let expected = "'earliest-offset' or 'latest-offset'";
    let startup = options.parsed("scan.startup.mode", expected, startup)?;
    Ok(Connector::Brooklet {
        url,
        path,
        startup: startup.unwrap_or(Startup::Earliest),
        bounded: bounded(options)?,
    })
}

fn http(options: &mut Options<'_>) -> Result<Connector, Fault> {
    let setting = options.required("url")?;
    let url = value(setting, ADDRESS, address)?;
    let bounded = bounded(options)?;
    Ok(Connector::Http { url, bounded })
}

const ADDRESS: &str = "a URL such as 'http://127.0.0.1:8080'";

fn address(text: &str) -> Option<String> {
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"))?;
    (!rest.is_empty() && !rest.starts_with('/')).then(|| text.to_owned())
}

fn bounded(options: &mut Options<'_>) -> Result<Bounded, Fault> {
    let bounded = |text: &str| match text {
        "unbounded" => Some(Bounded::Unbounded),
        "latest-offset" => Some(Bounded::Latest),
        _ => None,
    };
    let expected = "'unbounded' or 'latest-offset'";
    let bounded = options.parsed("scan.bounded.mode", expected, bounded)?;
    Ok(bounded.unwrap_or(Bounded::Unbounded))
}

fn filesystem(options: &mut Options<'_>) -> Result<Connector, Fault> {
    let path = options.required("path")?;
    let text = path.value.strip_prefix("file://").unwrap_or(&path.value);
    if text.is_empty() {
        return Err(Fault::new(path.value_at, "the path is empty"));
    }
    let monitor = options.parsed("source.monitor-interval", DURATION, duration)?;
    let reload = reload(options)?;
    let (policy, usual) = ("sink.rolling-policy", Rolling::default());
    let bytes = options.parsed(&format!("{policy}.file-size"), MEMORY, memory)?;
    let age = options.parsed(&format!("{policy}.rollover-interval"), DURATION, duration)?;
    Ok(Connector::Filesystem {
        path: PathBuf::from(text),
        monitor,
        reload,
        rolling: Rolling {
            bytes: bytes.unwrap_or(usual.bytes),
            age: age.unwrap_or(usual.age),
        },
    })
}

/// How often the content is read anew that rows are looked up in. It is read whole, so of Flink's
/// caches there is the full one alone.
fn reload(options: &mut Options<'_>) -> Result<Option<Duration>, Fault> {
    let only = |known: &'static str| move |text: &str| (text == known).then_some(());
    options.parsed("lookup.cache", "'FULL': it is read whole", only("FULL"))?;
    let strategy = "lookup.full-cache.reload-strategy";
    options.parsed(strategy, "'PERIODIC'", only("PERIODIC"))?;
    let key = "lookup.full-cache.periodic-reload.interval";
    let longer = |text: &str| duration(text).filter(|interval| !interval.is_zero());
    let interval = options.parsed(key, "a duration such as '5 s', above zero", longer)?;
    if let (Some(named), None) = (options.take(strategy), interval) {
        return Err(Fault::new(
            named.at,
            format!("the option '{key}' is missing"),
        ));
    }
    Ok(interval)
}

fn format(options: &mut Options<'_>) -> Result<Option<Format>, Fault> {
    let Some(named) = options.take("format") else {
        return Ok(None);
    };
    match named.value.as_str() {
        "json" => Ok(Some(Format::Json(json(options)?))),
        "csv" => Ok(Some(Format::Csv(csv(options)?))),
        other => {
            let hint = did_you_mean(other, ["json", "csv"].into_iter());
            let message = format!("there is no format '{other}'{hint}");
            Err(Fault::new(named.value_at, message))
        }
    }
}

fn json(options: &mut Options<'_>) -> Result<Json, Fault> {
    let timestamps = |text: &str| match text {
        "SQL" => Some(Timestamps::Sql),
        "ISO-8601" => Some(Timestamps::Iso8601),
        _ => None,
    };
    let key = "json.timestamp-format.standard";
    let json = Json {
        fail_on_missing_field: options.is_true("json.fail-on-missing-field")?,
        ignore_parse_errors: options.is_true("json.ignore-parse-errors")?,
        timestamps: options
            .parsed(key, "'SQL' or 'ISO-8601'", timestamps)?
            .unwrap_or_default(),
        ..Json::default()
    };
    if json.fail_on_missing_field && json.ignore_parse_errors {
        let both = options.required("json.ignore-parse-errors")?;
        let message =
            "'json.fail-on-missing-field' and 'json.ignore-parse-errors' exclude each other";
        return Err(Fault::new(both.at, message));
    }
    Ok(json)
}

fn csv(options: &mut Options<'_>) -> Result<Csv, Fault> {
    let usual = Csv::default();
    let one = "one character of ASCII";
    let field_delimiter = options.parsed("csv.field-delimiter", one, character)?;
    let quote_character = options.parsed("csv.quote-character", one, character)?;
    let quote_character = quote_character.or(usual.quote_character);
    let has_no_quotes = options.is_true("csv.disable-quote-character")?;
    Ok(Csv {
        fields: Vec::new(),
        field_delimiter: field_delimiter.unwrap_or(usual.field_delimiter),
        quote_character: quote_character.filter(|_| !has_no_quotes),
        escape_character: options.parsed("csv.escape-character", one, character)?,
        null_literal: options.text("csv.null-literal"),
        allow_comments: options.is_true("csv.allow-comments")?,
        ignore_parse_errors: options.is_true("csv.ignore-parse-errors")?,
    })
}

/// `\t` is a tab, as Flink has it. Lines are separated byte by byte.
fn character(text: &str) -> Option<char> {
    if text == "\\t" {
        return Some('\t');
    }
    let mut characters = text.chars();
    let first = characters.next();
    first.filter(|first| first.is_ascii() && characters.next().is_none())
}
