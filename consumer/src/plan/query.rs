//! Plans queries and expressions, with DataFusion: names, types, functions; and moves what is known
//! to where it costs least.

use std::{mem::discriminant, sync::Arc};

use arrow::datatypes::DataType;
use datafusion_common::{
    DFSchema, Result, TableReference,
    config::ConfigOptions,
    tree_node::{Transformed, TreeNode, TreeNodeRecursion},
};
use datafusion_expr::{
    Expr, LogicalPlan, LogicalPlanBuilder, TableSource, Union, expr_rewriter::NamePreserver,
    utils::merge_schema,
};
use datafusion_optimizer::{
    Analyzer, AnalyzerRule, Optimizer, OptimizerContext, OptimizerRule,
    analyzer::type_coercion::TypeCoercion, optimize_projections::OptimizeProjections,
    push_down_filter::PushDownFilter, simplify_expressions::SimplifyExpressions,
};
use datafusion_sql::{
    planner::{ParserOptions, PlannerContext, SqlToRel},
    sqlparser::ast::{Expr as Ast, Query, Statement},
};

use super::{
    Settings, aliases, alike,
    casts::{Casts, Rounding, Unnamed},
    catalog::Catalog,
    conditions,
    context::Context,
    error::{Fault, NOWHERE},
    functions::Functions,
    mixed::Mixed,
    placed::{place, placed},
    rewrite::rewrite,
    supported, types,
};

/// Plans what is written with these tables and functions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planner<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) functions: &'a Functions,
    pub(super) settings: &'a Settings,
}

impl Planner<'_> {
    /// A query, with all types made the same where they have to be.
    pub(super) fn query(&self, query: &Query) -> Result<LogicalPlan, Fault> {
        let at = place(query);
        supported::check(query, self.functions)?;
        let mut rewritten = query.clone();
        let hidden = rewrite(&mut rewritten);
        let context = self.context();
        let planner = SqlToRel::new_with_options(&context, parser_options());
        let plan = planner.sql_statement_to_plan(Statement::Query(Box::new(rewritten)));
        let plan = plan.and_then(|plan| {
            refuse_mixed_unions(&plan)?;
            conditions::refuse_others(&plan)?;
            alike::refuse_others(&plan)?;
            self.analyze(plan)
        });
        plan.map_err(|error| {
            let fault = aliases::told(error.into(), &hidden);
            placed(fault, query).or_at(at)
        })
    }

    /// An expression over the columns of a table.
    pub(super) fn expression(
        &self,
        expression: &Ast,
        name: &str,
        source: Arc<dyn TableSource>,
    ) -> Result<Expr, Fault> {
        let at = place(expression);
        supported::check(expression, self.functions)?;
        let mut rewritten = expression.clone();
        rewrite(&mut rewritten);
        let planned = self.planned_expression(rewritten, name, source);
        planned.map_err(|error| placed(error.into(), expression).or_at(at))
    }

    fn planned_expression(
        &self,
        expression: Ast,
        name: &str,
        source: Arc<dyn TableSource>,
    ) -> Result<Expr> {
        let scan = LogicalPlanBuilder::scan(TableReference::bare(name), source, None)?;
        let context = self.context();
        let planner = SqlToRel::new_with_options(&context, parser_options());
        let planned = planner.sql_to_expr(expression, scan.schema(), &mut PlannerContext::new())?;
        let plan = scan.project([planned.alias("")])?.build()?;
        conditions::refuse_others(&plan)?;
        alike::refuse_others(&plan)?;
        let plan = self.analyze(plan)?;
        let simplified = optimized(plan, vec![Arc::new(SimplifyExpressions::new())])?;
        match simplified {
            LogicalPlan::Projection(projection) => {
                let first = projection.expr.into_iter().next();
                let unaliased = first.map(|expression| expression.unalias_nested().data);
                let unaliased =
                    unaliased.ok_or_else(|| Fault::new(NOWHERE, "expected an expression"))?;
                refuse_many_rows(&unaliased)?;
                Ok(unaliased)
            }
            _ => Err(Fault::new(NOWHERE, "expected an expression").into()),
        }
    }

    /// Filters and projections are moved to where rows come from. What makes sense of data at rest
    /// only is left out: where there is no end, there is no sorting or joining around an aggregate.
    pub(super) fn optimize(plan: LogicalPlan) -> Result<LogicalPlan, Fault> {
        let rules: Vec<Arc<dyn OptimizerRule + Send + Sync>> = vec![
            Arc::new(SimplifyExpressions::new()),
            Arc::new(PushDownFilter::new()),
            Arc::new(OptimizeProjections::new()),
        ];
        Ok(optimized(plan, rules)?)
    }

    /// Makes types the same where they have to be.
    pub(super) fn analyze(&self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let rules: Vec<Arc<dyn AnalyzerRule + Send + Sync>> = vec![
            Arc::new(Unnamed),
            Arc::new(Rounding),
            Arc::new(Mixed),
            Arc::new(TypeCoercion::new()),
            Arc::new(Casts::new(self.settings.zone)),
        ];
        let config = ConfigOptions::default();
        Analyzer::with_rules(rules).execute_and_check(plan, &config, |_, _| {})
    }

    fn context(&self) -> Context<'_> {
        let config = Arc::new(ConfigOptions::default());
        let zone = self.settings.zone.name();
        Context::new(self.catalog, self.functions, config, zone)
    }
}

/// What a table computes for each row looks at that row alone.
fn refuse_many_rows(expression: &Expr) -> Result<()> {
    let is_of_many = |expression: &Expr| {
        Ok(matches!(
            expression,
            Expr::AggregateFunction(_) | Expr::WindowFunction(_)
        ))
    };
    if expression.exists(is_of_many)? {
        let what = "a function of many rows in a table's own column";
        let fault = Fault::unsupported(NOWHERE, what, "write it in a SELECT");
        return Err(fault.into());
    }
    Ok(())
}

/// Under one name there are numbers or texts or times, and not now these and now those.
fn refuse_mixed_unions(plan: &LogicalPlan) -> Result<()> {
    plan.apply(|plan| {
        if let LogicalPlan::Union(union) = plan {
            refuse_mixed(union)?;
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(())
}

fn refuse_mixed(union: &Union) -> Result<()> {
    let mut inputs = union.inputs.iter().map(|input| input.schema().fields());
    let Some(first) = inputs.next() else {
        return Ok(());
    };
    let pairs = inputs.flat_map(|other| first.iter().zip(other.iter()));
    for (one, other) in pairs {
        let (left, right) = (one.data_type(), other.data_type());
        let is_same = (left.is_numeric() && right.is_numeric())
            || discriminant(left) == discriminant(right)
            || [left, right].contains(&&DataType::Null);
        if !is_same {
            let (left, right) = (types::name(left), types::name(right));
            let message = format!(
                "UNION of {left} and {right} in '{}'; write CAST",
                one.name()
            );
            return Err(Fault::new(NOWHERE, message).into());
        }
    }
    Ok(())
}

fn optimized(
    plan: LogicalPlan,
    rules: Vec<Arc<dyn OptimizerRule + Send + Sync>>,
) -> Result<LogicalPlan> {
    let context = OptimizerContext::new().without_query_execution_start_time();
    Optimizer::with_rules(rules).optimize(plan, &context, |_, _| {})
}

/// Names are as they are written, numbers with a point are exact, and errors know where.
fn parser_options() -> ParserOptions {
    ParserOptions::new()
        .with_parse_float_as_decimal(true)
        .with_enable_ident_normalization(false)
        .with_map_string_types_to_utf8view(false)
        .with_support_varchar_with_length(true)
        .with_collect_spans(true)
}

/// Replaces expressions of a plan from the inside out, and keeps the names of its columns.
pub(super) fn replace_expressions(
    plan: LogicalPlan,
    replace: impl Fn(Expr, &DFSchema) -> Result<Transformed<Expr>>,
) -> Result<LogicalPlan> {
    let replaced = plan.transform_up(|plan| {
        let schema = merge_schema(&plan.inputs());
        let names = NamePreserver::new(&plan);
        plan.map_expressions(|expression| {
            let name = names.save(&expression);
            let replaced = expression.transform_up(|expression| replace(expression, &schema))?;
            Ok(replaced.update_data(|expression| name.restore(expression)))
        })?
        .map_data(LogicalPlan::recompute_schema)
    });
    Ok(replaced?.data)
}
