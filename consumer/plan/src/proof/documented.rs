//! What `FUNCTIONS.md` and the reference of jobs say of names is so.

use std::collections::BTreeSet;

use arrow::datatypes::DataType;
use common::time::Clock;
use datafusion_sql::sqlparser::tokenizer::Location;

use crate::{
    Settings, Zone,
    connector::{self, CONNECTORS},
    functions::Functions,
    options::Options,
    plan, settings,
    statement::Setting,
};

const DOCUMENT: &str = include_str!("../../../FUNCTIONS.md");
const REFERENCE: &str = include_str!("../../../README.md");

/// What stands before the names of functions that are not here, and what stands behind that.
fn parts() -> (&'static str, &'static str) {
    DOCUMENT.split_once("\n## Not here\n").unwrap()
}

fn functions() -> Functions {
    Functions::new(&Clock::System, Zone::UTC)
}

#[test]
fn each_function_has_its_line() {
    let words = |text: &str| -> BTreeSet<String> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.map(str::to_owned).collect()
    };
    let (before, _) = parts();
    let named = words(before);
    let functions = functions();
    let missing: Vec<_> = functions
        .all_names()
        .filter(|name| !["TABLE", "DESCRIPTOR"].contains(name) && !named.contains(*name))
        .collect();
    assert!(missing.is_empty(), "FUNCTIONS.md does not name {missing:?}");
}

/// Behind each step there is one type of text: what a function gave of another would be compared there
/// with what was planned for that one.
#[test]
fn texts_are_of_the_type_that_all_steps_have() {
    let (before, _) = parts();
    let (one_row, _) = before.split_once("\n## Many rows").unwrap();
    let rows = one_row.lines().filter_map(|line| line.strip_prefix("| `"));
    let calls = rows.filter_map(|row| Some(row.split_once('`')?.0.replace("\\|", "|")));
    let calls: Vec<_> = calls.collect();
    assert!(calls.len() > 100, "{calls:?}");
    for call in calls {
        let text = format!(
            "CREATE TABLE t (i INT, ts TIMESTAMP(3), ltz TIMESTAMP_LTZ(3), `day` DATE) \
             WITH ('connector' = 'datagen'); SELECT {call} AS x FROM t"
        );
        let job = plan(&text, &Settings::new("job", Clock::System));
        let job = job.unwrap_or_else(|error| panic!("{error}: {call}"));
        let of = job.queries[0].plan.schema().field(0).data_type().clone();
        let is_other = matches!(of, DataType::Utf8View | DataType::LargeUtf8);
        assert!(!is_other, "{call} is {of}");
    }
}

#[test]
fn what_is_not_here_is_refused() {
    let (_, behind) = parts();
    let (own, _) = behind.split_once("\n## ").unwrap();
    let (_, list) = own.split_once(":\n").unwrap();
    let names: Vec<_> = list.split('`').skip(1).step_by(2).collect();
    assert!(names.len() > 20, "{names:?}");
    let functions = functions();
    let known: Vec<_> = names.iter().filter(|name| functions.knows(name)).collect();
    assert!(known.is_empty(), "FUNCTIONS.md does not know of {known:?}");
}

/// The names in the first cells of the table that this head begins.
fn rows_below(head: &str) -> BTreeSet<String> {
    let (_, table) = REFERENCE.split_once(head).unwrap();
    let rows = table
        .lines()
        .skip(2)
        .map_while(|row| row.strip_prefix("| "));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    let names = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    names.map(str::to_owned).collect()
}

/// The options that a table of this connector can have, if it has these.
fn options(connector: &str, said: &[(&str, &str)]) -> Vec<String> {
    let at = Location::empty();
    let said = [&[("connector", connector)], said].concat();
    let settings: Vec<_> = said
        .into_iter()
        .map(|(key, value)| Setting {
            at,
            key: key.to_owned(),
            value_at: at,
            value: value.to_owned(),
        })
        .collect();
    let mut options = Options::new(at, &settings);
    connector::read(&mut options, &[("COLUMN", &DataType::Int32)]).unwrap();
    options.asked
}

#[test]
fn each_option_and_each_setting_has_its_line() {
    let url = ("url", "http://localhost");
    let [json, csv] = ["json", "csv"].map(|format| [("path", "x"), ("format", format)]);
    let sequence = [
        ("fields.COLUMN.kind", "sequence"),
        ("fields.COLUMN.start", "1"),
        ("fields.COLUMN.end", "2"),
    ];
    let known = CONNECTORS.iter().flat_map(|connector| match *connector {
        "brooklet" => options(connector, &[("topic", "x")]),
        "http" => options(connector, &[url]),
        "filesystem" => [json, csv]
            .iter()
            .flat_map(|said| options(connector, said))
            .collect(),
        "datagen" => [&[], &sequence[..]]
            .iter()
            .flat_map(|said| options(connector, said))
            .collect(),
        other => options(other, &[]),
    });
    let known: BTreeSet<_> = known.filter(|key| key != "connector").collect();
    assert_eq!(rows_below("| option | of |"), known);
    let settings = settings::KEYS.map(str::to_owned);
    assert_eq!(rows_below("| setting | default |"), settings.into());
}
