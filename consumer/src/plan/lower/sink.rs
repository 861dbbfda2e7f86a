//! Outputs: the columns of a plan, exactly, for a table or the console.

use std::sync::Arc;

use datafusion_expr::{Expr, LogicalPlan};
use datafusion_sql::sqlparser::tokenizer::Location;

use super::{
    super::{
        Changelog, Kind, Sink, Table,
        error::{Fault, NOWHERE},
        windows::fields,
    },
    Lowering,
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
        if lowered.changelog == Changelog::Retract {
            refuse_changes(output.table.as_deref())?;
        }
        let columns = output.plan.schema().columns().into_iter().map(Expr::Column);
        let names = fields(output.plan.schema()).collect();
        let exact = self.project(&lowered, &columns.collect::<Vec<_>>(), names)?;
        let sink = Sink {
            table: output.table.clone(),
        };
        let schema = exact.schema.clone();
        self.step(&[&exact], schema, exact.changelog, Kind::Insert(sink));
        Ok(())
    }
}

/// What only ever grows cannot take a row back.
fn refuse_changes(table: Option<&Table>) -> Result<(), Fault> {
    let Some(table) = table else {
        return Ok(());
    };
    let promise = table.connector.promise();
    if promise.is_some_and(|promise| promise.takes == Changelog::Retract) {
        return Ok(());
    }
    let what = format!("writing rows that change to '{}'", table.name);
    let instead = "rows that change go to 'print' and 'blackhole'; or aggregate by a window";
    Err(Fault::unsupported(NOWHERE, &what, instead))
}
