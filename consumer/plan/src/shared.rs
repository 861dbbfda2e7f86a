//! What several places of a job's queries have in common is planned once, and so done once: the join or
//! aggregate of a view, say, that two `INSERT`s read with other columns and conditions.
//!
//! Columns and conditions are moved to where rows come from, and that would make other plans of the same
//! view. So what is in common is found before, and a table stands for it in the plans around it; then it is
//! known which columns any of these wants, and which conditions they all have, and with these alone it is
//! planned. At the end it is put back into its places.

use std::{collections::BTreeSet, sync::Arc};

use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion_common::{
    Column, Result, TableReference,
    tree_node::{Transformed, TreeNode, TreeNodeRecursion},
};
use datafusion_expr::{
    Aggregate, Expr, Filter, LogicalPlan, LogicalPlanBuilder, Projection, TableScan, TableSource,
    utils::{conjunction, split_conjunction_owned},
};

use super::{error::Fault, in_common::in_common, lower::Output, query::Planner};

/// Optimizes the plans of a job's outputs, and what they have in common on its own.
pub(super) fn optimize(outputs: &mut [Output]) -> Result<(), Fault> {
    let all = in_common(outputs.iter().map(|output| &output.plan))?;
    let mut parts: Vec<_> = all.into_iter().enumerate().map(Part::new).collect();
    for output in outputs.iter_mut() {
        let at = output.at;
        let optimized = Planner::optimize(cut(output.plan.clone(), &parts)?);
        output.plan = optimized.map_err(|fault| fault.or_at(at))?;
        ask(&output.plan, &mut parts)?;
    }
    // Who asks of a part is greater than it, and so stands before it.
    for number in 0..parts.len() {
        let (Some(part), rest) = (parts.get(number), parts.get(number + 1..)) else {
            continue;
        };
        let plan = cut(part.asked()?, rest.unwrap_or_default())?;
        let plan = Planner::optimize(plan)?;
        ask(&plan, &mut parts)?;
        if let Some(part) = parts.get_mut(number) {
            part.plan = Some(plan);
        }
    }
    for number in (0..parts.len()).rev() {
        let plan = parts.get_mut(number).and_then(|part| part.plan.take());
        let plan = plan.map(|plan| put_back(plan, &parts)).transpose()?;
        if let Some(part) = parts.get_mut(number) {
            part.plan = plan;
        }
    }
    for output in outputs {
        output.plan = put_back(output.plan.clone(), &parts)?;
    }
    Ok(())
}

/// What several places have in common.
#[derive(Debug)]
struct Part {
    /// As it was found.
    whole: LogicalPlan,
    table: Arc<Table>,
    /// What each place wants of it.
    asks: Vec<Ask>,
    /// With the columns that any of them wants, under the names of the table.
    plan: Option<LogicalPlan>,
}

/// A table that stands for it.
#[derive(Debug)]
struct Table {
    number: usize,
    schema: SchemaRef,
}

impl TableSource for Table {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

/// What a place wants.
#[derive(Debug)]
struct Ask {
    /// The numbers of the columns.
    columns: Vec<usize>,
    /// Which rows, over the columns of the table.
    conditions: Vec<Expr>,
}

impl Part {
    fn new((number, whole): (usize, LogicalPlan)) -> Self {
        let mut names = BTreeSet::new();
        let fields = whole.schema().fields().iter().enumerate();
        let fields = fields.map(|(place, field)| {
            let mut name = field.name().clone();
            if !names.insert(name.clone()) {
                name = format!("{name}:{place}");
            }
            Field::new(name, field.data_type().clone(), field.is_nullable())
        });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        Self {
            whole,
            table: Arc::new(Table { number, schema }),
            asks: Vec::new(),
            plan: None,
        }
    }

    fn name(&self) -> TableReference {
        TableReference::bare(format!("shared#{}", self.table.number + 1))
    }

    /// The table in its place, with the names that it has there.
    fn table(&self) -> Result<LogicalPlan> {
        let scan = LogicalPlanBuilder::scan(self.name(), self.table.clone(), None)?.build()?;
        let columns = scan.schema().columns().into_iter();
        let named = columns.zip(self.whole.schema().iter());
        let named = named.map(|(column, (table, field))| {
            Expr::Column(column).alias_qualified(table.cloned(), field.name())
        });
        let projection = Projection::try_new(named.collect(), Arc::new(scan))?;
        Ok(LogicalPlan::Projection(projection))
    }

    /// The columns that are wanted anywhere: one at least.
    fn columns(&self) -> Vec<usize> {
        let wanted = self.asks.iter().flat_map(|ask| &ask.columns).copied();
        let mut wanted: BTreeSet<_> = wanted.collect();
        if wanted.is_empty() {
            wanted.insert(0);
        }
        wanted.into_iter().collect()
    }

    /// The conditions that are asked for everywhere.
    fn conditions(&self) -> Vec<Expr> {
        let Some((first, others)) = self.asks.split_first() else {
            return Vec::new();
        };
        let is_everywhere = |one: &&Expr| {
            others.iter().all(|ask| ask.conditions.contains(one)) && !one.is_volatile()
        };
        first
            .conditions
            .iter()
            .filter(is_everywhere)
            .cloned()
            .collect()
    }

    /// What is wanted of it, as a plan.
    fn asked(&self) -> Result<LogicalPlan> {
        let columns = self.whole.schema().columns();
        let mut plan = LogicalPlanBuilder::from(self.whole.clone());
        if let Some(condition) = conjunction(self.conditions()) {
            let over = condition.transform_up(|value| {
                let place = match &value {
                    Expr::Column(column) => self.table.schema.index_of(&column.name).ok(),
                    _ => None,
                };
                let own = place.and_then(|place| columns.get(place));
                Ok(match own {
                    Some(own) => Transformed::yes(Expr::Column(own.clone())),
                    None => Transformed::no(value),
                })
            })?;
            plan = plan.filter(over.data)?;
        }
        let named = self.columns().into_iter().filter_map(|place| {
            let name = self.table.schema.field(place).name();
            let own = Expr::Column(columns.get(place)?.clone());
            Some(own.alias_qualified(Some(self.name()), name))
        });
        plan.project(named.collect::<Vec<_>>())?.build()
    }

    /// The rows of it in a place, with these columns of the table.
    fn rows(&self, columns: Option<Vec<Column>>) -> Result<LogicalPlan> {
        let Some(plan) = &self.plan else {
            return self.table();
        };
        match columns {
            Some(columns) if columns != plan.schema().columns() => {
                let columns = columns.into_iter().map(Expr::Column).collect();
                let projection = Projection::try_new(columns, Arc::new(plan.clone()))?;
                Ok(LogicalPlan::Projection(projection))
            }
            _ => Ok(plan.clone()),
        }
    }
}

/// A plan with tables in place of what it has in common with others.
fn cut(plan: LogicalPlan, parts: &[Part]) -> Result<LogicalPlan> {
    if parts.is_empty() {
        return Ok(plan);
    }
    let cut = plan.transform_down_with_subqueries(|plan| {
        match parts.iter().find(|part| part.whole == plan) {
            Some(part) => Ok(Transformed::new(
                part.table()?,
                true,
                TreeNodeRecursion::Jump,
            )),
            None => Ok(Transformed::no(plan)),
        }
    })?;
    Ok(cut.data)
}

/// The table that stands for a part, if a plan is that.
fn table(plan: &LogicalPlan) -> Option<(&TableScan, &Table)> {
    match plan {
        LogicalPlan::TableScan(scan) => Some((scan, scan.source.downcast_ref()?)),
        _ => None,
    }
}

/// Remembers what a plan wants of each part.
fn ask(plan: &LogicalPlan, parts: &mut [Part]) -> Result<()> {
    let mut take = |(scan, table): (&TableScan, &Table), conditions: Vec<Expr>| {
        let all = || (0..table.schema.fields().len()).collect();
        let columns = scan.projection.clone().unwrap_or_else(all);
        if let Some(part) = parts.get_mut(table.number) {
            part.asks.push(Ask {
                columns,
                conditions,
            });
        }
    };
    plan.apply_with_subqueries(|plan| {
        if let Some(of) = table(plan) {
            take(of, Vec::new());
        }
        if let LogicalPlan::Filter(filter) = plan
            && let Some(of) = table(&filter.input)
        {
            take(of, split_conjunction_owned(filter.predicate.clone()));
            return Ok(TreeNodeRecursion::Jump);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(())
}

/// A plan with the parts in place of the tables.
fn put_back(plan: LogicalPlan, parts: &[Part]) -> Result<LogicalPlan> {
    if parts.is_empty() {
        return Ok(plan);
    }
    let whole = plan.transform_down_with_subqueries(|plan| {
        let put = |plan| Ok(Transformed::new(plan, true, TreeNodeRecursion::Jump));
        match &plan {
            // These say themselves which columns they have.
            LogicalPlan::Projection(own) => match rows(&own.input, parts, false)? {
                Some(input) => put(LogicalPlan::Projection(Projection::try_new_with_schema(
                    own.expr.clone(),
                    Arc::new(input),
                    own.schema.clone(),
                )?)),
                None => Ok(Transformed::no(plan)),
            },
            LogicalPlan::Aggregate(own) => match rows(&own.input, parts, false)? {
                Some(input) => put(LogicalPlan::Aggregate(Aggregate::try_new_with_schema(
                    Arc::new(input),
                    own.group_expr.clone(),
                    own.aggr_expr.clone(),
                    own.schema.clone(),
                )?)),
                None => Ok(Transformed::no(plan)),
            },
            other => match rows(other, parts, true)? {
                Some(rows) => put(rows),
                None => Ok(Transformed::no(plan)),
            },
        }
    })?;
    Ok(whole.data)
}

/// The rows of a part, where a plan is the table that stands for it, or a filter of that; with the columns
/// of the table alone, or others too. The conditions that the part has are not asked again.
fn rows(plan: &LogicalPlan, parts: &[Part], is_exact: bool) -> Result<Option<LogicalPlan>> {
    let (input, predicate) = match plan {
        LogicalPlan::Filter(filter) => (filter.input.as_ref(), Some(&filter.predicate)),
        plan => (plan, None),
    };
    let Some((part, scan)) =
        table(input).and_then(|(scan, table)| Some((parts.get(table.number)?, scan)))
    else {
        return Ok(None);
    };
    let columns = is_exact.then(|| scan.projected_schema.columns());
    let rows = part.rows(columns)?;
    let known = part.conditions();
    let conditions = predicate
        .into_iter()
        .cloned()
        .flat_map(split_conjunction_owned);
    let Some(rest) = conjunction(conditions.filter(|one| !known.contains(one))) else {
        return Ok(Some(rows));
    };
    Ok(Some(LogicalPlan::Filter(Filter::try_new(
        rest,
        Arc::new(rows),
    )?)))
}

#[cfg(test)]
mod tests {
    use common::time::Clock;

    use crate::{Job, Kind, Settings, explain, plan};

    const TABLES: &str = "
        CREATE TABLE a (k BIGINT, v BIGINT, w BIGINT) WITH ('connector' = 'datagen');
        CREATE TABLE b (k BIGINT, v BIGINT, w BIGINT) WITH ('connector' = 'datagen');
        CREATE TABLE clicks (who STRING, price INT, page STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
        WITH ('connector' = 'datagen');
        CREATE TABLE one (x BIGINT, y BIGINT) WITH ('connector' = 'blackhole');
        CREATE TABLE other (x BIGINT, y BIGINT) WITH ('connector' = 'blackhole');
        CREATE TABLE texts (x STRING, y STRING) WITH ('connector' = 'blackhole');
    ";

    /// Two INSERTs that read what a query gives, and how they are explained.
    fn planned(view: &str, inserts: [&str; 2]) -> (Job, String) {
        let [first, second] = inserts;
        let text = format!(
            "{TABLES} CREATE VIEW view AS {view}; EXECUTE STATEMENT SET BEGIN \
             INSERT INTO {first}; INSERT INTO {second}; END;"
        );
        let job = plan(&text, &Settings::new("job", Clock::System));
        let job = job.unwrap_or_else(|error| panic!("{error}: {text}"));
        let text = explain(&job);
        (job, text)
    }

    /// Checks which of their steps keep something.
    fn check(view: &str, inserts: [&str; 2], expected: &str) {
        let (job, text) = planned(view, inserts);
        let kept = job
            .dataflow
            .steps
            .iter()
            .filter_map(|step| match step.kind {
                Kind::Join(_) => Some("join"),
                Kind::Running(_) => Some("aggregate"),
                Kind::Windowed(_) => Some("window"),
                Kind::Rank(_) => Some("rank"),
                _ => None,
            });
        assert_eq!(kept.collect::<Vec<_>>().join(" "), expected, "{text}");
    }

    const JOINED: &str = "SELECT a.k, a.v, b.w FROM a JOIN b ON a.k = b.k";

    #[test]
    fn two_inserts_of_a_view_share_it_whatever_they_ask() {
        let other_columns = ["one SELECT k, v FROM view", "other SELECT k, w FROM view"];
        check(JOINED, other_columns, "join");
        let other_rows = [
            "one SELECT k, v FROM view WHERE v > 1",
            "other SELECT k, w FROM view WHERE v < 1 AND w = 2",
        ];
        check(JOINED, other_rows, "join");
        let sums = "SELECT k, SUM(v) AS v, COUNT(w) AS w FROM a GROUP BY k";
        check(sums, other_columns, "aggregate");
        check(sums, other_rows, "aggregate");
        let upon = [
            "one SELECT v, COUNT(*) FROM view GROUP BY v",
            "other SELECT x.w, y.v FROM view x JOIN b y ON x.k = y.k",
        ];
        check(sums, upon, "aggregate aggregate join");
        let first = "SELECT k, v, w FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v) AS n FROM a) \
                     WHERE n = 1";
        check(first, other_columns, "rank");
        let numbered = "SELECT k, v, n AS w FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v) AS n FROM a) \
                        WHERE n <= 3";
        check(numbered, other_columns, "rank");
        check(numbered, other_rows, "rank");
        let windows = "SELECT who, window_start, window_end, SUM(price) AS price, COUNT(*) AS n \
                       FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '1' HOUR)) \
                       GROUP BY who, window_start, window_end";
        let of_windows = [
            "texts SELECT who, CAST(n AS STRING) FROM view WHERE n > 1",
            "texts SELECT CAST(window_end AS STRING), CAST(price AS STRING) FROM view",
        ];
        check(windows, of_windows, "window");
        let within = [
            "one SELECT k, v FROM view",
            "other SELECT k, v FROM b WHERE EXISTS (SELECT 1 FROM view WHERE view.w = b.w)",
        ];
        check(JOINED, within, "join join");
        for condition in [
            "EXISTS (SELECT 1 FROM b WHERE a.k = b.k)",
            "k IN (SELECT v FROM b)",
            "k NOT IN (SELECT v FROM b)",
        ] {
            let found = format!("SELECT k, v, w FROM a WHERE {condition}");
            check(&found, other_columns, "join");
            check(&found, other_rows, "join");
        }
        // A view that is joined with itself is one, too.
        let itself = [
            "one SELECT x.v, y.w FROM view x JOIN view y ON x.k = y.k",
            "other SELECT k, v FROM a",
        ];
        check(sums, itself, "aggregate join");
    }

    #[test]
    fn only_what_any_asks_for_is_kept() {
        let view = "SELECT a.k, a.v, b.v AS u, b.w FROM a JOIN b ON a.k = b.k";
        let (job, _) = planned(
            view,
            ["one SELECT k, v FROM view", "other SELECT v, w FROM view"],
        );
        let mut steps = job.dataflow.steps.iter();
        let join = steps.find(|step| matches!(step.kind, Kind::Join(_)));
        let fields = join.unwrap().schema.fields().iter();
        let names: Vec<_> = fields.map(|field| field.name().as_str()).collect();
        assert_eq!(names, ["k", "v", "k", "w"]);
    }

    #[test]
    fn a_condition_that_all_ask_for_comes_before_what_is_kept() {
        let filters = |conditions: [&str; 2]| {
            let [first, second] = conditions;
            let first = format!("one SELECT k, v FROM view WHERE {first}");
            let second = format!("other SELECT k, w FROM view WHERE {second}");
            let (job, text) = planned(JOINED, [&first, &second]);
            let kinds = job.dataflow.steps.iter().map(|step| &step.kind);
            let kinds: Vec<_> = kinds.collect();
            let join = kinds.iter().position(|kind| matches!(kind, Kind::Join(_)));
            let count = |kinds: &[&Kind]| {
                let filters = kinds.iter().filter(|kind| matches!(kind, Kind::Filter(_)));
                filters.count()
            };
            let (before, behind) = kinds.split_at(join.unwrap_or_else(|| panic!("{text}")));
            (count(before), count(behind))
        };
        assert_eq!(filters(["v > 1", "v > 1"]), (1, 0));
        assert_eq!(filters(["v > 1", "v > 1 AND w > 2"]), (1, 1));
        assert_eq!(filters(["v > 1", "v > 2"]), (0, 2));
    }
}
