//! The text of a job → what is to be done. Statements are taken one after another, as each may name
//! what those before it have made.

use std::{panic::resume_unwind, sync::Arc, thread};

use datafusion_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion_sql::sqlparser::ast::{Ident, Query};

use super::{
    Dataflow, Error, Settings, Table,
    catalog::{Catalog, Source},
    coerce::{coerced, written},
    declare::declare,
    error::{Fault, NOWHERE, begin},
    functions::Functions,
    lower::{Output, lower},
    query::Planner,
    settings::ZONE,
    shared,
    statement::{Definition, Insert, Kind, Statement, at_its_word, statements},
};

/// Room for the deepest text that is looked at before it is refused. It is only taken where it is used.
const STACK_BYTES: usize = 256 * 1024 * 1024;

/// What a text says is to be done.
#[derive(Debug, Clone)]
pub struct Job {
    /// The steps.
    pub dataflow: Dataflow,
    /// What it is run with, with what it has set itself.
    pub settings: Settings,
    /// Whether its last statement is `EXPLAIN`: it is to be explained, and not run.
    pub is_explained: bool,
    /// What each `INSERT` or `SELECT` is, as a plan.
    pub queries: Vec<Planned>,
}

/// A query, planned.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The table that its rows are for; none is the console.
    pub table: Option<Arc<Table>>,
    /// How they come to be.
    pub plan: LogicalPlan,
}

/// Plans the text of a job.
///
/// # Errors
/// The text is no job: it has a mistake, or something that is not supported.
pub fn plan(text: &str, settings: &Settings) -> Result<Job, Error> {
    // Some editors begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let planned = || {
        let job = Reading::job(text, settings.clone());
        job.map_err(|fault| at_its_word(fault, text).into_error(&settings.job))
    };
    thread::scope(|scope| {
        let plans = thread::Builder::new()
            .name("plan".to_owned())
            .stack_size(STACK_BYTES);
        match plans.spawn_scoped(scope, planned) {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(_) => planned(),
        }
    })
}

/// A job of which some statements were taken.
#[derive(Debug)]
struct Reading {
    settings: Settings,
    functions: Functions,
    catalog: Catalog,
    outputs: Vec<Output>,
    /// Why nothing may follow, where nothing may.
    end: Option<&'static str>,
    is_explained: bool,
}

impl Reading {
    fn job(text: &str, settings: Settings) -> Result<Job, Fault> {
        let mut reading = Self {
            functions: Functions::new(&settings.clock, settings.zone),
            settings,
            catalog: Catalog::default(),
            outputs: Vec::new(),
            end: None,
            is_explained: false,
        };
        let statements = statements(text)?;
        reading.zone(&statements)?;
        for statement in statements {
            let at = statement.at;
            reading.take(statement).map_err(|fault| fault.or_at(at))?;
        }
        reading.catalog.refuse_late()?;
        if reading.outputs.is_empty() {
            let message = "there is nothing to do; write INSERT INTO … SELECT, or SELECT";
            return Err(Fault::new(NOWHERE, message));
        }
        shared::optimize(&mut reading.outputs)?;
        let dataflow = lower(&reading.outputs, &reading.catalog, &reading.settings)?;
        let queries = reading.outputs.into_iter().map(|output| Planned {
            table: output.table,
            plan: output.plan,
        });
        Ok(Job {
            dataflow,
            queries: queries.collect(),
            settings: reading.settings,
            is_explained: reading.is_explained,
        })
    }

    /// The zone is of the whole job, also of what is declared before it is set: types know theirs.
    fn zone(&mut self, statements: &[Statement]) -> Result<(), Fault> {
        let mut is_used = false;
        for statement in statements {
            match &statement.kind {
                Kind::Set(setting) if setting.key == ZONE && is_used => {
                    let what = format!("'{ZONE}' behind a query");
                    let instead = "set it before: a job has one";
                    return Err(Fault::unsupported(setting.at, &what, instead));
                }
                Kind::Set(setting) if setting.key == ZONE => self.settings.set(setting)?,
                Kind::Set(_) | Kind::View { .. } => {}
                Kind::Table(definition) if definition.query.is_none() => {}
                Kind::Table(_) | Kind::Insert(_) | Kind::Select(_) | Kind::Explain(_) => {
                    is_used = true;
                }
            }
        }
        self.functions = Functions::new(&self.settings.clock, self.settings.zone);
        Ok(())
    }

    fn take(&mut self, statement: Statement) -> Result<(), Fault> {
        if let Some(end) = self.end {
            return Err(Fault::new(statement.at, end));
        }
        match statement.kind {
            // The zone is set from the begin on.
            Kind::Set(setting) if setting.key == ZONE => {}
            Kind::Set(setting) => self.settings.set(&setting)?,
            Kind::Table(definition) if definition.if_new && self.catalog.has(&definition.name) => {}
            Kind::Table(definition) => self.table(&definition)?,
            Kind::View { name, if_new, .. } if if_new && self.catalog.has(&name) => {}
            Kind::View {
                name,
                columns,
                query,
                ..
            } => self.view(&name, &columns, &query)?,
            Kind::Insert(inserts) => {
                for insert in inserts {
                    self.insert(&insert)?;
                }
            }
            Kind::Select(query) => {
                self.end = Some("a SELECT is the last statement of a job");
                let plan = self.planner().query(&query)?;
                self.outputs.push(Output {
                    at: statement.at,
                    plan,
                    table: None,
                });
            }
            Kind::Explain(explained) => {
                self.take(*explained)?;
                self.is_explained = true;
                self.end = Some("an EXPLAIN is the last statement of a job");
            }
        }
        Ok(())
    }

    const fn planner(&self) -> Planner<'_> {
        Planner {
            catalog: &self.catalog,
            functions: &self.functions,
            settings: &self.settings,
        }
    }

    fn table(&mut self, definition: &Definition) -> Result<(), Fault> {
        let planner = self.planner();
        let rows = definition
            .query
            .as_ref()
            .map(|query| planner.query(query))
            .transpose()?;
        let schema = rows.as_ref().map(|rows| rows.schema().inner().clone());
        let declared = declare(&planner, definition, schema.as_ref())?;
        let name = &definition.name;
        let source = Source::Table(Arc::new(declared));
        self.catalog.add(&name.value, begin(name.span), source)?;
        match rows {
            Some(rows) => self.output(rows, name, &[]),
            None => Ok(()),
        }
    }

    fn view(&mut self, name: &Ident, columns: &[Ident], query: &Query) -> Result<(), Fault> {
        let mut plan = self.planner().query(query)?;
        let given = plan.schema().columns();
        if !columns.is_empty() {
            if columns.len() != given.len() {
                let message = format!(
                    "the query gives {} columns, and the view has {}",
                    given.len(),
                    columns.len()
                );
                return Err(Fault::new(begin(name.span), message));
            }
            let renamed = given.into_iter().zip(columns);
            let renamed = renamed.map(|(column, name)| Expr::Column(column).alias(&name.value));
            plan = LogicalPlanBuilder::from(plan).project(renamed)?.build()?;
        }
        let schema = plan.schema().inner().clone();
        let view = Source::View { plan, schema };
        self.catalog.add(&name.value, begin(name.span), view)
    }

    fn insert(&mut self, insert: &Insert) -> Result<(), Fault> {
        // An unknown table is told before what its query may have.
        self.catalog
            .sink(&insert.table.value, begin(insert.table.span))?;
        let plan = self.planner().query(&insert.query)?;
        self.output(plan, &insert.table, &insert.columns)
    }

    fn output(&mut self, rows: LogicalPlan, name: &Ident, columns: &[Ident]) -> Result<(), Fault> {
        let place = begin(name.span);
        let declared = self.catalog.sink(&name.value, place)?;
        let table = written(declared, place)?;
        let rows = coerced(rows, &table, columns, place)?;
        let rows = self.planner().analyze(rows)?;
        self.outputs.push(Output {
            at: place,
            plan: rows,
            table: Some(table),
        });
        Ok(())
    }
}
