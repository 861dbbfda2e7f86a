//! INTERSECT and EXCEPT. They are joins in which nulls are equal; with ALL, where rows count as often as
//! they are there, each row is counted on both sides, and given as often as that comes to.

use std::{cmp::Ordering, collections::HashSet, fmt, sync::Arc};

use datafusion_common::{
    Column, DFSchema, DFSchemaRef, JoinType, NullEquality, Result, plan_err, tree_node::Transformed,
};
use datafusion_expr::{
    Expr, Extension, Join, LogicalPlan, LogicalPlanBuilder, UserDefinedLogicalNodeCore,
    expr::AggregateFunction, lit, when,
};

use super::{
    error::{Fault, NOWHERE},
    functions::Functions,
    windows::fields,
};

/// The names of columns that stand behind those of a set.
const ADDED: [&str; 3] = ["in the first", "in the second", "times"];

/// Gives each row as often as its last column says; not at all where that is 0 or below.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Repeat {
    pub(super) input: LogicalPlan,
    schema: DFSchemaRef,
}

impl Repeat {
    fn try_new(input: LogicalPlan) -> Result<Self> {
        let width = input.schema().fields().len().saturating_sub(1);
        let all = fields(input.schema()).take(width).collect();
        let schema = DFSchema::new_with_metadata(all, Default::default())?;
        let schema = Arc::new(schema);
        Ok(Self { input, schema })
    }
}

/// There is no order among plans that anything depends on.
impl PartialOrd for Repeat {
    fn partial_cmp(&self, _: &Self) -> Option<Ordering> {
        None
    }
}

impl UserDefinedLogicalNodeCore for Repeat {
    fn name(&self) -> &'static str {
        "Repeat"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    /// A condition looks at what is the same in all of them.
    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        HashSet::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Repeat: {}", ADDED[2])
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        match inputs.into_iter().next() {
            Some(input) => Self::try_new(input),
            None => plan_err!("what is repeated has an input"),
        }
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let times = self.schema.fields().len();
        Some(vec![
            output_columns.iter().copied().chain([times]).collect(),
        ])
    }
}

/// What a join is in SQL, where it is a set operation.
pub(super) fn name(join: &Join) -> Option<&'static str> {
    let name = match join.join_type {
        JoinType::LeftSemi => "INTERSECT",
        JoinType::LeftAnti => "EXCEPT",
        _ => return None,
    };
    (join.null_equality == NullEquality::NullEqualsNull).then_some(name)
}

/// Rows are counted where a set operation is with ALL: a join whose first rows are not told apart.
pub(super) fn counted(plan: LogicalPlan, functions: &Functions) -> Result<LogicalPlan> {
    let counted = plan.transform_up_with_subqueries(|plan| match plan {
        LogicalPlan::Join(join)
            if name(&join).is_some() && !matches!(*join.left, LogicalPlan::Distinct(_)) =>
        {
            Ok(Transformed::yes(repeated(&join, functions)?))
        }
        other => Ok(Transformed::no(other)),
    });
    Ok(counted?.data)
}

/// The rows of a set operation with ALL.
fn repeated(join: &Join, functions: &Functions) -> Result<LogicalPlan> {
    let Some(count) = functions.aggregate("count") else {
        return Err(Fault::new(NOWHERE, "there is no COUNT").into());
    };
    let width = join.left.schema().fields().len();
    let named = |place: usize| format!("{}:{place}", join.left.schema().field(place).name());
    let [first, second, times] = ADDED;
    let side = |plan: &LogicalPlan, is_first: bool| {
        let columns = plan.schema().columns().into_iter().enumerate();
        let columns = columns.map(|(place, column)| Expr::Column(column).alias(named(place)));
        let sides = [lit(is_first).alias(first), lit(!is_first).alias(second)];
        LogicalPlanBuilder::from(plan.clone()).project(columns.chain(sides))
    };
    let column = |name: &str| Expr::Column(Column::new_unqualified(name));
    let counts = [first, second].map(|side| {
        let filter = Some(Box::new(column(side)));
        let count = count.clone();
        let count =
            AggregateFunction::new_udf(count, vec![lit(1_i64)], false, filter, Vec::new(), None);
        Expr::AggregateFunction(count).alias(side)
    });
    let columns = || (0..width).map(|place| column(&named(place)));
    let (firsts, seconds) = (column(first), column(second));
    let number = match join.join_type {
        JoinType::LeftSemi => {
            when(firsts.clone().lt(seconds.clone()), firsts.clone()).otherwise(seconds)?
        }
        _ => firsts - seconds,
    };
    let counted = side(&join.left, true)?
        .union(side(&join.right, false)?.build()?)?
        .aggregate(columns(), counts)?
        .project(columns().chain([number.alias(times)]))?
        .build()?;
    let node = Arc::new(Repeat::try_new(counted)?);
    let names = join.left.schema().iter().zip(columns());
    let names =
        names.map(|((table, field), column)| column.alias_qualified(table.cloned(), field.name()));
    LogicalPlanBuilder::from(LogicalPlan::Extension(Extension { node }))
        .project(names)?
        .build()
}
