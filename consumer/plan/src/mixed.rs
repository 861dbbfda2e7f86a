//! Where a DOUBLE or FLOAT meets a DECIMAL both count as DOUBLE, as in Flink. Left to itself, what makes
//! types the same would make them DECIMAL, in which a large number is none and a small one is zero.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion_common::{Column, DFSchema, Result, config::ConfigOptions, tree_node::Transformed};
use datafusion_expr::{
    BinaryExpr, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, Union, cast,
};
use datafusion_optimizer::AnalyzerRule;

use super::query::{each_expression, replace_expressions};

/// Makes decimals among floating numbers such too. It goes before types are made the same.
#[derive(Debug)]
pub(super) struct Mixed;

/// Functions whose arguments all get one type.
pub(super) const OF_ONE_TYPE: [&str; 5] = ["coalesce", "greatest", "least", "nullif", "make_array"];

impl Mixed {
    fn replace(mut expression: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
        let is_changed = match &mut expression {
            Expr::BinaryExpr(of) => {
                let types = vec![of.left.get_type(schema)?, of.right.get_type(schema)?];
                if is_single(of, &types) {
                    return Ok(Transformed::yes(cast(expression, DataType::Float32)));
                }
                unify_known(vec![of.left.as_mut(), of.right.as_mut()], &types)
            }
            Expr::Between(of) => unify(vec![&mut of.expr, &mut of.low, &mut of.high], schema)?,
            Expr::InList(of) => {
                let values = of.list.iter_mut();
                unify(
                    [of.expr.as_mut()].into_iter().chain(values).collect(),
                    schema,
                )?
            }
            Expr::Case(case) => {
                let (mut conditions, mut results) = (Vec::new(), Vec::new());
                for (when, then) in &mut case.when_then_expr {
                    conditions.push(when.as_mut());
                    results.push(then.as_mut());
                }
                conditions.extend(case.expr.iter_mut().map(AsMut::as_mut));
                results.extend(case.else_expr.iter_mut().map(AsMut::as_mut));
                unify(conditions, schema)? | unify(results, schema)?
            }
            Expr::ScalarFunction(call) if OF_ONE_TYPE.contains(&call.name()) => {
                unify(call.args.iter_mut().collect(), schema)?
            }
            _ => false,
        };
        Ok(Transformed::new_transformed(expression, is_changed))
    }
}

/// Whether it is computed of a FLOAT and then a DOUBLE, which Flink gives the type of the first.
fn is_single(of: &BinaryExpr, types: &[DataType]) -> bool {
    of.op.is_numerical_operators() && types == [DataType::Float32, DataType::Float64]
}

/// Whether there are both, or what comes to a FLOAT. To replace a part of a chain takes a look at all before
/// it, and that is saved where there is nothing to do.
fn is_asked(plan: &LogicalPlan) -> Result<bool> {
    let (mut floating, mut decimal, mut single) = (false, false, false);
    each_expression(plan, |expression, typed| {
        for value in parts(expression) {
            let of = typed.of(value)?;
            floating |= of.is_floating();
            decimal |= of.is_decimal();
            single |= of == DataType::Float32;
        }
        Ok(())
    })?;
    Ok(single || (floating && decimal))
}

/// What has to be the same of an expression.
fn parts(expression: &Expr) -> Vec<&Expr> {
    match expression {
        Expr::BinaryExpr(of) => vec![&of.left, &of.right],
        Expr::Between(of) => vec![&of.expr, &of.low, &of.high],
        Expr::InList(of) => [of.expr.as_ref()].into_iter().chain(&of.list).collect(),
        Expr::Case(case) => {
            let branches = case.when_then_expr.iter();
            let branches = branches.flat_map(|(when, then)| [when.as_ref(), then.as_ref()]);
            let others = case.expr.iter().chain(&case.else_expr);
            branches.chain(others.map(AsRef::as_ref)).collect()
        }
        Expr::ScalarFunction(call) if OF_ONE_TYPE.contains(&call.name()) => {
            call.args.iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Whether there was something to be made the same.
fn unify(values: Vec<&mut Expr>, schema: &DFSchema) -> Result<bool> {
    let types = values.iter().map(|value| value.get_type(schema));
    let types = types.collect::<Result<Vec<_>>>()?;
    Ok(unify_known(values, &types))
}

/// As [`unify`], of values of these types.
fn unify_known(values: Vec<&mut Expr>, types: &[DataType]) -> bool {
    let is_mixed =
        types.iter().any(DataType::is_floating) && types.iter().any(DataType::is_decimal);
    if is_mixed {
        for (value, _) in values
            .into_iter()
            .zip(types)
            .filter(|(_, of)| of.is_decimal())
        {
            *value = cast(std::mem::take(value), DataType::Float64);
        }
    }
    is_mixed
}

/// The inputs of a UNION, column by column.
fn unify_inputs(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let LogicalPlan::Union(union) = &plan else {
        return Ok(Transformed::no(plan));
    };
    let types = |column: usize| {
        let inputs = union.inputs.iter();
        inputs.filter_map(move |input| Some(input.schema().fields().get(column)?.data_type()))
    };
    let is_mixed = |column: usize| {
        types(column).any(DataType::is_floating) && types(column).any(DataType::is_decimal)
    };
    let mixed: Vec<_> = (0..union.schema.fields().len()).map(is_mixed).collect();
    if !mixed.contains(&true) {
        return Ok(Transformed::no(plan));
    }
    let inputs = union.inputs.iter().map(|input| {
        let columns = input.schema().iter().zip(&mixed);
        let values = columns.map(|((table, field), is_mixed)| {
            let column = Expr::Column(Column::new(table.cloned(), field.name()));
            if *is_mixed && field.data_type().is_decimal() {
                cast(column, DataType::Float64).alias_qualified(table.cloned(), field.name())
            } else {
                column
            }
        });
        let values: Vec<_> = values.collect();
        let input = LogicalPlanBuilder::from(input.as_ref().clone());
        Ok(Arc::new(input.project(values)?.build()?))
    });
    let union = Union::try_new_with_loose_types(inputs.collect::<Result<_>>()?)?;
    Ok(Transformed::yes(LogicalPlan::Union(union)))
}

impl AnalyzerRule for Mixed {
    fn name(&self) -> &'static str {
        "mixed"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let plan = plan.transform_up_with_subqueries(unify_inputs)?.data;
        if !is_asked(&plan)? {
            return Ok(plan);
        }
        replace_expressions(plan, Self::replace)
    }
}
