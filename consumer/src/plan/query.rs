//! Plans queries and expressions, with DataFusion: names, types, functions; and moves what is known
//! to where it costs least.

use std::sync::Arc;

use datafusion_common::{
    DFSchema, Result, TableReference,
    config::ConfigOptions,
    tree_node::{Transformed, TreeNode},
};
use datafusion_expr::{
    Expr, LogicalPlan, LogicalPlanBuilder, TableSource, expr_rewriter::NamePreserver,
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
    Settings,
    casts::Casts,
    catalog::Catalog,
    context::Context,
    error::{Fault, NOWHERE},
    functions::Functions,
    rewrite::rewrite,
    supported,
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
        let at = supported::place(query);
        supported::check(query, self.functions)?;
        let mut query = query.clone();
        rewrite(&mut query);
        let context = self.context();
        let planner = SqlToRel::new_with_options(&context, parser_options());
        let plan = planner.sql_statement_to_plan(Statement::Query(Box::new(query)));
        let plan = plan.and_then(|plan| self.analyze(plan));
        plan.map_err(|error| Fault::from(error).or_at(at))
    }

    /// An expression over the columns of a table.
    pub(super) fn expression(
        &self,
        expression: &Ast,
        name: &str,
        source: Arc<dyn TableSource>,
    ) -> Result<Expr, Fault> {
        let at = supported::place(expression);
        supported::check(expression, self.functions)?;
        let mut expression = expression.clone();
        rewrite(&mut expression);
        let planned = self.planned_expression(expression, name, source);
        planned.map_err(|error| Fault::from(error).or_at(at))
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
        let plan = self.analyze(scan.project([planned.alias("")])?.build()?)?;
        let simplified = optimized(plan, vec![Arc::new(SimplifyExpressions::new())])?;
        match simplified {
            LogicalPlan::Projection(projection) => {
                let first = projection.expr.into_iter().next();
                let unaliased = first.map(|expression| expression.unalias_nested().data);
                unaliased.ok_or_else(|| Fault::new(NOWHERE, "expected an expression").into())
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
