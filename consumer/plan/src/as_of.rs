//! `JOIN t FOR SYSTEM_TIME AS OF o.time`: a node over the table says which time is meant, as that is a
//! column of the other input, and a condition of the join then says which columns these are.

use std::{cmp::Ordering, collections::HashSet, fmt, sync::Arc};

use arrow::datatypes::DataType;
use datafusion_common::{
    Column, DFSchemaRef, Result, ScalarValue, plan_err, tree_node::Transformed,
};
use datafusion_expr::{
    BinaryExpr, ColumnarValue, Expr, Extension, Join, LogicalPlan, Operator, ScalarFunctionArgs,
    ScalarUDF, ScalarUDFImpl, Signature, UserDefinedLogicalNodeCore, Volatility, and,
    expr::ScalarFunction,
    planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning},
    utils::{conjunction, split_conjunction, split_conjunction_owned},
};
use datafusion_sql::sqlparser::{
    ast::{Expr as Ast, Ident, TableFactor, TableVersion},
    tokenizer::Location,
};

use super::{
    error::{Fault, NOWHERE, begin},
    lineage::{Attribute, attribute, unaliased},
    types,
    windows::step,
};

/// How it is written.
pub(super) const AS_OF: &str = "FOR SYSTEM_TIME AS OF";

/// Plans tables as of a time.
#[derive(Debug)]
pub(super) struct AsOfTables;

impl RelationPlanner for AsOfTables {
    fn plan_relation(
        &self,
        mut relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let TableFactor::Table { version, alias, .. } = &mut relation else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let time = match version.take() {
            Some(TableVersion::ForSystemTimeAsOf(Ast::Identifier(name))) => vec![name],
            Some(TableVersion::ForSystemTimeAsOf(Ast::CompoundIdentifier(names))) => names,
            other => {
                *version = other;
                return Ok(RelationPlanning::Original(Box::new(relation)));
            }
        };
        let alias = alias.take();
        let input = context.plan(relation)?;
        let node = Arc::new(AsOf { input, time });
        let plan = LogicalPlan::Extension(Extension { node });
        let planned = PlannedRelation { plan, alias };
        Ok(RelationPlanning::Planned(Box::new(planned)))
    }
}

/// The rows of a table, each of which counts at a time. What stands above it is asked of the row that
/// was found, so no filter moves below.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct AsOf {
    pub(super) input: LogicalPlan,
    /// The name of the time.
    time: Vec<Ident>,
}

impl AsOf {
    /// The same, also where it has got another name.
    fn below(plan: &LogicalPlan) -> Option<&Self> {
        match plan {
            LogicalPlan::SubqueryAlias(alias) => Self::below(&alias.input),
            plan => step(plan),
        }
    }

    /// Where the time is written.
    fn at(&self) -> Location {
        self.time.first().map_or(NOWHERE, |name| begin(name.span))
    }

    /// The time, as a column of the other input; and what kind of time it is.
    fn time(&self, of: &LogicalPlan) -> Result<(Column, Attribute), Fault> {
        let names: Vec<_> = self.time.iter().map(|name| name.value.as_str()).collect();
        let written = names.join(".");
        let fault = |why: &str| {
            let message = format!(
                "{AS_OF} wants a time of the rows before JOIN, and '{written}' is {why}; write a \
                 column AS PROCTIME(), or one with a WATERMARK, that is passed on as it is"
            );
            Fault::new(self.at(), message)
        };
        let is_it = |column: &Column| match (names.as_slice(), &column.relation) {
            ([name], _) => column.name == *name,
            ([table, name], Some(of)) => column.name == *name && of.table() == *table,
            _ => false,
        };
        let columns = of.schema().columns().into_iter().enumerate();
        let found: Vec<_> = columns.filter(|(_, column)| is_it(column)).collect();
        let [(place, column)] = found.as_slice() else {
            let why = match found.is_empty() {
                true => "none of their columns",
                false => "one of several columns",
            };
            return Err(fault(why));
        };
        match attribute(of, *place) {
            Some(kind) => Ok((column.clone(), kind)),
            None => Err(fault("no such time")),
        }
    }
}

/// There is no order among plans that anything depends on.
impl PartialOrd for AsOf {
    fn partial_cmp(&self, _: &Self) -> Option<Ordering> {
        None
    }
}

impl UserDefinedLogicalNodeCore for AsOf {
    fn name(&self) -> &'static str {
        "AsOf"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        self.input.schema()
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        let fields = self.schema().fields().iter();
        fields.map(|field| field.name().clone()).collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.time.iter().map(|name| name.value.as_str()).collect();
        write!(f, "AsOf: {}", names.join("."))
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let Some(input) = inputs.into_iter().next() else {
            return plan_err!("rows as of a time have an input");
        };
        let time = self.time.clone();
        Ok(Self { input, time })
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        Some(vec![output_columns.to_vec()])
    }
}

/// The condition of a join that says as of when.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Times {
    /// The time of the first input; and of the second, where that has one.
    pub(super) columns: [Column; 2],
    /// Whether rows of the second input are valid from their time on; else they are looked up.
    pub(super) is_event: bool,
}

impl Times {
    /// What a join says, if it is of this kind; and its other conditions.
    pub(super) fn of(join: &Join) -> Option<(Self, Vec<Expr>)> {
        let mut conditions = split_conjunction_owned(join.filter.clone()?);
        let at = conditions
            .iter()
            .position(|one| Self::said(one).is_some())?;
        let times = Self::said(&conditions.remove(at))?;
        Some((times, conditions))
    }

    fn said(condition: &Expr) -> Option<Self> {
        let Expr::ScalarFunction(call) = condition else {
            return None;
        };
        let Said { is_event, .. } = call.func.inner().downcast_ref()?;
        match call.args.as_slice() {
            [Expr::Column(first), Expr::Column(second)] => Some(Self {
                columns: [first.clone(), second.clone()],
                is_event: *is_event,
            }),
            _ => None,
        }
    }

    fn condition(self) -> Expr {
        let said = Said {
            signature: Signature::any(2, Volatility::Immutable),
            is_event: self.is_event,
        };
        let columns = self.columns.map(Expr::Column).to_vec();
        Expr::ScalarFunction(ScalarFunction::new_udf(
            Arc::new(ScalarUDF::from(said)),
            columns,
        ))
    }
}

/// Whether a join is of this kind, also where its condition does not say so yet.
pub(super) fn is_as_of(join: &Join) -> bool {
    Times::of(join).is_some() || AsOf::below(&join.right).is_some()
}

/// What a filter asks for beside that: rules that move conditions may have made one of it.
pub(super) fn beside(condition: &Expr) -> Option<Expr> {
    let all = split_conjunction(condition).into_iter();
    conjunction(all.filter(|one| Times::said(one).is_none()).cloned())
}

/// Says in the conditions of joins what is meant by the times.
pub(super) fn said(plan: LogicalPlan) -> Result<LogicalPlan> {
    let said = plan.transform_up_with_subqueries(|plan| match plan {
        LogicalPlan::Join(join) => Ok(match said_of(&join)? {
            Some(times) => {
                let condition = times.condition();
                let filter = match &join.filter {
                    Some(filter) => and(filter.clone(), condition),
                    None => condition,
                };
                Transformed::yes(LogicalPlan::Join(Join {
                    filter: Some(filter),
                    ..join
                }))
            }
            None => Transformed::no(LogicalPlan::Join(join)),
        }),
        other => Ok(Transformed::no(other)),
    });
    Ok(said?.data)
}

fn said_of(join: &Join) -> Result<Option<Times>, Fault> {
    let Some(as_of) = AsOf::below(&join.right).filter(|_| Times::of(join).is_none()) else {
        return Ok(None);
    };
    let (first, kind) = as_of.time(&join.left)?;
    let fault = |message: &str| Fault::new(as_of.at(), format!("{AS_OF} {message}"));
    let is_event = kind == Attribute::Event;
    let second = match is_event {
        true => {
            let columns = join.right.schema().columns().into_iter().enumerate();
            let mut times = columns
                .filter(|(place, _)| attribute(&join.right, *place) == Some(Attribute::Event));
            times.next().map(|(_, column)| column).ok_or_else(|| {
                fault(
                    "a time with a watermark wants versions with one: a table with PRIMARY KEY and \
                     WATERMARK, or the last rows by ROW_NUMBER() OVER (PARTITION BY key ORDER BY \
                     time DESC)",
                )
            })?
        }
        false => compared(join).ok_or_else(|| {
            fault("a time of processing wants a key to look for: write ON o.key = t.key")
        })?,
    };
    let of = |plan: &LogicalPlan, column: &Column| {
        let place = plan.schema().maybe_index_of_column(column);
        place.map_or(DataType::Null, |at| {
            plan.schema().field(at).data_type().clone()
        })
    };
    let (own, other) = (of(&join.left, &first), of(&join.right, &second));
    if is_event && own != other {
        let (own, other) = (types::name(&own), types::name(&other));
        return Err(fault(&format!(
            "a {own} wants versions with such a time, and not {other}"
        )));
    }
    let columns = [first, second];
    Ok(Some(Times { columns, is_event }))
}

/// A column of the second input that must be equal to something.
fn compared(join: &Join) -> Option<Column> {
    let schema = join.right.schema();
    let is_own = |column: &Column| schema.maybe_index_of_column(column).is_some();
    let of_using = join.on.iter().map(|(_, second)| second.clone());
    let conditions = join
        .filter
        .clone()
        .into_iter()
        .flat_map(split_conjunction_owned);
    let of_on = conditions.filter_map(|condition| match condition {
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::Eq,
            right,
        }) => Some([*left, *right]),
        _ => None,
    });
    let values = of_using.chain(of_on.flatten());
    let mut columns = values.filter_map(|value| match unaliased(&value) {
        Expr::Column(column) => Some(column.clone()),
        _ => None,
    });
    columns.find(is_own)
}

/// The condition: it is true of all rows, so nothing comes of it where it is moved to.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Said {
    signature: Signature,
    is_event: bool,
}

impl ScalarUDFImpl for Said {
    fn name(&self) -> &'static str {
        AS_OF
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Ok(ColumnarValue::Scalar(ScalarValue::from(true)))
    }
}
