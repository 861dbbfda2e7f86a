//! The keys and aggregates of a step, made ready: expressions over a batch → columns, and an
//! accumulator for each aggregate.

use arrow::{
    array::{Array, ArrayRef, UInt32Array},
    buffer::NullBuffer,
    compute::take,
    datatypes::{
        DataType, Date32Type, Date64Type, Decimal128Type, Float32Type, Float64Type, Int8Type,
        Int16Type, Int32Type, Int64Type, Schema, Time32MillisecondType, TimestampMillisecondType,
    },
    record_batch::RecordBatch,
};

use super::{
    Accumulator, Input,
    arrived::Arrived,
    chosen::{self, Chosen, Primitive},
    count::Count,
    counted::Counted,
    distinct::{Distinct, MEMBERS_MAX, Sets},
    other::Other,
    seen::{Members, Seen, Times},
    sorted::Sorter,
    spread::{self, Spread},
    tally::{Exact, Real, Whole},
    total::{self, Total},
    values::Narrow,
};
use crate::{
    plan::{Aggregate, Expression, Function},
    transform::{
        changes::Changes,
        error::Fault,
        expression::{column, columns, truth},
        group::is_narrow,
    },
};

/// What a step computes of its rows.
#[derive(Debug)]
pub(in crate::transform) struct Program {
    keys: Vec<Expression>,
    /// The types of the keys.
    pub(in crate::transform) key_types: Vec<DataType>,
    aggregates: Vec<Prepared>,
    /// Whether rows may be taken back.
    pub(in crate::transform) retracts: bool,
    needs_arrivals: bool,
}

#[derive(Debug)]
struct Prepared {
    aggregate: Aggregate,
    arguments: Vec<Expression>,
    argument_type: DataType,
    result: DataType,
}

/// A batch as a table of groups takes it.
#[derive(Debug, Clone)]
pub(in crate::transform) struct Columns {
    pub(in crate::transform) rows: usize,
    pub(in crate::transform) keys: Vec<ArrayRef>,
    arguments: Vec<Argument>,
    pub(in crate::transform) adds: Option<Vec<bool>>,
    arrivals: Vec<u64>,
}

#[derive(Debug, Clone)]
struct Argument {
    values: Vec<ArrayRef>,
    valid: Option<NullBuffer>,
}

impl Program {
    /// Makes keys and aggregates ready for rows of `input`; `results` are the aggregates' types.
    pub(in crate::transform) fn new(
        keys: &[Expression],
        aggregates: &[Aggregate],
        input: &Schema,
        results: &[DataType],
        retracts: bool,
    ) -> Result<Self, Fault> {
        let key_types = keys
            .iter()
            .map(|key| key.data_type(input))
            .collect::<Result<_, _>>()?;
        let by_arrival = |one: &Aggregate| matches!(one.function, Function::First | Function::Last);
        let prepared = aggregates.iter().zip(results);
        let prepared = prepared.map(|(one, result)| Prepared::new(one, input, result.clone()));
        Ok(Self {
            keys: keys.to_vec(),
            key_types,
            aggregates: prepared.collect::<Result<_, _>>()?,
            retracts,
            needs_arrivals: aggregates.iter().any(by_arrival),
        })
    }

    /// New accumulators, without groups.
    pub(in crate::transform) fn accumulators(&self) -> Result<Vec<Box<dyn Accumulator>>, Fault> {
        self.aggregates
            .iter()
            .map(|one| one.accumulator(self.retracts))
            .collect()
    }

    /// Which aggregates count each value once, by their numbers: those together that count the same
    /// values, as far as they can share a set.
    pub(super) fn distincts(&self) -> Vec<Vec<usize>> {
        let mut all: Vec<Vec<usize>> = Vec::new();
        let argument = |at: &usize| self.aggregates.get(*at).map(|one| &one.aggregate.argument);
        for (at, one) in self.aggregates.iter().enumerate() {
            if !one.is_distinct() {
                continue;
            }
            let shared = all.iter_mut().find(|members| {
                let is_same = members.first().and_then(argument) == argument(&at);
                is_same && members.len() < MEMBERS_MAX && !self.retracts
            });
            match shared {
                Some(members) => members.push(at),
                None => all.push(vec![at]),
            }
        }
        all
    }

    /// A set for these.
    pub(super) fn distinct(&self, members: &[usize]) -> Result<Box<dyn Distinct>, Fault> {
        let first = members.first().and_then(|at| self.aggregates.get(*at));
        let of = first.map_or(DataType::Null, |one| one.argument_type.clone());
        match self.retracts {
            true => sets::<Times>(of, members.len()),
            false => sets::<Members>(of, members.len()),
        }
    }

    /// Computes keys and arguments. The first row is the `first`-th of all.
    pub(in crate::transform) fn columns(
        &self,
        changes: &Changes,
        first: u64,
    ) -> Result<Columns, Fault> {
        let rows = changes.rows.num_rows();
        let arguments = self
            .aggregates
            .iter()
            .map(|one| one.argument(&changes.rows));
        let ops = if self.retracts {
            changes.ops.as_ref()
        } else {
            None
        };
        let arrivals = first..first + u64::try_from(rows).unwrap_or_default();
        Ok(Columns {
            rows,
            keys: columns(&self.keys, &changes.rows)?,
            arguments: arguments.collect::<Result<_, _>>()?,
            adds: ops.map(|ops| ops.iter().map(|op| op.adds()).collect()),
            arrivals: if self.needs_arrivals {
                arrivals.collect()
            } else {
                Vec::new()
            },
        })
    }
}

impl Prepared {
    fn new(aggregate: &Aggregate, input: &Schema, result: DataType) -> Result<Self, Fault> {
        let arguments = match &aggregate.function {
            Function::Other(function) => function.expressions(),
            _ => aggregate.argument.iter().cloned().collect(),
        };
        let argument_type = match arguments.first() {
            Some(argument) => argument.data_type(input)?,
            None => DataType::Null,
        };
        Ok(Self {
            aggregate: aggregate.clone(),
            arguments,
            argument_type,
            result,
        })
    }

    fn argument(&self, rows: &RecordBatch) -> Result<Argument, Fault> {
        let filter = self
            .aggregate
            .filter
            .as_ref()
            .map(|filter| truth(filter, rows));
        let kept = filter
            .transpose()?
            .map(|kept| NullBuffer::new(kept.values().clone()));
        // As in Flink the argument is computed of rows that do not count too, and may fail there.
        let values = self.arguments.iter().map(|one| column(one, rows));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        let nulls = match self.aggregate.function {
            // They have their own way with nulls.
            Function::Other(_) => None,
            _ => values.first().and_then(|value| value.logical_nulls()),
        };
        let valid = NullBuffer::union(nulls.as_ref(), kept.as_ref());
        let valid = valid.filter(|valid| valid.null_count() > 0);
        Ok(Argument { values, valid })
    }

    /// Whether equal values count once; they change nothing of other aggregates.
    const fn is_distinct(&self) -> bool {
        let cares = matches!(
            self.aggregate.function,
            Function::Count | Function::Sum | Function::Average
        );
        self.aggregate.distinct && cares
    }

    fn accumulator(&self, retracts: bool) -> Result<Box<dyn Accumulator>, Fault> {
        let which = match &self.aggregate.function {
            Function::Count => return Ok(Box::new(Count::default())),
            Function::Sum => return self.total(total::Which::Sum),
            Function::Average => return self.total(total::Which::Average),
            Function::Other(function) if !retracts => {
                return Ok(match spread::Which::of(function.fun().name()) {
                    Some(which) if !self.aggregate.distinct => Box::new(Spread::new(which)),
                    _ => Box::new(Other::new(function.clone())),
                });
            }
            Function::Minimum => chosen::Which::Minimum,
            Function::Maximum => chosen::Which::Maximum,
            Function::First => chosen::Which::First,
            Function::Last => chosen::Which::Last,
            Function::Other(_) => {
                return Err(unsupported(self, "of rows that are taken back"));
            }
        };
        match which {
            chosen::Which::Minimum | chosen::Which::Maximum if retracts => {
                let is_maximum = which == chosen::Which::Maximum;
                Ok(Box::new(Counted::new(
                    is_maximum,
                    self.argument_type.clone(),
                )?))
            }
            chosen::Which::First | chosen::Which::Last if retracts => {
                let is_last = which == chosen::Which::Last;
                Ok(Box::new(Arrived::new(is_last, self.argument_type.clone())?))
            }
            which => chosen_of(which, &self.argument_type),
        }
    }

    fn total(&self, which: total::Which) -> Result<Box<dyn Accumulator>, Fault> {
        let (from, to) = (self.argument_type.clone(), self.result.clone());
        Ok(match from {
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => {
                Box::new(Total::<Whole>::new(which, from, to))
            }
            DataType::Float32 | DataType::Float64 => Box::new(Total::<Real>::new(which, from, to)),
            DataType::Decimal128(_, _) => Box::new(Total::<Exact>::new(which, from, to)),
            other => return Err(unsupported(self, &format!("of {other}"))),
        })
    }
}

fn unsupported(what: &Prepared, of: &str) -> Fault {
    Fault::Unsupported(format!("{:?} {of}", what.aggregate.function))
}

fn sets<S: Seen + 'static>(of: DataType, members: usize) -> Result<Box<dyn Distinct>, Fault> {
    Ok(if is_narrow(&of) {
        Box::new(Sets::<_, S>::new(of.clone(), Narrow(of), members))
    } else {
        let sorter = Sorter::new(&of)?;
        Box::new(Sets::<_, S>::new(of, sorter, members))
    })
}

fn chosen_of(which: chosen::Which, of: &DataType) -> Result<Box<dyn Accumulator>, Fault> {
    macro_rules! primitive {
        ($of:ty) => {
            Box::new(Chosen::new(which, Primitive::<$of>::new(of.clone())))
        };
    }
    Ok(match of {
        DataType::Int8 => primitive!(Int8Type),
        DataType::Int16 => primitive!(Int16Type),
        DataType::Int32 => primitive!(Int32Type),
        DataType::Int64 => primitive!(Int64Type),
        DataType::Float32 => primitive!(Float32Type),
        DataType::Float64 => primitive!(Float64Type),
        DataType::Decimal128(_, _) => primitive!(Decimal128Type),
        DataType::Date32 => primitive!(Date32Type),
        DataType::Date64 => primitive!(Date64Type),
        DataType::Time32(arrow::datatypes::TimeUnit::Millisecond) => {
            primitive!(Time32MillisecondType)
        }
        DataType::Timestamp(arrow::datatypes::TimeUnit::Millisecond, _) => {
            primitive!(TimestampMillisecondType)
        }
        of => Box::new(Chosen::new(which, Sorter::new(of)?)),
    })
}

impl Columns {
    /// The `at`-th aggregate's view of these rows, which are of `groups`.
    pub(in crate::transform) fn input<'a>(&'a self, at: usize, groups: &'a [u32]) -> Input<'a> {
        let argument = self.arguments.get(at);
        Input {
            groups,
            values: argument.map_or(&[], |argument| &argument.values),
            valid: argument.and_then(|argument| argument.valid.as_ref()),
            adds: self.adds.as_deref(),
            arrivals: &self.arrivals,
        }
    }

    /// These rows alone, in this order.
    pub(in crate::transform) fn take(&self, order: &UInt32Array) -> Result<Self, Fault> {
        let taken = |all: &[ArrayRef]| {
            let each = all.iter().map(|one| take(one, order, None));
            each.collect::<Result<Vec<_>, _>>()
        };
        let arguments = self.arguments.iter().map(|argument| {
            let valid = argument.valid.as_ref().map(|valid| {
                let at = |row: &u32| valid.is_valid(*row as usize);
                order.values().iter().map(at).collect::<Vec<_>>().into()
            });
            Ok(Argument {
                values: taken(&argument.values)?,
                valid,
            })
        });
        Ok(Self {
            rows: order.len(),
            keys: taken(&self.keys)?,
            arguments: arguments.collect::<Result<_, Fault>>()?,
            adds: self.adds.as_ref().map(|all| pick(all, order)),
            arrivals: pick(&self.arrivals, order),
        })
    }

    /// `length` rows from `from` on.
    pub(in crate::transform) fn slice(&self, from: usize, length: usize) -> Self {
        let sliced = |all: &[ArrayRef]| all.iter().map(|one| one.slice(from, length)).collect();
        let arguments = self.arguments.iter().map(|argument| Argument {
            values: sliced(&argument.values),
            valid: argument
                .valid
                .as_ref()
                .map(|valid| valid.slice(from, length)),
        });
        let part = from..from + length;
        let adds = self.adds.as_ref().and_then(|all| all.get(part.clone()));
        Self {
            rows: length,
            keys: sliced(&self.keys),
            arguments: arguments.collect(),
            adds: adds.map(<[bool]>::to_vec),
            arrivals: self.arrivals.get(part).unwrap_or_default().to_vec(),
        }
    }
}

fn pick<T: Copy>(all: &[T], order: &UInt32Array) -> Vec<T> {
    let rows = order.values().iter();
    rows.filter_map(|row| all.get(*row as usize).copied())
        .collect()
}
