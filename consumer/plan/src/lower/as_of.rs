//! Joins as of a time: rows looked up in a table, and versions that were valid then.

use std::{collections::BTreeSet, sync::Arc};

use arrow::datatypes::{DataType, Field};
use datafusion_common::{Column, DFSchema, TableReference};
use datafusion_expr::{Expr, ExprSchemable, LogicalPlan, TableScan, utils::conjunction};

use super::{
    super::{
        Both, Changelog, Connector, Join, JoinKind, Kind, Temporal,
        as_of::{AS_OF, AsOf, Times, beside},
        catalog::{Source, Value},
        error::{Fault, NOWHERE},
        lineage::unaliased,
        windows::{fields, step},
    },
    Lowered, Lowering,
    below::Below,
    expression, expressions,
    join::pair,
    rank::Last,
};

/// A join with its inputs as plans.
type Plan = datafusion_expr::Join;

const ALONE: &str = "write the join in a view of its own";

const KEYLESS: &str = "an event time without the key of a version";

const KEY: &str = "ON has o.key = t.key for each column of the PRIMARY KEY, or of PARTITION BY";

const VERSIONED: &str = "there is a table with PRIMARY KEY and WATERMARK, or the last rows by \
                         ROW_NUMBER() OVER (PARTITION BY key ORDER BY time DESC)";

/// What the columns are of that say whether a version is one that is asked for: a name that no query can
/// write.
const ASKED: &str = "\0asked";

/// The conditions of a join, over the columns of both of its inputs.
struct Conditions {
    keys: Both<Vec<Expr>>,
    others: Vec<Expr>,
}

/// The rows of a table of which each is valid from its time on.
struct Versions {
    /// With the columns of the join's second input, and a column for each of `conditions`.
    rows: Lowered,
    /// What the columns of the join's second input are.
    columns: Vec<Expr>,
    /// What a version is known by, over the same as those.
    key: Vec<Expr>,
    /// What else must be true of a version that is found.
    conditions: Vec<Expr>,
}

impl Lowering<'_> {
    /// A join as of a time; none where it is another.
    pub(super) fn as_of(&mut self, join: &Plan, kind: JoinKind) -> Result<Option<Lowered>, Fault> {
        let Some((times, others)) = Times::of(join) else {
            return Ok(None);
        };
        let [first, second] = &times.columns;
        let has =
            |plan: &LogicalPlan, column| plan.schema().maybe_index_of_column(column).is_some();
        let is_as_written = has(&join.left, first) && has(&join.right, second);
        if !is_as_written || !matches!(kind, JoinKind::Inner | JoinKind::Left) {
            return Err(refused_alone());
        }
        let (firsts, seconds) = join.on.iter().cloned().unzip();
        let conditions = Conditions {
            keys: Both {
                first: firsts,
                second: seconds,
            },
            others,
        };
        if times.is_event {
            self.temporal(join, kind, &times, conditions).map(Some)
        } else {
            self.lookup(join, kind, conditions).map(Some)
        }
    }

    /// Rows are looked up in a table, which is read whole.
    fn lookup(
        &mut self,
        join: &Plan,
        kind: JoinKind,
        conditions: Conditions,
    ) -> Result<Lowered, Fault> {
        let first = self.exactly(&join.left)?;
        let (second, is_reloaded) = self.looked_up(&join.right)?;
        if conditions.keys.first.is_empty() {
            let instead = "ON has an equality with a key of the table: o.key = t.key";
            return Err(refused("a time of processing without a key", instead));
        }
        if is_reloaded && first.changelog == Changelog::Retract {
            let instead = "what was found before could not be taken back when they are: leave \
                           'lookup.full-cache.periodic-reload.interval' out, or join before it";
            return Err(refused("a time of processing of rows that change", instead));
        }
        let pair = pair(&first, &second)?;
        let join = joined(kind, conditions, [&first, &second], &pair)?;
        let changelog = first.changelog;
        let kind = Kind::Lookup(Box::new(join));
        Ok(self.step(&[&first, &second], pair, changelog, kind))
    }

    /// The rows of a table that others are looked up in, and whether they are read anew. It has a scan
    /// of its own: what reads the table otherwise reads it as it comes.
    fn looked_up(&mut self, plan: &LogicalPlan) -> Result<(Lowered, bool), Fault> {
        let instead = "there is a table of connector 'filesystem', or a time with a watermark";
        let unknown = || refused("a time of processing in what is no table", instead);
        let below = Below::find(plan, &step::<AsOf>)?.ok_or_else(unknown)?;
        let table = &below.node.input;
        let of_table = Below::find(table, &|plan| match plan {
            LogicalPlan::TableScan(scan) => Some(scan),
            _ => None,
        });
        let of_table = of_table?.ok_or_else(unknown)?;
        let scan = of_table.node;
        let Some(Source::Table(declared)) = scan.source.downcast_ref::<Source>() else {
            return Err(unknown());
        };
        let Connector::Filesystem { reload, .. } = &declared.table.connector else {
            let connector = declared.table.connector.name();
            let what = format!("a time of processing in a table of connector '{connector}'");
            return Err(refused(&what, instead));
        };
        let mut rows = self.scan_whole(scan, declared)?;
        let over = |value: &Expr| of_table.substituted(value, table);
        let asked = below
            .filters
            .iter()
            .map(over)
            .collect::<Result<Vec<_>, Fault>>()?;
        for filter in of_table.filters.iter().chain(&asked) {
            rows = self.filter(&rows, filter)?;
        }
        let columns = below.columns.iter().map(over);
        let columns = columns.collect::<Result<Vec<_>, Fault>>()?;
        let rows = self.project(&rows, &columns, fields(plan.schema()).collect())?;
        Ok((rows, reload.is_some()))
    }

    /// Versions that were valid at the time of a row.
    fn temporal(
        &mut self,
        join: &Plan,
        kind: JoinKind,
        times: &Times,
        mut conditions: Conditions,
    ) -> Result<Lowered, Fault> {
        let first = self.exactly(&join.left)?;
        let mut versions = self.carrying(false, |own| own.versions(&join.right))?;
        versions.rows = self.apart(&first, versions.rows);
        let second = &versions.rows;
        if [&first, second]
            .iter()
            .any(|input| input.changelog == Changelog::Retract)
        {
            let instead = "rows and versions are added alone: join before they are aggregated";
            return Err(refused("an event time of rows that change", instead));
        }
        conditions.keep_key(&versions, join.right.schema())?;
        conditions
            .others
            .extend(versions.conditions.iter().cloned());
        let pair = pair(&first, second)?;
        let [one, other] = &times.columns;
        let times = Both {
            first: first.schema.index_of_column(one)?,
            second: second.schema.index_of_column(other)?,
        };
        let of = joined(kind, conditions, [&first, second], &pair)?;
        let kind = Kind::Temporal(Box::new(Temporal { join: of, times }));
        let given = self.step(&[&first, second], pair, Changelog::Append, kind);
        // Without the conditions.
        let width = given.schema.fields().len() - versions.conditions.len();
        let columns: Vec<_> = given.schema.columns().into_iter().take(width).collect();
        let columns: Vec<_> = columns.into_iter().map(Expr::Column).collect();
        let names = fields(&given.schema).take(width).collect();
        self.project(&given, &columns, names)
    }

    /// The rows that are versions: those of a table with a key, or all of which the last of a key is
    /// valid.
    fn versions(&mut self, plan: &LogicalPlan) -> Result<Versions, Fault> {
        let Some(below) = Below::find(plan, &step::<AsOf>)? else {
            return Err(refused("an event time among these joins", VERSIONED));
        };
        let table = &below.node.input;
        let mut columns = below.columns;
        let mut filters: Vec<_> = below.filters.iter().filter_map(beside).collect();
        let (rows, key) = match Last::of(table)? {
            Some(last) => {
                for value in columns.iter_mut().chain(&mut filters) {
                    *value = last.substituted(value, table)?;
                }
                filters.extend(last.filters()?);
                (self.exactly(last.input)?, Some(last.key.to_vec()))
            }
            None => (self.exactly(table)?, primary_key(table)),
        };
        let Some(key) = key else {
            return Err(match has_key(table) {
                true => refused(KEYLESS, KEY),
                false => refused("an event time in a table without PRIMARY KEY", VERSIONED),
            });
        };
        let mut names: Vec<_> = fields(plan.schema()).collect();
        let conditions = (0..filters.len()).map(|place| {
            let (table, name) = (Some(TableReference::bare(ASKED)), place.to_string());
            names.push((
                table.clone(),
                Arc::new(Field::new(&name, DataType::Boolean, true)),
            ));
            Expr::Column(Column::new(table, name))
        });
        let conditions = conditions.collect();
        let all: Vec<_> = columns.iter().chain(&filters).cloned().collect();
        Ok(Versions {
            rows: self.project(&rows, &all, names)?,
            columns,
            key,
            conditions,
        })
    }
}

impl Conditions {
    /// A version is found by its key alone; whatever else is to be equal is asked of what was found.
    fn keep_key(&mut self, versions: &Versions, schema: &DFSchema) -> Result<(), Fault> {
        let pairs = self.keys.first.drain(..).zip(self.keys.second.drain(..));
        let (mut keys, mut found) = (Both::<Vec<_>>::default(), BTreeSet::new());
        for (first, second) in pairs.collect::<Vec<_>>() {
            let place = match widened(&second, schema) {
                Expr::Column(column) => schema.maybe_index_of_column(column),
                _ => None,
            };
            let value = place.and_then(|place| versions.columns.get(place));
            let is_it = |key: &Expr| value.is_some_and(|value| unaliased(value) == key);
            let at = versions.key.iter().position(is_it);
            match at.filter(|at| found.insert(*at)) {
                Some(_) => {
                    keys.first.push(first);
                    keys.second.push(second);
                }
                None => self.others.push(first.eq(second)),
            }
        }
        self.keys = keys;
        if found.len() == versions.key.len() {
            return Ok(());
        }
        Err(refused(KEYLESS, KEY))
    }
}

/// What an expression is, but for the width of a whole number: others may be equal when they are cast.
fn widened<'a>(value: &'a Expr, schema: &DFSchema) -> &'a Expr {
    let Expr::Cast(cast) = value else {
        return unaliased(value);
    };
    let (from, to) = (cast.expr.get_type(schema).ok(), cast.field.data_type());
    let is_wider = from.is_some_and(|from| {
        from.is_integer() && to.is_integer() && from.primitive_width() <= to.primitive_width()
    });
    if is_wider {
        unaliased(&cast.expr)
    } else {
        value
    }
}

/// The columns that a version of a table is known by, where they are all there.
fn primary_key(plan: &LogicalPlan) -> Option<Vec<Expr>> {
    let columns = plan.schema().columns();
    let key = key_places(plan)?.into_iter();
    let key = key.map(|place| columns.get(place).cloned().map(Expr::Column));
    key.collect()
}

/// Whether a version of a table is known by a key, also where that is not asked for.
fn has_key(plan: &LogicalPlan) -> bool {
    let of_table = |scan: &TableScan| match scan.source.downcast_ref::<Source>() {
        Some(Source::Table(declared)) => !declared.table.primary_key.is_empty(),
        _ => false,
    };
    match plan {
        LogicalPlan::TableScan(scan) => of_table(scan),
        LogicalPlan::Filter(filter) => has_key(&filter.input),
        LogicalPlan::SubqueryAlias(alias) => has_key(&alias.input),
        LogicalPlan::Projection(projection) => has_key(&projection.input),
        _ => false,
    }
}

fn key_places(plan: &LogicalPlan) -> Option<Vec<usize>> {
    match plan {
        LogicalPlan::TableScan(scan) => {
            let Source::Table(declared) = scan.source.downcast_ref::<Source>()? else {
                return None;
            };
            let key = declared.table.primary_key.iter();
            let place = |physical: &usize| {
                let is_it = |value: &Value| matches!(value, Value::Physical(at) | Value::Virtual(at) if at == physical);
                let place = declared
                    .columns
                    .iter()
                    .position(|column| is_it(&column.value))?;
                let Some(projected) = &scan.projection else {
                    return Some(place);
                };
                projected.iter().position(|column| *column == place)
            };
            let key = key.map(place).collect::<Option<Vec<_>>>()?;
            (!key.is_empty()).then_some(key)
        }
        LogicalPlan::Filter(filter) => key_places(&filter.input),
        LogicalPlan::SubqueryAlias(alias) => key_places(&alias.input),
        LogicalPlan::Projection(projection) => {
            let inner = projection.input.schema().columns();
            let key = key_places(&projection.input)?.into_iter();
            let key = key.map(|place| {
                let column = inner.get(place)?;
                let is_it =
                    |value: &Expr| matches!(unaliased(value), Expr::Column(of) if of == column);
                projection.expr.iter().position(is_it)
            });
            key.collect()
        }
        _ => None,
    }
}

fn joined(
    kind: JoinKind,
    conditions: Conditions,
    [first, second]: [&Lowered; 2],
    pair: &DFSchema,
) -> Result<Join, Fault> {
    let filter = conjunction(conditions.others);
    let filter = filter.map(|filter| expression(&filter, pair));
    Ok(Join {
        kind,
        keys: Both {
            first: expressions(&conditions.keys.first, &first.schema)?,
            second: expressions(&conditions.keys.second, &second.schema)?,
        },
        nulls_match: false,
        filter: filter.transpose()?,
        until: None,
    })
}

/// A version that no join asks for.
pub(super) fn refused_alone() -> Fault {
    refused("among these joins", ALONE)
}

fn refused(what: &str, instead: &str) -> Fault {
    Fault::unsupported(NOWHERE, &format!("{AS_OF} {what}"), instead).at_word("FOR")
}
