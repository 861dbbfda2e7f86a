//! The tables and views that a job has made so far.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion_common::TableReference;
use datafusion_expr::{Expr, LogicalPlan, TableSource};
use datafusion_sql::sqlparser::{ast::Ident, tokenizer::Location};

use super::{
    Connector, Table,
    error::{Fault, NOWHERE, did_you_mean},
    format::Format,
    types::Type,
};

/// Tables and views by name.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    entries: BTreeMap<String, Arc<Source>>,
}

/// What a name in FROM stands for.
#[derive(Debug)]
pub(super) enum Source {
    Table(Arc<Declared>),
    View {
        plan: LogicalPlan,
        schema: SchemaRef,
    },
}

/// A table with all its columns.
#[derive(Debug)]
pub(super) struct Declared {
    /// Its columns are the physical ones and metadata.
    pub(super) table: Arc<Table>,
    pub(super) columns: Vec<Column>,
    pub(super) schema: SchemaRef,
    pub(super) watermark: Option<Watermark>,
    /// The name of the table for late rows.
    pub(super) late: Option<(String, Location)>,
}

/// A column of a table.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) of: Type,
    pub(super) value: Value,
}

/// Where a column's values come from.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// The column of that number of [`Declared::table`].
    Physical(usize),
    /// The same, but it is not written.
    Virtual(usize),
    /// An expression over the physical columns.
    Computed(Expr),
    /// The time at which it is computed.
    Processing(Expr),
}

/// How far a column's time has come.
#[derive(Debug, Clone)]
pub(super) struct Watermark {
    /// The number of the column among all.
    pub(super) time: usize,
    /// Over all columns.
    pub(super) value: Expr,
}

impl Declared {
    /// The arrow schema of such columns.
    pub(super) fn schema(columns: &[Column]) -> SchemaRef {
        let field = |column: &Column| {
            Field::new(
                &column.name,
                column.of.data_type.clone(),
                column.of.nullable,
            )
        };
        Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
    }
}

impl Catalog {
    /// Adds a table or view.
    pub(super) fn add(&mut self, name: &str, at: Location, source: Source) -> Result<(), Fault> {
        if self.entries.contains_key(name) {
            let message = format!("there is already a table or view '{name}'");
            return Err(Fault::new(at, message));
        }
        self.entries.insert(name.to_owned(), Arc::new(source));
        Ok(())
    }

    /// Whether there is a table or view of this name.
    pub(super) fn has(&self, name: &Ident) -> bool {
        self.entries.contains_key(&name.value)
    }

    /// What this name stands for.
    pub(super) fn find(&self, name: &str, at: Location) -> Result<&Arc<Source>, Fault> {
        self.entries.get(name).ok_or_else(|| {
            let hint = did_you_mean(name, self.entries.keys().map(String::as_str));
            Fault::new(at, format!("there is no table '{name}'{hint}"))
        })
    }

    /// The table of this name, which is one that can be written to.
    pub(super) fn sink(&self, name: &str, at: Location) -> Result<&Arc<Declared>, Fault> {
        let refused = match self.find(name, at)?.as_ref() {
            Source::View { .. } => "a view".to_owned(),
            Source::Table(declared) if matches!(declared.table.format, Some(Format::Csv(_))) => {
                let instead = "write 'format' = 'json'";
                return Err(Fault::unsupported(at, "writing CSV", instead));
            }
            Source::Table(declared) if declared.table.connector.promise().is_some() => {
                return Ok(declared);
            }
            Source::Table(declared) => {
                let connector = declared.table.connector.name();
                format!("a table of connector '{connector}'")
            }
        };
        let instead = "there is 'brooklet', 'filesystem', 'print' and 'blackhole'";
        let what = format!("writing to {refused}");
        Err(Fault::unsupported(at, &what, instead))
    }

    /// Refuses tables for late rows that there are not, or that cannot be written to.
    pub(super) fn refuse_late(&self) -> Result<(), Fault> {
        for (name, source) in &self.entries {
            let Source::Table(declared) = source.as_ref() else {
                continue;
            };
            let Some((late, at)) = &declared.late else {
                continue;
            };
            self.sink(late, *at)?;
            if late == name {
                let message = format!("the late rows of '{name}' would come back to it");
                return Err(Fault::new(*at, message));
            }
        }
        Ok(())
    }

    /// What is scanned for this name.
    pub(super) fn scanned(&self, name: &TableReference) -> Result<Arc<Source>, Fault> {
        let TableReference::Bare { table } = name else {
            let instead = "write the name of the table alone";
            return Err(Fault::unsupported(
                NOWHERE,
                "a catalog or database",
                instead,
            ));
        };
        let source = self.find(table, NOWHERE)?;
        let unreadable = match source.as_ref() {
            Source::View { .. } => return Ok(source.clone()),
            Source::Table(declared) => match declared.table.connector {
                Connector::Print { .. } => "print",
                Connector::Blackhole => "blackhole",
                Connector::Brooklet { .. }
                | Connector::Http { .. }
                | Connector::Filesystem { .. }
                | Connector::Datagen { .. } => return Ok(source.clone()),
            },
        };
        let what = format!("reading from a table of connector '{unreadable}'");
        let instead = "there is 'brooklet', 'http', 'filesystem' and 'datagen'";
        Err(Fault::unsupported(NOWHERE, &what, instead))
    }
}

/// What DataFusion sees of a table: all its columns. A view it sees through.
impl TableSource for Source {
    fn schema(&self) -> SchemaRef {
        match self {
            Self::Table(declared) => declared.schema.clone(),
            Self::View { schema, .. } => schema.clone(),
        }
    }

    fn get_logical_plan(&self) -> Option<Cow<'_, LogicalPlan>> {
        match self {
            Self::Table(_) => None,
            Self::View { plan, .. } => Some(Cow::Borrowed(plan)),
        }
    }
}
