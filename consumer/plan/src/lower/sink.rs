//! Outputs: the columns of a plan, exactly, for a table or the console; with one row of each key at a
//! time, where the table knows no more.

use std::{collections::BTreeSet, sync::Arc};

use datafusion_expr::{Expr, LogicalPlan};
use datafusion_physical_expr::expressions::Column;
use datafusion_sql::sqlparser::tokenizer::Location;

use super::{
    super::{
        Changelog, Expression, Kind, Sink, StepId, Table, Takes, UpsertMaterialize,
        error::{Fault, NOWHERE},
        keys::Keys,
        kinds::Kinds,
        windows::fields,
    },
    Lowered, Lowering,
};

/// Rows for a table.
#[derive(Debug, Clone)]
pub(in super::super) struct Output {
    /// The table's name; of the console, the statement.
    pub(in super::super) at: Location,
    /// Its columns are those of the table.
    pub(in super::super) plan: LogicalPlan,
    /// None is the console.
    pub(in super::super) table: Option<Arc<Table>>,
}

impl Lowering<'_> {
    pub(super) fn insert(&mut self, output: &Output) -> Result<(), Fault> {
        let lowered = self.plan(&output.plan)?;
        if let (Changelog::Retract, Some(table)) = (lowered.changelog, &output.table) {
            self.refuse_changes(lowered.step, table)?;
        }
        let columns = output.plan.schema().columns().into_iter().map(Expr::Column);
        let names = fields(output.plan.schema()).collect();
        let mut exact = self.project(&lowered, &columns.collect::<Vec<_>>(), names)?;
        if let Some(key) = output.table.as_ref().and_then(|table| table.upsert_key()) {
            exact = self.materialized(exact, key);
        }
        let sink = Sink {
            table: output.table.clone(),
        };
        let schema = exact.schema.clone();
        self.step(&[&exact], schema, exact.changelog, Kind::Insert(sink));
        Ok(())
    }

    /// Rows of which those of a key come one after another: the newest that is there, where rows of
    /// a key could come in another order.
    fn materialized(&mut self, rows: Lowered, key: &[usize]) -> Lowered {
        let is_in_order = || {
            let keys = Keys::of(&self.dataflow);
            let keys = keys.get(rows.step.0);
            keys.is_some_and(|keys| keys.are_within(key))
        };
        let is_wanted = match self.settings.upsert_materialize {
            UpsertMaterialize::Auto => rows.changelog == Changelog::Retract && !is_in_order(),
            UpsertMaterialize::Force => true,
            UpsertMaterialize::None => false,
        };
        if !is_wanted {
            return rows;
        }
        let columns = key.iter().map(|number| {
            let field = rows.schema.field(*number);
            Arc::new(Column::new(field.name(), *number)) as Expression
        });
        let kind = Kind::Materialize(columns.collect());
        self.step(&[&rows], rows.schema.clone(), Changelog::Retract, kind)
    }

    /// What only ever grows cannot take a row back.
    fn refuse_changes(&self, step: StepId, table: &Table) -> Result<(), Fault> {
        let promise = table.connector.promise();
        if promise.is_none_or(|promise| promise.takes != Takes::Inserts) {
            return Ok(());
        }
        let kinds = Kinds::of(&self.dataflow);
        let kinds = kinds.get(step.0).copied().unwrap_or(Kinds::INSERTS);
        let changes = match (kinds.updates, kinds.deletes) {
            (true, true) => "update and delete",
            (true, false) => "update",
            (false, _) => "delete",
        };
        let (name, connector) = (&table.name, table.connector.name());
        let by = self.first_change(step);
        Err(Fault::new(
            NOWHERE,
            format!(
                "'{name}' ('{connector}') doesn't support consuming {changes} changes, which {by} \
                 gives; write them to a stream ('brooklet') or to 'print', or aggregate by a window"
            ),
        ))
    }

    /// In words, the first step on the way to this one that changes what it has given.
    fn first_change(&self, last: StepId) -> &'static str {
        let (mut changing, mut first) = (BTreeSet::from([last]), last);
        while let Some(step) = changing.pop_last() {
            first = step;
            let step = self.dataflow.steps.get(step.0);
            let inputs = step.map_or(&[][..], |step| &step.inputs);
            changing.extend(inputs.iter().filter(|input| {
                let input = self.dataflow.steps.get(input.0);
                input.is_some_and(|input| input.changelog == Changelog::Retract)
            }));
        }
        match self.dataflow.steps.get(first.0).map(|step| &step.kind) {
            Some(Kind::Running(_)) if self.is_counted(first) => "INTERSECT or EXCEPT with ALL",
            Some(Kind::Running(_)) => "GROUP BY or DISTINCT without a window",
            Some(Kind::Rank(of)) if of.keys.is_empty() => "ORDER BY with LIMIT",
            Some(Kind::Rank(_)) => "ROW_NUMBER",
            Some(Kind::Join(_)) => "the join",
            _ => "the query",
        }
    }

    /// Whether rows are counted for a set operation: they are repeated right behind.
    fn is_counted(&self, counts: StepId) -> bool {
        let mut steps = self.dataflow.steps.iter();
        steps.any(|step| {
            let read = step
                .inputs
                .first()
                .and_then(|input| self.dataflow.steps.get(input.0));
            matches!(step.kind, Kind::Repeat(_)) && read.is_some_and(|read| read.inputs == [counts])
        })
    }
}
