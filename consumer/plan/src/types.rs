//! Flink's types in its syntax ↔ Arrow's types. A timestamp has the coarsest unit that holds its
//! precision; text has no length.

use std::sync::Arc;

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Field, Fields, TimeUnit};
use datafusion_sql::sqlparser::{
    parser::Parser,
    tokenizer::{Location, Token},
};

pub(super) use compute::type_name as name;

use super::error::{Fault, begin, did_you_mean};

/// A type, and whether a value may be null.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Type {
    pub(super) data_type: DataType,
    pub(super) nullable: bool,
}

/// The time of a time attribute: in milliseconds.
pub(super) const MILLISECONDS: DataType = DataType::Timestamp(TimeUnit::Millisecond, None);

const NAMES: [&str; 30] = [
    "BOOLEAN",
    "TINYINT",
    "SMALLINT",
    "INT",
    "INTEGER",
    "BIGINT",
    "FLOAT",
    "DOUBLE",
    "DECIMAL",
    "DEC",
    "NUMERIC",
    "STRING",
    "VARCHAR",
    "CHAR",
    "BYTES",
    "VARBINARY",
    "BINARY",
    "DATE",
    "TIME",
    "TIMESTAMP",
    "TIMESTAMP_LTZ",
    "ROW",
    "ARRAY",
    "MAP",
    "MULTISET",
    "INTERVAL",
    "RAW",
    "STRUCTURED",
    "VARIANT",
    "DESCRIPTOR",
];
const UNSUPPORTED: [&str; 6] = [
    "MULTISET",
    "INTERVAL",
    "RAW",
    "STRUCTURED",
    "VARIANT",
    "DESCRIPTOR",
];

/// Reads a type. `zone` is where `TIMESTAMP_LTZ` is local.
pub(super) fn parse(parser: &mut Parser<'_>, zone: &str) -> Result<Type, Fault> {
    let token = parser.next_token();
    let at = begin(token.span);
    let Token::Word(word) = token.token else {
        return Err(Fault::new(at, format!("'{}' is not a type", token.token)));
    };
    let name = word.value.to_uppercase();
    let mut data_type = match name.as_str() {
        "DOUBLE" => {
            take_word(parser, "PRECISION");
            DataType::Float64
        }
        "DECIMAL" | "DEC" | "NUMERIC" => decimal(&numbers(parser)?, at)?,
        "STRING" | "VARCHAR" | "CHAR" => {
            numbers(parser)?;
            DataType::Utf8
        }
        "BYTES" | "VARBINARY" | "BINARY" => {
            numbers(parser)?;
            DataType::Binary
        }
        "TIME" => {
            numbers(parser)?;
            take_words(parser, &["WITHOUT", "TIME", "ZONE"]);
            DataType::Time32(TimeUnit::Millisecond)
        }
        "TIMESTAMP" => timestamp(parser, zone, at)?,
        "TIMESTAMP_LTZ" => DataType::Timestamp(unit(&numbers(parser)?, at)?, Some(zone.into())),
        "ROW" => row(parser, zone)?,
        "ARRAY" => {
            let [element] = parameters(parser, zone)?;
            list(element)
        }
        "MAP" => map(parameters(parser, zone)?),
        _ => simple(&name, at)?,
    };
    while take_word(parser, "ARRAY") {
        let nullable = true;
        data_type = list(Type {
            data_type,
            nullable,
        });
    }
    let nullable = !take_words(parser, &["NOT", "NULL"]);
    take_word(parser, "NULL");
    Ok(Type {
        data_type,
        nullable,
    })
}

fn simple(name: &str, at: Location) -> Result<DataType, Fault> {
    Ok(match name {
        "BOOLEAN" => DataType::Boolean,
        "TINYINT" => DataType::Int8,
        "SMALLINT" => DataType::Int16,
        "INT" | "INTEGER" => DataType::Int32,
        "BIGINT" => DataType::Int64,
        "FLOAT" => DataType::Float32,
        "DATE" => DataType::Date32,
        _ if UNSUPPORTED.contains(&name) => {
            let instead = "there are numbers, STRING, BYTES, times, ROW, ARRAY and MAP";
            return Err(Fault::unsupported(at, &format!("the type {name}"), instead));
        }
        _ => {
            let hint = did_you_mean(name, NAMES.into_iter());
            return Err(Fault::new(at, format!("there is no type {name}{hint}")));
        }
    })
}

fn timestamp(parser: &mut Parser<'_>, zone: &str, at: Location) -> Result<DataType, Fault> {
    let unit = unit(&numbers(parser)?, at)?;
    if take_words(parser, &["WITH", "LOCAL", "TIME", "ZONE"]) {
        return Ok(DataType::Timestamp(unit, Some(zone.into())));
    }
    if take_words(parser, &["WITH", "TIME", "ZONE"]) {
        let instead = "write TIMESTAMP(3) or TIMESTAMP_LTZ(3)";
        return Err(Fault::unsupported(at, "TIMESTAMP WITH TIME ZONE", instead));
    }
    take_words(parser, &["WITHOUT", "TIME", "ZONE"]);
    Ok(DataType::Timestamp(unit, None))
}

/// Of a timestamp of this precision; 6 where none is said.
pub(super) fn unit(numbers: &[u64], at: Location) -> Result<TimeUnit, Fault> {
    match numbers.first().copied().unwrap_or(6) {
        0..=3 => Ok(TimeUnit::Millisecond),
        4..=6 => Ok(TimeUnit::Microsecond),
        7..=9 => Ok(TimeUnit::Nanosecond),
        other => {
            let message = format!("a timestamp's precision is from 0 to 9, not {other}");
            Err(Fault::new(at, message))
        }
    }
}

/// Of these digits, and so many of them behind the point; ten and none where nothing is said.
pub(super) fn decimal(numbers: &[u64], at: Location) -> Result<DataType, Fault> {
    let precision = numbers.first().copied().unwrap_or(10);
    let scale = numbers.get(1).copied().unwrap_or(0);
    let fits = (1..=u64::from(DECIMAL128_MAX_PRECISION)).contains(&precision);
    match (u8::try_from(precision), i8::try_from(scale)) {
        (Ok(digits), Ok(behind)) if fits && scale <= precision => {
            Ok(DataType::Decimal128(digits, behind))
        }
        _ => {
            let message = "a DECIMAL has from 1 to 38 digits, and no more of them behind the point";
            Err(Fault::new(at, message))
        }
    }
}

fn row(parser: &mut Parser<'_>, zone: &str) -> Result<DataType, Fault> {
    let is_angled = open(parser, true)?;
    let mut fields = Vec::new();
    loop {
        let name = parser.parse_identifier()?.value;
        let of = parse(parser, zone)?;
        // A comment in a row's field says nothing to a machine.
        if let Token::SingleQuotedString(_) = parser.peek_token_ref().token {
            parser.next_token();
        }
        fields.push(Field::new(name, of.data_type, of.nullable));
        if !parser.consume_token(&Token::Comma) {
            break;
        }
    }
    close(parser, is_angled)?;
    Ok(DataType::Struct(Fields::from(fields)))
}

fn parameters<const N: usize>(parser: &mut Parser<'_>, zone: &str) -> Result<[Type; N], Fault> {
    let at = begin(parser.peek_token_ref().span);
    let is_angled = open(parser, false)?;
    let mut types = vec![parse(parser, zone)?];
    while parser.consume_token(&Token::Comma) {
        types.push(parse(parser, zone)?);
    }
    close(parser, is_angled)?;
    let wrong = |_| Fault::new(at, format!("this type is made of {N} types"));
    types.try_into().map_err(wrong)
}

fn open(parser: &mut Parser<'_>, may_be_round: bool) -> Result<bool, Fault> {
    if may_be_round && parser.consume_token(&Token::LParen) {
        return Ok(false);
    }
    parser.expect_token(&Token::Lt)?;
    Ok(true)
}

fn close(parser: &mut Parser<'_>, is_angled: bool) -> Result<(), Fault> {
    parser.expect_token(if is_angled {
        &Token::Gt
    } else {
        &Token::RParen
    })?;
    Ok(())
}

fn list(element: Type) -> DataType {
    DataType::new_list(element.data_type, element.nullable)
}

fn map([key, value]: [Type; 2]) -> DataType {
    let key = Field::new("key", key.data_type, false);
    let value = Field::new("value", value.data_type, value.nullable);
    let entries = DataType::Struct(Fields::from(vec![key, value]));
    DataType::Map(Arc::new(Field::new("entries", entries, false)), false)
}

/// The numbers in round brackets, if there are any.
fn numbers(parser: &mut Parser<'_>) -> Result<Vec<u64>, Fault> {
    let mut numbers = Vec::new();
    if !parser.consume_token(&Token::LParen) {
        return Ok(numbers);
    }
    loop {
        numbers.push(parser.parse_literal_uint()?);
        if !parser.consume_token(&Token::Comma) {
            break;
        }
    }
    parser.expect_token(&Token::RParen)?;
    Ok(numbers)
}

/// Takes a word that the parser may not know as a keyword.
pub(super) fn take_word(parser: &mut Parser<'_>, word: &str) -> bool {
    take_words(parser, &[word])
}

/// Takes words if all of them stand here.
pub(super) fn take_words(parser: &mut Parser<'_>, words: &[&str]) -> bool {
    let is_word = |(n, word): (usize, &&str)| match &parser.peek_nth_token_ref(n).token {
        Token::Word(found) => found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word),
        _ => false,
    };
    let all = words.iter().enumerate().all(is_word);
    if all {
        words.iter().for_each(|_| parser.advance_token());
    }
    all
}

/// The type with each `TIMESTAMP_LTZ` in it local in this zone.
pub(super) fn in_zone(data_type: DataType, zone: &str) -> DataType {
    let field = |field: &Arc<Field>| {
        let of = in_zone(field.data_type().clone(), zone);
        Arc::new(field.as_ref().clone().with_data_type(of))
    };
    match data_type {
        DataType::Timestamp(unit, Some(_)) => DataType::Timestamp(unit, Some(zone.into())),
        DataType::List(element) => DataType::List(field(&element)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(field).collect()),
        DataType::Map(entries, is_sorted) => DataType::Map(field(&entries), is_sorted),
        other => other,
    }
}
