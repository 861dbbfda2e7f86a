//! Functions of text that DataFusion lacks.

use std::{cell::Cell, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, Int32Array, StringArray, StringBuilder},
    datatypes::{DataType, Int32Type},
};
use datafusion_common::{DataFusionError, Result, ScalarValue, exec_err};
use datafusion_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature,
    Volatility,
};
use regex::{NoExpand, Regex};

use super::Named;

/// A function that takes a part of a text by what stands around it.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Part {
    name: &'static str,
    by: By,
    signature: Signature,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum By {
    /// What stands between two separators, by its number from 0.
    Separator,
    /// A group of the first match, by its number; 0 is the whole match.
    Pattern,
}

/// The functions by name.
pub(super) fn functions() -> Vec<Named<ScalarUDF>> {
    let three = TypeSignature::Exact(vec![DataType::Utf8, DataType::Utf8, DataType::Int32]);
    let two = TypeSignature::Exact(vec![DataType::Utf8, DataType::Utf8]);
    let either = TypeSignature::OneOf(vec![three.clone(), two]);
    [
        ("split_index", By::Separator, three),
        ("regexp_extract", By::Pattern, either),
    ]
    .into_iter()
    .map(|(name, by, takes)| {
        let signature = Signature::new(takes, Volatility::Immutable);
        let part = Part {
            name,
            by,
            signature,
        };
        (name, Arc::new(ScalarUDF::from(part)))
    })
    .chain([
        ("regexp", Arc::new(ScalarUDF::from(Matches::new()))),
        ("regexp_replace", Arc::new(ScalarUDF::from(Replace::new()))),
    ])
    .collect()
}

impl ScalarUDFImpl for Part {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let [text, by, rest @ ..] = args.args.as_slice() else {
            return exec_err!("{} is of two or three arguments", self.name);
        };
        let (text, by) = (Texts::new(text)?, Texts::new(by)?);
        let number = rest.first().map(Numbers::new).transpose()?;
        let number = number.unwrap_or(Numbers::One(Some(0)));
        let mut found = StringBuilder::with_capacity(rows, 0);
        let mut pattern = Compiled::taken();
        for row in 0..rows {
            let all = (text.at(row), by.at(row), number.at(row));
            let (Some(text), Some(by), Some(number)) = all else {
                found.append_null();
                continue;
            };
            found.append_option(match self.by {
                By::Separator => split(text, by, number),
                By::Pattern => pattern.extract(text, by, number),
            });
        }
        pattern.keep();
        let found: ArrayRef = Arc::new(found.finish());
        once(found, &args.args)
    }
}

/// Puts a text, as it is written, in the place of all that a pattern matches.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Replace {
    signature: Signature,
}

impl Replace {
    fn new() -> Self {
        let takes = TypeSignature::Exact(vec![DataType::Utf8; 3]);
        let signature = Signature::new(takes, Volatility::Immutable);
        Self { signature }
    }
}

impl ScalarUDFImpl for Replace {
    fn name(&self) -> &'static str {
        "regexp_replace"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [text, pattern, by] = args.args.as_slice() else {
            return exec_err!("{} is of three texts", self.name());
        };
        let (text, pattern, by) = (Texts::new(text)?, Texts::new(pattern)?, Texts::new(by)?);
        let mut replaced = StringBuilder::with_capacity(args.number_rows, 0);
        let mut known = Compiled::taken();
        for row in 0..args.number_rows {
            let all = (text.at(row), pattern.at(row), by.at(row));
            let (Some(text), Some(pattern), Some(by)) = all else {
                replaced.append_null();
                continue;
            };
            let pattern = known.pattern(pattern);
            let new = pattern.map(|pattern| pattern.replace_all(text, NoExpand(by)));
            replaced.append_option(new);
        }
        known.keep();
        let replaced: ArrayRef = Arc::new(replaced.finish());
        once(replaced, &args.args)
    }
}

/// Whether a pattern matches some part of a text. The empty one does not, and no more does what is no
/// pattern.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Matches {
    signature: Signature,
}

impl Matches {
    fn new() -> Self {
        let takes = TypeSignature::Exact(vec![DataType::Utf8; 2]);
        let signature = Signature::new(takes, Volatility::Immutable);
        Self { signature }
    }
}

impl ScalarUDFImpl for Matches {
    fn name(&self) -> &'static str {
        "regexp"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [text, pattern] = args.args.as_slice() else {
            return exec_err!("{} is of two texts", self.name());
        };
        let (text, pattern) = (Texts::new(text)?, Texts::new(pattern)?);
        let mut known = Compiled::taken();
        let matches = (0..args.number_rows).map(|row| {
            let (text, pattern) = (text.at(row)?, pattern.at(row)?);
            let is_match = |known: &Regex| !pattern.is_empty() && known.is_match(text);
            Some(known.pattern(pattern).is_some_and(is_match))
        });
        let matches: BooleanArray = matches.collect();
        known.keep();
        once(Arc::new(matches), &args.args)
    }
}

/// The one value, where no argument has more than one.
pub(super) fn once(values: ArrayRef, arguments: &[ColumnarValue]) -> Result<ColumnarValue> {
    let is_scalar = |argument: &ColumnarValue| matches!(argument, ColumnarValue::Scalar(_));
    if !values.is_empty() && arguments.iter().all(is_scalar) {
        return Ok(ScalarValue::try_from_array(&values, 0)?.into());
    }
    Ok(ColumnarValue::Array(values))
}

fn split<'a>(text: &'a str, separator: &str, number: i32) -> Option<&'a str> {
    let number = usize::try_from(number).ok()?;
    match separator.as_bytes() {
        [] => Some(text).filter(|text| number == 0 && !text.is_empty()),
        [one] if one.is_ascii() => {
            let mut ends = memchr::memchr_iter(*one, text.as_bytes());
            let from = match number {
                0 => 0,
                number => ends.nth(number - 1)? + 1,
            };
            let to = ends.next().unwrap_or(text.len());
            text.get(from..to).filter(|_| !text.is_empty())
        }
        _ => text
            .split(separator)
            .nth(number)
            .filter(|_| !text.is_empty()),
    }
}

thread_local! {
    /// The patterns that this thread has used last: to make one ready costs as much as to find it in
    /// a thousand texts.
    static KNOWN: Cell<Vec<Known>> = const { Cell::new(Vec::new()) };
}

/// A pattern, made ready if it is one.
type Known = (String, Option<Regex>);

/// How many patterns a thread keeps.
const KNOWN_MAX: usize = 16;

/// The pattern of the row before, which is mostly that of the next, and others.
#[derive(Debug)]
struct Compiled {
    known: Vec<Known>,
    at: usize,
}

impl Compiled {
    fn taken() -> Self {
        Self {
            known: KNOWN.take(),
            at: 0,
        }
    }

    fn keep(self) {
        KNOWN.set(self.known);
    }

    /// The pattern, made ready if it is one.
    fn pattern(&mut self, text: &str) -> Option<&Regex> {
        let is_it = |(known, _): &Known| known == text;
        if !self.known.get(self.at).is_some_and(is_it) {
            let found = self.known.iter().position(is_it);
            self.at = found.unwrap_or_else(|| {
                if self.known.len() == KNOWN_MAX {
                    self.known.remove(0);
                }
                self.known.push((text.to_owned(), Regex::new(text).ok()));
                self.known.len() - 1
            });
        }
        self.known.get(self.at)?.1.as_ref()
    }

    /// Null where the pattern is none, does not match, or has no such group.
    fn extract<'a>(&mut self, text: &'a str, pattern: &str, group: i32) -> Option<&'a str> {
        let groups = self.pattern(pattern)?.captures(text)?;
        let group = groups.get(usize::try_from(group).ok()?)?;
        Some(group.as_str())
    }
}

/// One text for all rows, or one for each.
#[derive(Debug)]
pub(super) enum Texts {
    One(Option<String>),
    Each(StringArray),
}

impl Texts {
    pub(super) fn new(value: &ColumnarValue) -> Result<Self> {
        match value {
            ColumnarValue::Scalar(scalar) => match scalar.try_as_str() {
                Some(text) => Ok(Self::One(text.map(str::to_owned))),
                None => Err(not_of(&scalar.data_type())),
            },
            ColumnarValue::Array(array) => match array.as_string_opt::<i32>() {
                Some(texts) => Ok(Self::Each(texts.clone())),
                None => Err(not_of(array.data_type())),
            },
        }
    }

    pub(super) fn at(&self, row: usize) -> Option<&str> {
        match self {
            Self::One(text) => text.as_deref(),
            Self::Each(texts) => texts.is_valid(row).then(|| texts.value(row)),
        }
    }
}

/// One number for all rows, or one for each.
#[derive(Debug)]
enum Numbers {
    One(Option<i32>),
    Each(Int32Array),
}

impl Numbers {
    fn new(value: &ColumnarValue) -> Result<Self> {
        match value {
            ColumnarValue::Scalar(ScalarValue::Int32(number)) => Ok(Self::One(*number)),
            ColumnarValue::Scalar(other) => Err(not_of(&other.data_type())),
            ColumnarValue::Array(array) => match array.as_primitive_opt::<Int32Type>() {
                Some(numbers) => Ok(Self::Each(numbers.clone())),
                None => Err(not_of(array.data_type())),
            },
        }
    }

    fn at(&self, row: usize) -> Option<i32> {
        match self {
            Self::One(number) => *number,
            Self::Each(numbers) => numbers.is_valid(row).then(|| numbers.value(row)),
        }
    }
}

fn not_of(data_type: &DataType) -> DataFusionError {
    DataFusionError::Execution(format!("this is not of {data_type}"))
}
