//! Why a text is no job. Each error says at which line and column, and what to write instead where
//! that is known.

use datafusion_common::{DataFusionError, SchemaError};
use datafusion_sql::sqlparser::{
    parser::ParserError,
    tokenizer::{Location, Span, TokenizerError},
};

use super::chains::too_deep;

/// Why a text is no job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{job}:{line}:{column}: {message}")]
pub struct Error {
    /// The name of the text: that of its file.
    pub job: String,
    /// Where; the first line is 1.
    pub line: u64,
    /// Where in the line; the first character is 1.
    pub column: u64,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// An error of which it is not yet known in which text it is; and maybe not yet where.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub(super) struct Fault {
    pub(super) at: Location,
    /// What it is about is the first such word from `at` on.
    pub(super) word: Option<String>,
    /// Whether that may stand in a view before, where it does not stand behind.
    pub(super) is_in_view: bool,
    pub(super) message: String,
}

/// Nowhere in the text, or not known where.
pub(super) const NOWHERE: Location = Location { line: 0, column: 0 };

impl Fault {
    pub(super) fn new(at: Location, message: impl Into<String>) -> Self {
        Self {
            at,
            word: None,
            is_in_view: false,
            message: message.into(),
        }
    }

    /// That this is not supported, and what is.
    pub(super) fn unsupported(at: Location, what: &str, instead: &str) -> Self {
        Self::new(at, format!("{what} is not supported; {instead}"))
    }

    /// The same, at a place where none is known yet.
    pub(super) fn or_at(self, at: Location) -> Self {
        if self.at == NOWHERE {
            Self { at, ..self }
        } else {
            self
        }
    }

    /// The same, at the first such word from its place on.
    pub(super) fn at_word(self, word: &str) -> Self {
        Self {
            word: Some(word.to_owned()),
            ..self
        }
    }

    /// The same, at the first such word from its place on, or else the first that there is.
    pub(super) fn at_word_or_in_view(self, word: &str) -> Self {
        Self {
            is_in_view: true,
            ..self.at_word(word)
        }
    }

    pub(super) fn into_error(self, job: &str) -> Error {
        Error {
            job: job.to_owned(),
            line: self.at.line.max(1),
            column: self.at.column.max(1),
            message: self.message,
        }
    }
}

impl From<TokenizerError> for Fault {
    fn from(error: TokenizerError) -> Self {
        Self::new(error.location, sentence(&error.message))
    }
}

/// The parser tells the place in its message only.
impl From<ParserError> for Fault {
    fn from(error: ParserError) -> Self {
        let message = match error {
            ParserError::RecursionLimitExceeded => {
                return Self::new(NOWHERE, too_deep());
            }
            ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
        };
        let message = message.replace(
            "[NOT] NULL | TRUE | FALSE | DISTINCT | [form] NORMALIZED FROM after IS",
            "[NOT] NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM after IS",
        );
        let place = message.rsplit_once(" at Line: ");
        let parsed = place.and_then(|(text, numbers)| {
            let (line, column) = numbers.split_once(", Column: ")?;
            let (line, column) = (line.parse().ok()?, column.parse().ok()?);
            Some(Self::new(Location { line, column }, sentence(text)))
        });
        parsed.unwrap_or_else(|| Self::new(NOWHERE, sentence(&message)))
    }
}

/// For what is planned within DataFusion.
impl From<Fault> for DataFusionError {
    fn from(fault: Fault) -> Self {
        Self::External(Box::new(fault))
    }
}

impl From<DataFusionError> for Fault {
    fn from(error: DataFusionError) -> Self {
        let span = error.diagnostic().and_then(|diagnostic| diagnostic.span);
        let at = span.map_or(NOWHERE, |span| Location {
            line: span.start.line,
            column: span.start.column,
        });
        let fault = match error.find_root() {
            DataFusionError::External(inner) => inner.downcast_ref::<Self>().cloned(),
            DataFusionError::SchemaError(error, _) => Some(Self::new(NOWHERE, of_schema(error))),
            _ => None,
        };
        let plain = || Self::new(NOWHERE, sentence(&error.strip_backtrace()));
        fault.unwrap_or_else(plain).or_at(at)
    }
}

fn of_schema(error: &SchemaError) -> String {
    match error {
        SchemaError::FieldNotFound {
            field,
            valid_fields,
        } => {
            let names = valid_fields.iter().map(|field| field.name.as_str());
            format!(
                "there is no column '{}'{}",
                field.flat_name().replace('`', ""),
                did_you_mean(&field.name, names)
            )
        }
        SchemaError::AmbiguousReference { field } => format!(
            "the column '{}' could be one of several; write the name of its table before it",
            field.name
        ),
        SchemaError::DuplicateQualifiedField { name, .. }
        | SchemaError::DuplicateUnqualifiedField { name } => {
            format!("there are two columns '{name}'; give one another name by AS")
        }
    }
}

/// In lower case at its begin, and without the words that only say that it is an error.
fn sentence(text: &str) -> String {
    let prefixes = [
        "Error during planning: ",
        "This feature is not implemented: ",
        "Execution error: ",
        "Arrow error: ",
        "Cast error: ",
        "Invalid argument error: ",
        "sql parser error: ",
        "Parser error: ",
    ];
    // The cause says more than what has failed by it.
    let mut text = text.rsplit("caused by\n").next().unwrap_or(text).trim();
    while let Some(rest) = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)) {
        text = rest;
    }
    if let Some(plain) = of_groups(text).or_else(|| of_types(text)) {
        return plain;
    }
    // What a function says of its own arguments stands within what is said of that.
    if let Some((_, inner)) = text.split_once("coercion failed with: Error during planning: ") {
        text = inner;
    }
    // Of several ways to call it, the last with so many arguments is told.
    if text.contains("failed to match any signature, errors: ") {
        let mut ways = text.rsplit("Error during planning: ");
        let last = ways.clone().next();
        let way = ways.find(|way| way.starts_with("Function '") && !way.contains("arguments but"));
        text = way.or(last).unwrap_or(text);
    }
    let (text, _) = text
        .split_once(". No function matches")
        .unwrap_or((text, ""));
    if let Some(plain) = of_arguments(text) {
        return plain;
    }
    let line = in_names_of_flink(text.lines().next().unwrap_or_default());
    let mut characters = line.trim_end_matches('.').chars();
    let first = characters.next().unwrap_or('?');
    let rest = characters.as_str();
    if rest.starts_with(|c: char| c.is_uppercase()) {
        return format!("{first}{rest}");
    }
    format!("{}{rest}", first.to_lowercase())
}

/// What is wrong with groups, or with names, in fewer words.
fn of_groups(text: &str) -> Option<String> {
    let neither = "neither in GROUP BY nor in an aggregate function";
    if text.starts_with("Projections require unique expression names") {
        return Some("there are two columns of one name; give one another by AS".to_owned());
    }
    if let Some(call) = text.strip_prefix("Failed to coerce arguments to satisfy a call to '") {
        let (name, types) = call.split_once("' function: coercion from ")?;
        let (types, _) = types.split_once(" to the signature")?;
        let types = in_names_of_flink(types);
        return Some(format!("{} does not take ({types})", name.to_uppercase()));
    }
    if let Some((set, _)) = text.split_once(" queries have different number of columns") {
        let others = "queries that do not have as many columns as each other";
        return Some(format!("{set} of {others}"));
    }
    if text.contains("The subquery should only return one column") {
        return Some("a sub-query as a value has one column".to_owned());
    }
    if text.starts_with("Correlated scalar subquery must be aggregated") {
        let message = "a sub-query as a value that looks at columns of the rows aggregates all that belongs to one";
        return Some(format!("{message}, as by MAX(x)"));
    }
    if let Some(name) = text.strip_prefix("Invalid qualifier ") {
        return Some(format!("there is no table '{name}' in FROM"));
    }
    if let Some(names) = text.strip_prefix("could not parse compound identifier from ") {
        let names = names.lines().next()?.trim_matches(['[', ']']);
        let name = names.replace("\", \"", ".").replace('"', "");
        return Some(format!("only a ROW has fields, and '{name}' is in none"));
    }
    if let Some(field) = text.strip_suffix(" not found in struct") {
        let name = field.strip_prefix("Field ")?;
        return Some(format!("there is no field '{name}' in this ROW"));
    }
    let operator = text.strip_prefix("No infix parser for token Word(Word { value: \"");
    if let Some((name, _)) = operator.and_then(|rest| rest.split_once('"')) {
        return Some(format!("there is no operator {name}"));
    }
    if let Some(column) = text.strip_prefix("Column in HAVING must be in GROUP BY") {
        let (_, column) = column.split_once("column \"")?;
        let (column, _) = column.split_once('"')?;
        return Some(format!("HAVING has '{column}', which is {neither}"));
    }
    if text.starts_with("HAVING clause references") {
        return Some(format!("HAVING has a column that is {neither}"));
    }
    text.strip_prefix("Column in SELECT must be in GROUP BY or an aggregate function")?;
    let (_, column) = text.split_once("column \"")?;
    let (column, _) = column.split_once('"')?;
    Some(format!("SELECT has '{column}', which is {neither}"))
}

/// What is wrong with types, in fewer words.
fn of_types(text: &str) -> Option<String> {
    if text.starts_with("Cannot create filter with non-boolean predicate") {
        let (_, of) = text.rsplit_once(" returning ")?;
        let of = in_names_of_flink(of);
        let message = format!("a condition is BOOLEAN, and this is {of}; write a comparison");
        return Some(message);
    }
    if let Some(types) =
        text.strip_prefix("Cannot infer common argument type for logical boolean operation ")
    {
        let types = in_names_of_flink(types);
        return Some(format!(
            "a condition is BOOLEAN, and this is {types}; write a comparison"
        ));
    }
    if let Some(types) = text.strip_prefix("Cannot coerce arithmetic expression ") {
        let (types, _) = types.split_once(" to valid types")?;
        let types = in_names_of_flink(types);
        return Some(format!("{types} is not computed; write CAST"));
    }
    if let Some(types) = text.strip_prefix("There isn't a common type to coerce ") {
        let (types, _) = types.split_once(" in LIKE expression")?;
        let types = in_names_of_flink(types);
        return Some(format!(
            "LIKE is of texts, and these are {types}; write CAST"
        ));
    }
    if let Some(of) = text.strip_prefix("Unary operator 'NOT' requires a boolean expression, got ")
    {
        let of = in_names_of_flink(of);
        return Some(format!(
            "a condition is BOOLEAN, and this is {of}; write a comparison"
        ));
    }
    if text.starts_with("Unary operator '-' only supports") {
        return Some("only a number has a minus; write CAST".to_owned());
    }
    None
}

/// What is wrong with what a function is called with, in fewer words.
fn of_arguments(text: &str) -> Option<String> {
    let text = in_names_of_flink(text.lines().next()?.trim_end_matches('.'));
    let call = text.strip_prefix("Invalid function '");
    if let Some((name, _)) = call.and_then(|name| name.split_once('\'')) {
        let name = name.to_uppercase();
        return Some(format!("{name} takes another number of arguments"));
    }
    let (name, rest) = text.strip_prefix("Function '")?.split_once("' ")?;
    let name = name.to_uppercase();
    let numbers = rest.strip_prefix("expects ");
    let numbers = numbers.and_then(|numbers| numbers.split_once(" arguments but received "));
    if let Some((taken, given)) = numbers {
        let arguments = if taken == "1" {
            "argument"
        } else {
            "arguments"
        };
        return Some(format!(
            "{name} takes {taken} {arguments}, and these are {given}"
        ));
    }
    if rest.contains("Fail to find the coerced type") {
        return Some(format!("{name} is of values of one type; write CAST"));
    }
    let (_, of) = rest.split_once("but received ")?;
    let (of, _) = of.split_once(" (DataType").unwrap_or((of, ""));
    Some(format!("{name} does not take {}", of.to_uppercase()))
}

/// The types and functions that a message names, as Flink names them.
pub(super) fn in_names_of_flink(text: &str) -> String {
    let names = [
        ("Utf8", "STRING"),
        ("Int64", "BIGINT"),
        ("Int32", "INT"),
        ("Int16", "SMALLINT"),
        ("Int8", "TINYINT"),
        ("Float64", "DOUBLE"),
        ("Float32", "FLOAT"),
        ("Boolean", "BOOLEAN"),
        ("Date32", "DATE"),
        ("Decimal128(", "DECIMAL("),
        ("Timestamp(ms", "TIMESTAMP(3"),
        ("Timestamp(µs", "TIMESTAMP(6"),
        ("'btrim'", "'trim'"),
        ("'strpos'", "'position'"),
        ("'starts_with'", "'startswith'"),
        ("'ends_with'", "'endswith'"),
        ("'trunc'", "'truncate'"),
    ];
    let replace = |text: String, (arrow, flink): &(&str, &str)| text.replace(arrow, flink);
    without_zones(names.iter().fold(text.to_owned(), replace))
}

/// `TIMESTAMP(3, "UTC")` is `TIMESTAMP_LTZ(3)`.
fn without_zones(mut text: String) -> String {
    let places = |text: &str| {
        let zone = text.find(", \"")?;
        let begin = text.get(..zone)?.rfind("TIMESTAMP(")? + "TIMESTAMP".len();
        let end = zone + text.get(zone..)?.find("\")")? + 1;
        Some((begin, zone, end))
    };
    while let Some((begin, zone, end)) = places(&text) {
        text.replace_range(zone..end, "");
        text.insert_str(begin, "_LTZ");
    }
    text
}

/// `; did you mean 'x'?` with the name that is nearest, or what there is where nothing is near.
pub(super) fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<_> = known.collect();
    let distance =
        |other: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &other.to_lowercase());
    let nearest = known.iter().min_by_key(|other| distance(other));
    match nearest {
        Some(nearest) if distance(nearest) <= nearest.len().max(name.len()) / 3 => {
            format!("; did you mean '{nearest}'?")
        }
        Some(_) if known.len() <= KNOWN_MAX => format!("; there is {}", known.join(", ")),
        Some(_) | None => String::new(),
    }
}

/// So many names are told where none is near.
const KNOWN_MAX: usize = 20;

/// Where a span begins.
pub(super) const fn begin(span: Span) -> Location {
    span.start
}
