//! Scans. All plans of a job read a table by one scan of the columns that any of them needs, and
//! there is one watermark.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use datafusion_common::{Column, DFSchemaRef, TableReference};
use datafusion_expr::{Expr, LogicalPlan, TableScan};

use super::{
    super::{
        Changelog, Kind, Scan, Watermarks,
        as_of::Times,
        catalog::{Declared, Source, Value},
        error::{Fault, NOWHERE},
        windows::{Windows, step},
    },
    Lowered, Lowering, expression,
    join::within,
    rename, schema, typed,
    whole::Carried,
};

/// What is needed of each table, by name; and what was made of it.
#[derive(Debug, Default)]
pub(super) struct Scans {
    needs: BTreeMap<String, Need>,
    made: BTreeMap<String, Lowered>,
}

#[derive(Debug, Default)]
struct Need {
    columns: BTreeSet<usize>,
    /// Whether event time matters.
    is_timed: bool,
}

impl Scans {
    /// What these plans need.
    pub(super) fn of<'a>(plans: impl Iterator<Item = &'a LogicalPlan>) -> Self {
        let mut scans = Self::default();
        plans.for_each(|plan| scans.gather(plan, false));
        scans
    }

    fn gather(&mut self, plan: &LogicalPlan, is_timed: bool) {
        if let LogicalPlan::TableScan(scan) = plan
            && let Some(declared) = declared(scan)
        {
            let need = self.needs.entry(declared.table.name.clone()).or_default();
            need.is_timed |= is_timed;
            match &scan.projection {
                Some(columns) => need.columns.extend(columns),
                None => need.columns.extend(0..declared.columns.len()),
            }
        }
        let is_timed = is_timed || uses_time(plan);
        let is_lookup = match plan {
            LogicalPlan::Join(join) => Times::of(join).is_some_and(|(times, _)| !times.is_event),
            _ => false,
        };
        // What rows are looked up in is read on its own.
        let inputs = if is_lookup { 1 } else { usize::MAX };
        for input in plan.inputs().into_iter().take(inputs) {
            self.gather(input, is_timed);
        }
    }
}

/// Whether this waits for event time itself.
fn uses_time(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Window(_) => true,
        LogicalPlan::Join(join) => {
            within(join).is_some() || Times::of(join).is_some_and(|(times, _)| times.is_event)
        }
        _ => step::<Windows>(plan).is_some_and(|windows| windows.time.is_some()),
    }
}

fn declared(scan: &TableScan) -> Option<&Arc<Declared>> {
    match scan.source.downcast_ref::<Source>()? {
        Source::Table(declared) => Some(declared),
        Source::View { .. } => None,
    }
}

impl Lowering<'_> {
    /// The columns of a table under the names that this scan gives them.
    pub(super) fn scan(&mut self, scan: &TableScan) -> Result<Lowered, Fault> {
        let Some(declared) = declared(scan) else {
            return Err(Fault::new(NOWHERE, "a view is seen through before"));
        };
        let name = declared.table.name.clone();
        let made = match self.scans.made.get(&name) {
            Some(made) => made.clone(),
            None => {
                let made = self.shared_scan(declared)?;
                self.scans.made.insert(name, made.clone());
                made
            }
        };
        named(&made, scan)
    }

    /// The columns of a table that is read whole, for the one who reads this.
    pub(super) fn scan_whole(
        &mut self,
        scan: &TableScan,
        declared: &Declared,
    ) -> Result<Lowered, Fault> {
        let all = || (0..declared.columns.len()).collect();
        let columns = scan.projection.as_ref();
        let columns = columns.map_or_else(all, |columns| columns.iter().copied().collect());
        let read = self.physical(declared, &columns, true)?;
        let made = self.computed(declared, &columns, read)?;
        named(&made, scan)
    }

    fn shared_scan(&mut self, declared: &Declared) -> Result<Lowered, Fault> {
        let need = self.scans.needs.get(&declared.table.name);
        let mut columns = need.map(|need| need.columns.clone()).unwrap_or_default();
        let is_timed = need.is_some_and(|need| need.is_timed);
        let watermark = declared.watermark.as_ref().filter(|_| is_timed);
        if let Some(watermark) = watermark {
            columns.insert(watermark.time);
            columns.extend(self.wanted_late(declared)?);
            columns.extend(referred(&watermark.value, &declared.schema));
        }
        let read = self.physical(declared, &columns, false)?;
        let computed = self.computed(declared, &columns, read)?;
        let Some(watermark) = watermark else {
            return Ok(computed);
        };
        let time = declared.schema.field(watermark.time).name();
        let table = TableReference::bare(declared.table.name.as_str());
        let watermarks = Watermarks {
            time: computed
                .schema
                .index_of_column(&Column::new(Some(table), time))?,
            watermark: expression(&watermark.value, &computed.schema)?,
            idle_timeout: self.settings.idle_timeout,
            late: self.late(declared)?,
        };
        let schema = computed.schema.clone();
        let keeper = watermarks.late.clone();
        let kind = Kind::Watermarks(watermarks);
        let made = self.step(&[&computed], schema, Changelog::Append, kind);
        if let Some(keeper) = keeper {
            let carried = Carried::of_scan(&made.schema, &keeper);
            self.carried.insert(made.step, carried);
        }
        Ok(made)
    }

    fn late(&self, declared: &Declared) -> Result<Option<Arc<super::super::Table>>, Fault> {
        let late = declared.late.as_ref().map(|(name, at)| {
            let late = self.catalog.sink(name, *at)?;
            Ok(late.table.clone())
        });
        late.transpose()
    }

    /// The columns that its late rows are to have.
    fn wanted_late(&self, declared: &Declared) -> Result<Vec<usize>, Fault> {
        let Some(late) = self.late(declared)? else {
            return Ok(Vec::new());
        };
        let is_wanted = |name: &str| late.columns.iter().any(|column| column.name == name);
        let columns = declared.columns.iter().enumerate();
        let wanted = columns.filter(|(_, column)| is_wanted(&column.name));
        Ok(wanted.map(|(place, _)| place).collect())
    }

    /// Reads the columns, and those that others are computed from.
    fn physical(
        &mut self,
        declared: &Declared,
        columns: &BTreeSet<usize>,
        is_looked_up: bool,
    ) -> Result<Lowered, Fault> {
        let mut read = BTreeSet::new();
        let mut of_values =
            |column: usize| match declared.columns.get(column).map(|column| &column.value) {
                Some(Value::Physical(physical) | Value::Virtual(physical)) => {
                    read.insert(*physical);
                }
                Some(Value::Computed(value)) => {
                    let names = value.column_refs();
                    let places = names.iter().filter_map(|name| {
                        let columns = &declared.table.columns;
                        columns.iter().position(|column| column.name == name.name)
                    });
                    read.extend(places);
                }
                Some(Value::Processing(_)) | None => {}
            };
        columns.iter().for_each(|column| of_values(*column));
        let table = TableReference::bare(declared.table.name.as_str());
        let fields = read
            .iter()
            .filter_map(|place| declared.table.columns.get(*place));
        let fields = fields.map(|column| {
            let (of, nullable) = (column.data_type.clone(), column.nullable);
            let field = arrow::datatypes::Field::new(&column.name, of, nullable);
            (Some(table.clone()), Arc::new(field))
        });
        let schema = schema(fields.collect())?;
        let scan = Kind::Scan(Scan {
            table: declared.table.clone(),
            columns: read.into_iter().collect(),
            is_looked_up,
        });
        Ok(self.step(&[], schema, Changelog::Append, scan))
    }

    /// Computes the columns that are not read.
    fn computed(
        &mut self,
        declared: &Declared,
        columns: &BTreeSet<usize>,
        read: Lowered,
    ) -> Result<Lowered, Fault> {
        let table = TableReference::bare(declared.table.name.as_str());
        let columns = columns
            .iter()
            .filter_map(|column| declared.columns.get(*column));
        let columns: Vec<_> = columns.collect();
        let is_read = |value: &Value| matches!(value, Value::Physical(_) | Value::Virtual(_));
        if columns.iter().all(|column| is_read(&column.value)) {
            return Ok(read);
        }
        let values = columns.iter().map(|column| match &column.value {
            Value::Physical(_) | Value::Virtual(_) => {
                Expr::Column(Column::new(Some(table.clone()), &column.name))
            }
            Value::Computed(value) | Value::Processing(value) => value.clone(),
        });
        let values = values.map(|value| expression(&value, &read.schema));
        let values = values.collect::<Result<Vec<_>, Fault>>()?;
        let names = columns.iter().map(|column| {
            let (of, nullable) = (column.of.data_type.clone(), column.of.nullable);
            let field = arrow::datatypes::Field::new(&column.name, of, nullable);
            (Some(table.clone()), Arc::new(field))
        });
        let schema: DFSchemaRef = typed(names.collect(), &values, &read.schema)?;
        Ok(self.step(&[&read], schema, Changelog::Append, Kind::Project(values)))
    }
}

/// The numbers of the columns that an expression looks at.
fn referred(value: &Expr, schema: &arrow::datatypes::Schema) -> Vec<usize> {
    let names = value.column_refs();
    let places = names
        .iter()
        .filter_map(|name| schema.index_of(&name.name).ok());
    places.collect()
}

/// Under the names that a scan gives.
fn named(made: &Lowered, scan: &TableScan) -> Result<Lowered, Fault> {
    let schema = rename(&made.schema, |column| {
        Some((Some(scan.table_name.clone()), column.name.clone()))
    })?;
    Ok(Lowered { schema, ..*made })
}
