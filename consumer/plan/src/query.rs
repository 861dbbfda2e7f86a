//! Plans queries and expressions, with DataFusion: names, types, functions; and moves what is known
//! to where it costs least.

use std::{mem::discriminant, sync::Arc};

use arrow::{
    datatypes::DataType,
    error::ArrowError,
    record_batch::{RecordBatch, RecordBatchOptions},
};
use datafusion_common::{
    DFSchema, DataFusionError, Result, TableReference,
    config::ConfigOptions,
    tree_node::{Transformed, TreeNode, TreeNodeRecursion},
};
use datafusion_expr::{
    Expr, LogicalPlan, LogicalPlanBuilder, TableSource, execution_props::ExecutionProps,
    expr_rewriter::NamePreserver, physical_planning_context::PhysicalPlanningContext,
    utils::merge_schema,
};
use datafusion_optimizer::{
    Analyzer, AnalyzerRule, Optimizer, OptimizerContext, OptimizerRule,
    analyzer::type_coercion::TypeCoercion,
    decorrelate_predicate_subquery::DecorrelatePredicateSubquery,
    eliminate_cross_join::EliminateCrossJoin, eliminate_outer_join::EliminateOuterJoin,
    extract_equijoin_predicate::ExtractEquijoinPredicate,
    optimize_projections::OptimizeProjections, push_down_filter::PushDownFilter,
    scalar_subquery_to_join::ScalarSubqueryToJoin, simplify_expressions::SimplifyExpressions,
};
use datafusion_physical_expr::create_physical_expr;
use datafusion_sql::{
    planner::{NullOrdering, ParserOptions, PlannerContext, SqlToRel},
    sqlparser::ast::{Expr as Ast, Query, Statement},
};

use super::{
    Settings, Zone, aliases, alike, arguments, as_of, castable,
    casts::{Casts, Rounding, Unnamed},
    catalog::Catalog,
    chains, columns, conditions, constants,
    context::Context,
    counted,
    error::{Fault, NOWHERE},
    functions::Functions,
    further,
    marks::{Marks, refuse_unknown},
    mixed::Mixed,
    outer,
    placed::{place, placed},
    rewrite::rewrite,
    scalars, sets, sub_queries, supported,
    typed::Typed,
    types,
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
        chains::refuse_too_many_tables(query, self.catalog).map_err(|fault| fault.or_at(at))?;
        constants::refuse_without_value(query, self)?;
        let mut rewritten = query.clone();
        let hidden = rewrite(&mut rewritten);
        let context = self.context();
        let planner = SqlToRel::new_with_options(&context, parser_options());
        let plan = planner.sql_statement_to_plan(Statement::Query(Box::new(rewritten)));
        let plan = plan.and_then(|plan| {
            chains::refuse_too_many(&plan)?;
            further::refuse(&plan, query)?;
            refuse_mixed_sets(&plan)?;
            refuse_other_types(&plan)?;
            let plan = sets::counted(plan, self.functions)?;
            let plan = self.analyze(as_of::said(plan)?)?;
            columns::refuse_others(&plan)?;
            let plan = scalars::told(plan)?;
            // What a function does not take of any row is told with its place in this text.
            optimized(plan.clone(), vec![Arc::new(SimplifyExpressions::new())])?;
            Ok(plan)
        });
        plan.map_err(|error| {
            let fault = aliases::told(error.into(), &hidden);
            let fault = constants::placed(fault, query, self);
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
        constants::refuse_without_value(expression, self)?;
        let planned = || {
            let scan = LogicalPlanBuilder::scan(TableReference::bare(name), source, None)?;
            let plan = self.projected(expression, scan)?;
            columns::refuse_others(&plan)?;
            let simplified = simplified(plan)?;
            refuse_many_rows(&simplified)?;
            Ok(simplified)
        };
        planned().map_err(|error: DataFusionError| {
            let fault = constants::placed(error.into(), expression, self);
            placed(fault, expression).or_at(at)
        })
    }

    /// The type of a constant, which has a value; none where it cannot be planned alone.
    pub(super) fn constant(&self, expression: &Ast) -> Result<Option<DataType>, Fault> {
        let plan = match self.projected(expression, LogicalPlanBuilder::empty(true)) {
            Ok(plan) => plan,
            // What others refuse may be theirs to plan with all that stands around it.
            Err(error) if !matches!(error.find_root(), DataFusionError::External(_)) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let of = plan.schema().field(0).data_type().clone();
        let computed = simplified(plan).and_then(|value| computed(&value));
        computed.map_err(|error| {
            let why = match error.find_root() {
                DataFusionError::ArrowError(root, _)
                    if matches!(**root, ArrowError::DivideByZero) =>
                {
                    "division by zero".to_owned()
                }
                _ => Fault::from(error).message,
            };
            Fault::new(NOWHERE, format!("{expression} has no value: {why}"))
        })?;
        Ok(Some(of))
    }

    /// Why a constant alone cannot be planned, if that is so.
    pub(super) fn refusal(&self, expression: &Ast) -> Option<Fault> {
        let planned = self.projected(expression, LogicalPlanBuilder::empty(true));
        planned.err().map(Fault::from)
    }

    /// An expression as the only column of a plan.
    fn projected(&self, expression: &Ast, rows: LogicalPlanBuilder) -> Result<LogicalPlan> {
        let mut rewritten = expression.clone();
        rewrite(&mut rewritten);
        let context = self.context();
        let planner = SqlToRel::new_with_options(&context, parser_options());
        let planned = planner.sql_to_expr(rewritten, rows.schema(), &mut PlannerContext::new())?;
        let plan = rows.project([planned.alias("")])?.build()?;
        refuse_other_types(&plan)?;
        self.analyze(plan)
    }

    /// Filters and projections are moved to where rows come from, and what must be equal is told from
    /// what else a join asks for. What makes sense of data at rest only is left out.
    pub(super) fn optimize(plan: LogicalPlan) -> Result<LogicalPlan, Fault> {
        let plan = match sub_queries::are_in(&plan)? {
            true => with_joins(plan)?,
            false => plan,
        };
        let rules: Vec<Arc<dyn OptimizerRule + Send + Sync>> = vec![
            Arc::new(SimplifyExpressions::new()),
            Arc::new(DecorrelatePredicateSubquery::new()),
            Arc::new(EliminateCrossJoin::new()),
            Arc::new(EliminateOuterJoin::new()),
            Arc::new(PushDownFilter::new()),
            Arc::new(ExtractEquijoinPredicate::new()),
            Arc::new(Marks),
        ];
        let narrowed = vec![Arc::new(OptimizeProjections::new()) as _];
        let all = [rules.clone(), narrowed.clone()].concat();
        let plan_narrowed = optimized(plan.clone(), all)?;
        if !counted::is_lost(&plan_narrowed)? {
            return Ok(plan_narrowed);
        }
        let kept = counted::kept(optimized(plan, rules)?)?;
        Ok(counted::plain(optimized(kept, narrowed)?)?)
    }

    /// Makes types the same where they have to be.
    pub(super) fn analyze(&self, plan: LogicalPlan) -> Result<LogicalPlan> {
        analyzed(plan, self.settings.zone)
    }

    fn context(&self) -> Context<'_> {
        let config = Arc::new(ConfigOptions::default());
        let zone = self.settings.zone.name();
        Context::new(self.catalog, self.functions, config, &zone)
    }
}

/// A plan with all types made the same where they have to be.
pub(super) fn analyzed(plan: LogicalPlan, zone: Zone) -> Result<LogicalPlan> {
    let rules: Vec<Arc<dyn AnalyzerRule + Send + Sync>> = vec![
        Arc::new(Unnamed),
        Arc::new(Rounding),
        Arc::new(Mixed),
        Arc::new(TypeCoercion::new()),
        Arc::new(Casts::new(zone)),
    ];
    let config = ConfigOptions::default();
    let analyzer = Analyzer::with_rules(rules);
    let analyzed = |plan| analyzer.execute_and_check(plan, &config, |_, _| {});
    analyzed(outer::settled(plan, &analyzed)?)
}

/// What Flink does not make of values of such types.
fn refuse_other_types(plan: &LogicalPlan) -> Result<()> {
    conditions::refuse_others(plan)?;
    arguments::refuse_others(plan)?;
    alike::refuse_others(plan)?;
    castable::refuse_others(plan)
}

/// A plan of whose sub-queries those that are values are joins, and the others are told as it is meant.
fn with_joins(plan: LogicalPlan) -> Result<LogicalPlan> {
    let joined = optimized(plan, vec![Arc::new(ScalarSubqueryToJoin::new())])?;
    // Behind this a NOT stands right before what it is of.
    let simple = optimized(joined, vec![Arc::new(SimplifyExpressions::new())])?;
    let told = sub_queries::told(simple)?;
    refuse_unknown(&told)?;
    Ok(told)
}

/// The only column of a plan.
pub(super) fn simplified(plan: LogicalPlan) -> Result<Expr> {
    let simplified = optimized(plan, vec![Arc::new(SimplifyExpressions::new())])?;
    let first = match simplified {
        LogicalPlan::Projection(projection) => projection.expr.into_iter().next(),
        _ => None,
    };
    let first = first.map(|expression| expression.unalias_nested().data);
    Ok(first.ok_or_else(|| Fault::new(NOWHERE, "expected an expression"))?)
}

/// Computes what looks at no column, if it is always the same.
fn computed(expression: &Expr) -> Result<()> {
    if expression.is_volatile() {
        return Ok(());
    }
    let (schema, context) = (DFSchema::empty(), PhysicalPlanningContext::default());
    let made = create_physical_expr(expression, &schema, &ExecutionProps::new(), &context)?;
    let one = RecordBatchOptions::new().with_row_count(Some(1));
    let row = RecordBatch::try_new_with_options(schema.inner().clone(), Vec::new(), &one)?;
    made.evaluate(&row)?;
    Ok(())
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
fn refuse_mixed_sets(plan: &LogicalPlan) -> Result<()> {
    plan.apply_with_subqueries(|plan| {
        match plan {
            LogicalPlan::Union(union) => refuse_mixed("UNION", &union.inputs)?,
            LogicalPlan::Join(join) if let Some(name) = sets::name(join) => {
                refuse_mixed(name, &[join.left.clone(), join.right.clone()])?;
            }
            _ => {}
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(())
}

fn refuse_mixed(operation: &str, inputs: &[Arc<LogicalPlan>]) -> Result<()> {
    let mut inputs = inputs.iter().map(|input| input.schema().fields());
    let Some(first) = inputs.next() else {
        return Ok(());
    };
    let pairs = inputs.flat_map(|other| first.iter().zip(other.iter()));
    for (one, other) in pairs {
        let (left, right) = (one.data_type(), other.data_type());
        let is_same = (left.is_numeric() && right.is_numeric())
            || (left.is_string() && right.is_string())
            || discriminant(left) == discriminant(right)
            || [left, right].contains(&&DataType::Null);
        if !is_same {
            let (left, right) = (types::name(left), types::name(right));
            let message = format!(
                "{operation} of {left} and {right} in '{}'; write CAST",
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
    let mut config = ConfigOptions::default();
    // All that are values are joins: there is no moment at which one could be asked.
    config
        .optimizer
        .enable_physical_uncorrelated_scalar_subquery = false;
    let context = OptimizerContext::new_with_config_options(Arc::new(config));
    let context = context.without_query_execution_start_time();
    Optimizer::with_rules(rules).optimize(plan, &context, |_, _| {})
}

/// Names are as they are written, numbers with a point are exact, errors know where, and null is less
/// than all there is.
fn parser_options() -> ParserOptions {
    ParserOptions::new()
        .with_parse_float_as_decimal(true)
        .with_enable_ident_normalization(false)
        .with_map_string_types_to_utf8view(false)
        .with_support_varchar_with_length(true)
        .with_collect_spans(true)
        .with_default_null_ordering(NullOrdering::NullsMin)
}

/// Looks at each expression of a plan, from the outside in, with the types of what it is made of.
pub(super) fn each_expression(
    plan: &LogicalPlan,
    mut look: impl FnMut(&Expr, &Typed) -> Result<()>,
) -> Result<()> {
    plan.apply_with_subqueries(|plan| {
        let typed = Typed::new(merge_schema(&plan.inputs()));
        plan.apply_expressions(|expression| {
            expression.apply(|expression| {
                look(expression, &typed)?;
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(())
}

/// Replaces expressions of a plan from the inside out, and keeps the names of its columns.
pub(super) fn replace_expressions(
    plan: LogicalPlan,
    replace: impl Fn(Expr, &DFSchema) -> Result<Transformed<Expr>>,
) -> Result<LogicalPlan> {
    let replaced = plan.transform_up_with_subqueries(|plan| {
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
