//! A JSON value into its column, by the rules of Flink's JSON format.
//!
//! | column | takes | what else |
//! |---|---|---|
//! | BOOLEAN | `true`, `false` | a string or number is true if it says `true`, in any case, and else false |
//! | TINYINT, SMALLINT | whole numbers in range | strings of them |
//! | INT, BIGINT | numbers in range, without their fraction | strings of whole ones |
//! | FLOAT, DOUBLE | numbers | strings of them, `NaN` and `Infinity` too |
//! | DECIMAL | numbers, rounded half up | strings of them; null where there are too many digits |
//! | STRING | strings | numbers and booleans as they are written, arrays and objects without white space |
//! | BYTES | strings of base64 | |
//! | DATE, TIME, TIMESTAMP, TIMESTAMP_LTZ | strings, see `moment` | |
//! | ROW, MAP | objects; of several members with one name, the last | |
//! | ARRAY | arrays | |
//!
//! White space around a number in a string is passed over; where numbers have to be bare, strings are
//! none. All else is a fault: of the record, or,
//! where parse errors are ignored, of the innermost value that may be null, and is null then.
//! Flink differs where an object or array stands for a BOOLEAN: it is no fault there.

use std::collections::HashMap;

use super::{
    Json, Reason,
    column::{Column, List, Map, Values},
    digits,
    object::Members,
    scan::Scanner,
};

impl Column {
    /// Passes a value and adds it. What cannot be read as the column's type is added as a null, and
    /// an error unless errors are ignored and there may be nulls. After [`Reason::NotJson`] the
    /// column is to be cut back, and the value was not passed.
    #[inline]
    pub(super) fn read(
        &mut self,
        scanner: &mut Scanner<'_>,
        depth: usize,
        options: Json,
    ) -> Result<(), Reason> {
        if self.read_usual(scanner, options) {
            return Ok(());
        }
        self.read_other(scanner, depth, options)
    }

    /// Passes a value that is written as most of the column's type are, and adds it; tells whether one
    /// stands here.
    #[inline(always)]
    pub(super) fn read_usual(&mut self, scanner: &mut Scanner<'_>, options: Json) -> bool {
        let length = self.values.take_usual(*scanner, options);
        scanner.at += length.unwrap_or_default();
        self.rows += usize::from(length.is_some());
        length.is_some()
    }

    #[cold]
    fn read_other(
        &mut self,
        scanner: &mut Scanner<'_>,
        depth: usize,
        options: Json,
    ) -> Result<(), Reason> {
        match self.values.take(scanner, depth, options) {
            Ok(true) => self.rows += 1,
            Ok(false) => return self.null(),
            Err(Reason::NotJson) => return Err(Reason::NotJson),
            Err(reason) => return self.fault(reason, options.ignore_parse_errors),
        }
        Ok(())
    }

    /// Adds a null, if there may be one.
    pub(super) fn null(&mut self) -> Result<(), Reason> {
        self.add_null();
        if self.nullable {
            Ok(())
        } else {
            Err(Reason::WrongType)
        }
    }

    /// Adds a null for what could not be read, of which some may have been added.
    pub(super) fn fault(&mut self, reason: Reason, ignored: bool) -> Result<(), Reason> {
        self.truncate(self.rows);
        self.null().and(if ignored { Ok(()) } else { Err(reason) })
    }
}

impl Values {
    /// Adds the value with which the text begins, if it is written as most of the type are; returns its
    /// length. The most frequent types are looked for first, without a jump to one of many.
    #[inline(always)]
    fn take_usual(&mut self, scanner: Scanner<'_>, options: Json) -> Option<usize> {
        if let Self::Int64(values) = self {
            let (number, length) = digits::integer(scanner)?;
            values.push(number);
            return Some(length);
        }
        if let Self::Float64(values) = self {
            let (number, length) = digits::decimal(scanner)?;
            values.push(number);
            return Some(length);
        }
        self.take_usual_of_others(scanner, options)
    }

    #[inline(never)]
    fn take_usual_of_others(&mut self, mut scanner: Scanner<'_>, options: Json) -> Option<usize> {
        match self {
            Self::Int32(values) => {
                let (number, length) = digits::integer(scanner)?;
                values.push(number.try_into().ok()?);
                Some(length)
            }
            Self::Text(pieces) => {
                let from = scanner.at;
                let text = scanner.string().ok().filter(|text| !text.escaped)?;
                pieces.add(text.raw);
                Some(scanner.at - from)
            }
            Self::Moment(moments) => {
                let text = scanner.rest().strip_prefix(b"\"")?;
                let length = moments.take(text, options.timestamps)?;
                moments.check_end(text.get(length) == Some(&b'"'))?;
                Some(length + 2)
            }
            _ => None,
        }
    }

    const fn is_number(&self) -> bool {
        matches!(
            self,
            Self::Int8(_)
                | Self::Int16(_)
                | Self::Int32(_)
                | Self::Int64(_)
                | Self::Float32(_)
                | Self::Float64(_)
                | Self::Decimal(_)
        )
    }

    /// Passes any value, and adds it unless it is null; tells whether it is there.
    fn take(
        &mut self,
        scanner: &mut Scanner<'_>,
        depth: usize,
        options: Json,
    ) -> Result<bool, Reason> {
        let taken = match (scanner.peek(), self) {
            (Some(b'n'), _) => scanner.word(b"null").map(|()| Some(false))?,
            (Some(b't'), values) => {
                scanner.word(b"true")?;
                values.take_boolean(true)
            }
            (Some(b'f'), values) => {
                scanner.word(b"false")?;
                values.take_boolean(false)
            }
            (Some(b'-' | b'0'..=b'9'), values) => values.take_number(scanner.number()?),
            (Some(b'"'), values) => {
                let string = scanner.string()?;
                if options.bare_numbers && values.is_number() {
                    return Err(Reason::WrongType);
                }
                values.take_text(&string.characters(), options.timestamps)
            }
            (Some(b'{'), Self::Row(row)) => {
                row.object
                    .read(scanner, Members::default(), depth, options)?;
                Some(true)
            }
            (Some(b'{'), Self::Map(map)) => map.read(scanner, depth, options).map(Some)?,
            (Some(b'['), Self::List(list)) => list.read(scanner, depth, options).map(Some)?,
            (_, values) => {
                let from = scanner.at;
                scanner.skip(depth)?;
                values.take_structure(scanner.since(from))
            }
        };
        taken.ok_or(Reason::WrongType)
    }
}

impl List {
    fn read(
        &mut self,
        scanner: &mut Scanner<'_>,
        depth: usize,
        options: Json,
    ) -> Result<bool, Reason> {
        let mut fault = None;
        scanner.elements(depth, |scanner, depth| {
            note(self.element.read(scanner, depth, options), &mut fault)
        })?;
        self.end();
        fault.map_or(Ok(true), Err)
    }
}

impl Map {
    /// Members are passed once to find the last of each name, and then those are read.
    fn read(
        &mut self,
        scanner: &mut Scanner<'_>,
        depth: usize,
        options: Json,
    ) -> Result<bool, Reason> {
        let mut members = Vec::new();
        scanner.members(depth, |scanner, depth| {
            let key = scanner.string()?;
            scanner.colon()?;
            members.push((key.characters(), scanner.at));
            scanner.skip(depth)
        })?;
        let end = scanner.at;
        let last: HashMap<_, _> = members.iter().map(|(key, at)| (key, *at)).collect();
        let mut fault = None;
        for (key, at) in &members {
            if last.get(key) == Some(at) {
                self.keys.add_text(key);
                scanner.at = *at;
                note(self.values.read(scanner, depth + 1, options), &mut fault)?;
            }
        }
        scanner.at = end;
        self.end();
        fault.map_or(Ok(true), Err)
    }
}

/// Notes the first fault of a part; only what is no JSON ends the reading.
fn note(read: Result<(), Reason>, fault: &mut Option<Reason>) -> Result<(), Reason> {
    match read {
        Err(Reason::NotJson) => Err(Reason::NotJson),
        Err(reason) => {
            fault.get_or_insert(reason);
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}
