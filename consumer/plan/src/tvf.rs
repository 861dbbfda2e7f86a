//! Window functions in FROM: `TUMBLE`, `HOP`, `CUMULATE` and `SESSION`, with arguments by place or by
//! name, with and without `TABLE( )` around them.

use std::{sync::Arc, time::Duration};

use arrow::datatypes::{DataType, TimeUnit};
use datafusion_common::{DataFusionError, Result};
use datafusion_expr::{
    Expr, Extension, LogicalPlan, LogicalPlanBuilder,
    planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning},
};
use datafusion_sql::sqlparser::{
    ast::{
        Expr as Ast, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName, Spanned,
        TableAlias, TableFactor,
    },
    tokenizer::Location,
};

use super::{
    Window,
    dialect::TABLE,
    error::{Fault, begin, did_you_mean},
    interval,
    lineage::{Attribute, attribute, has_join},
    windows::{ADDED, WINDOW_TIME, Windows},
};

/// Plans window functions in FROM.
#[derive(Debug)]
pub(super) struct WindowFunctions;

/// The functions and the names of their arguments.
const FUNCTIONS: [(&str, &[&str]); 4] = [
    ("TUMBLE", &["DATA", "TIMECOL", "SIZE", "OFFSET"]),
    ("HOP", &["DATA", "TIMECOL", "SLIDE", "SIZE", "OFFSET"]),
    ("CUMULATE", &["DATA", "TIMECOL", "STEP", "SIZE", "OFFSET"]),
    ("SESSION", &["DATA", "TIMECOL", "GAP"]),
];

/// A call of such a function.
#[derive(Debug)]
struct Call<'a> {
    name: String,
    at: Location,
    names: &'static [&'static str],
    /// In the order of the names.
    arguments: Vec<Option<&'a Ast>>,
}

/// The rows that are put into windows.
#[derive(Debug)]
struct Data {
    rows: TableFactor,
    keys: Vec<Ast>,
}

impl RelationPlanner for WindowFunctions {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        match called(&relation) {
            None => Ok(RelationPlanning::Original(Box::new(relation))),
            Some((name, arguments, alias)) => {
                let call = Call::new(name, arguments)?;
                let plan = call.plan(context)?;
                let alias = alias.cloned();
                let planned = PlannedRelation { plan, alias };
                Ok(RelationPlanning::Planned(Box::new(planned)))
            }
        }
    }
}

type Called<'a> = (&'a ObjectName, &'a [FunctionArg], Option<&'a TableAlias>);

/// The function that is called in FROM, if any.
fn called(relation: &TableFactor) -> Option<Called<'_>> {
    match relation {
        TableFactor::Table {
            name,
            args: Some(arguments),
            alias,
            ..
        } => Some((name, &arguments.args, alias.as_ref())),
        TableFactor::TableFunction {
            expr: Ast::Function(function),
            alias,
        } => match &function.args {
            FunctionArguments::List(list) => Some((&function.name, &list.args, alias.as_ref())),
            FunctionArguments::None | FunctionArguments::Subquery(_) => None,
        },
        _ => None,
    }
}

impl<'a> Call<'a> {
    fn new(name: &ObjectName, arguments: &'a [FunctionArg]) -> Result<Self, Fault> {
        let at = begin(name.span());
        let name = name.to_string().to_uppercase();
        let known = FUNCTIONS.iter().find(|(known, _)| *known == name);
        let Some((_, names)) = known else {
            let hint = did_you_mean(&name, FUNCTIONS.iter().map(|(name, _)| *name));
            let message = format!("there is no table function {name}{hint}");
            return Err(Fault::new(at, message));
        };
        let mut call = Self {
            name,
            at,
            names,
            arguments: vec![None; names.len()],
        };
        for (place, argument) in arguments.iter().enumerate() {
            call.take(place, argument)?;
        }
        Ok(call)
    }

    fn take(&mut self, place: usize, argument: &'a FunctionArg) -> Result<(), Fault> {
        let (place, value) = match argument {
            FunctionArg::Named { name, arg, .. } => (self.place(name)?, arg),
            FunctionArg::Unnamed(value) => (place, value),
            FunctionArg::ExprNamed { name, .. } => {
                return Err(self.fault(begin(name.span()), "has arguments NAME => VALUE"));
            }
        };
        let (slot, FunctionArgExpr::Expr(value)) = (self.arguments.get_mut(place), value) else {
            return Err(self.misused());
        };
        let Some(slot) = slot else {
            return Err(self.misused());
        };
        *slot = Some(value);
        Ok(())
    }

    fn place(&self, name: &Ident) -> Result<usize, Fault> {
        let is_it = |known: &&str| known.eq_ignore_ascii_case(&name.value);
        self.names.iter().position(is_it).ok_or_else(|| {
            let hint = did_you_mean(&name.value, self.names.iter().copied());
            let message = format!("{} has no argument {}{hint}", self.name, name.value);
            Fault::new(begin(name.span), message)
        })
    }

    fn fault(&self, at: Location, message: &str) -> Fault {
        Fault::new(at, format!("{} {message}", self.name))
    }

    fn misused(&self) -> Fault {
        let usage = match self.name.as_str() {
            "TUMBLE" => "is TUMBLE(TABLE t, DESCRIPTOR(time), size [, offset])",
            "HOP" => "is HOP(TABLE t, DESCRIPTOR(time), slide, size [, offset])",
            "CUMULATE" => "is CUMULATE(TABLE t, DESCRIPTOR(time), step, size [, offset])",
            _ => "is SESSION(TABLE t [PARTITION BY (column, …)], DESCRIPTOR(time), gap)",
        };
        self.fault(self.at, usage)
    }

    fn argument(&self, name: &str) -> Option<&'a Ast> {
        let place = self.names.iter().position(|known| *known == name)?;
        self.arguments.get(place).copied().flatten()
    }

    fn required(&self, name: &str) -> Result<&'a Ast, Fault> {
        self.argument(name).ok_or_else(|| self.misused())
    }

    fn plan(&self, context: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
        let data = self.data()?;
        let input = context.plan(data.rows)?;
        let (time, time_type) = self.time(&input, context)?;
        let (input, time) = beside_window_time(input, time)?;
        let schema = input.schema().clone();
        for added in ADDED {
            if schema.has_column_with_unqualified_name(added) {
                let message = format!(
                    "is of rows that have a column {added} already; give it another name by AS"
                );
                return Err(self.fault(self.at, &message).into());
            }
        }
        let window = self.window()?;
        let keys = data.keys.into_iter();
        let keys = keys
            .map(|key| context.sql_to_expr(key, &schema))
            .collect::<Result<_>>()?;
        let windows = Windows::try_new(input, window, time, time_type, keys)?;
        let node = Arc::new(windows);
        Ok(LogicalPlan::Extension(Extension { node }))
    }

    fn data(&self) -> Result<Data, Fault> {
        let data = self.required("DATA")?;
        let (rows, keys) = match data {
            Ast::Function(function) if function.name.to_string() == TABLE => {
                let FunctionArguments::List(list) = &function.args else {
                    return Err(self.misused());
                };
                let mut arguments = list.args.iter().filter_map(|argument| match argument {
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) => Some(argument.clone()),
                    _ => None,
                });
                let rows = match arguments.next() {
                    Some(Ast::CompoundIdentifier(name)) => table(name),
                    Some(Ast::Subquery(query)) => derived(&query),
                    _ => return Err(self.misused()),
                };
                (rows, arguments.collect())
            }
            Ast::Subquery(query) => (derived(query), Vec::new()),
            _ => return Err(self.misused()),
        };
        if !keys.is_empty() && self.name != "SESSION" {
            let message = "has no PARTITION BY; group by the columns instead";
            return Err(self.fault(begin(data.span()), message));
        }
        Ok(Data { rows, keys })
    }

    /// The column of the time, where it is event time; and its type.
    fn time(
        &self,
        input: &LogicalPlan,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<(Option<Expr>, DataType)> {
        let named = self.required("TIMECOL")?;
        let column = descriptor(named).ok_or_else(|| self.misused())?;
        let at = begin(column.span);
        let name = column.value.clone();
        let time = context.sql_to_expr(Ast::Identifier(column), input.schema())?;
        let Expr::Column(column) = &time else {
            return Err(self.misused().into());
        };
        let index = input.schema().index_of_column(column)?;
        let data_type = input.schema().field(index).data_type().clone();
        match attribute(input, index) {
            Some(Attribute::Processing) => Ok((None, data_type)),
            Some(Attribute::Event) => Ok((Some(time), data_type)),
            None if has_join(input) => {
                let message = format!(
                    "needs a time with a watermark, and behind a join '{name}' is none; put the window \
                     before the join"
                );
                Err(DataFusionError::from(self.fault(at, &message)))
            }
            None => {
                let message = format!(
                    "needs a time with a watermark, and '{name}' is none; declare WATERMARK FOR {name} \
                     AS … in its table, and pass the column on as it is"
                );
                Err(DataFusionError::from(self.fault(at, &message)))
            }
        }
    }

    fn window(&self) -> Result<Window, Fault> {
        let offset = self
            .argument("OFFSET")
            .map(interval::milliseconds)
            .transpose()?;
        let offset = offset.unwrap_or(0);
        Ok(match self.name.as_str() {
            "TUMBLE" => {
                let size = self.length("SIZE")?;
                Window::Tumble { size, offset }
            }
            "HOP" => {
                let (slide, size) = self.multiple("SLIDE")?;
                Window::Hop {
                    slide,
                    size,
                    offset,
                }
            }
            "CUMULATE" => {
                let (step, size) = self.multiple("STEP")?;
                Window::Cumulate { step, size, offset }
            }
            _ => Window::Session {
                gap: self.length("GAP")?,
            },
        })
    }

    fn length(&self, name: &str) -> Result<Duration, Fault> {
        let interval = self.required(name)?;
        let length = interval::milliseconds(interval)?;
        match u64::try_from(length) {
            Ok(length) if length > interval::WINDOW_MAX_MS => {
                let at = begin(interval.span());
                let instead = "a window has up to 11574074 days";
                Err(Fault::unsupported(
                    at,
                    "an interval of this length",
                    instead,
                ))
            }
            Ok(length) if length > 0 => Ok(Duration::from_millis(length)),
            _ => {
                let message = format!("needs a {name} above zero");
                Err(self.fault(begin(interval.span()), &message))
            }
        }
    }

    /// A part and the whole, which is so many parts.
    fn multiple(&self, part: &str) -> Result<(Duration, Duration), Fault> {
        let (length, size) = (self.length(part)?, self.length("SIZE")?);
        if size.as_millis().checked_rem(length.as_millis()) == Some(0) {
            return Ok((length, size));
        }
        let at = begin(self.required("SIZE")?.span());
        let message = format!("needs a SIZE that is a multiple of {part}");
        Err(self.fault(at, &message))
    }
}

/// Windows upon windows: what was their time gives its name to the new one, and may be the time that
/// these go by.
fn beside_window_time(
    input: LogicalPlan,
    time: Option<Expr>,
) -> Result<(LogicalPlan, Option<Expr>)> {
    let before = input.schema().columns();
    if !before.iter().any(|column| column.name == WINDOW_TIME) {
        return Ok((input, time));
    }
    let renamed = before.iter().map(|column| {
        let value = Expr::Column(column.clone());
        match column.name == WINDOW_TIME {
            true => value.alias_qualified(column.relation.clone(), format!("{WINDOW_TIME}0")),
            false => value,
        }
    });
    let plan = LogicalPlanBuilder::from(input).project(renamed)?.build()?;
    let place = |time: &Expr| {
        before
            .iter()
            .position(|one| Expr::Column(one.clone()) == *time)
    };
    let now = plan.schema().columns();
    let time = time.map(|time| {
        let now = place(&time).and_then(|place| now.get(place).cloned());
        now.map_or(time, Expr::Column)
    });
    Ok((plan, time))
}

/// The column in `DESCRIPTOR(column)`.
fn descriptor(argument: &Ast) -> Option<Ident> {
    let Ast::Function(function) = argument else {
        return None;
    };
    let FunctionArguments::List(list) = &function.args else {
        return None;
    };
    let is_it = function.name.to_string().eq_ignore_ascii_case("DESCRIPTOR");
    match list.args.as_slice() {
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(Ast::Identifier(column)))] if is_it => {
            Some(column.clone())
        }
        _ => None,
    }
}

fn table(name: Vec<Ident>) -> TableFactor {
    TableFactor::Table {
        name: ObjectName::from(name),
        alias: None,
        args: None,
        with_hints: Vec::new(),
        version: None,
        with_ordinality: false,
        partitions: Vec::new(),
        json_path: None,
        sample: None,
        index_hints: Vec::new(),
    }
}

fn derived(query: &datafusion_sql::sqlparser::ast::Query) -> TableFactor {
    TableFactor::Derived {
        lateral: false,
        subquery: Box::new(query.clone()),
        alias: None,
        sample: None,
    }
}

/// Whether a type is that of a time attribute.
pub(super) const fn is_time(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(TimeUnit::Millisecond, _))
}
