//! The step of a logical plan that puts rows into windows: it adds the columns `window_start`,
//! `window_end` and `window_time`. DataFusion plans around it without knowing what it does.

use std::{cmp::Ordering, collections::HashSet, fmt, sync::Arc};

use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion_common::{DFSchema, DFSchemaRef, Result, TableReference, plan_err};
use datafusion_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};

use super::{Window, lineage::Attribute, types::MILLISECONDS};

/// Puts rows into windows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Windows {
    pub(super) input: LogicalPlan,
    pub(super) window: Window,
    /// The column of the event time; none is processing time.
    pub(super) time: Option<Expr>,
    /// The type of the time.
    pub(super) time_type: DataType,
    /// What sessions are apart by.
    pub(super) keys: Vec<Expr>,
    schema: DFSchemaRef,
}

/// The columns that it adds, in this order behind those of its input.
pub(super) const ADDED: [&str; 3] = ["window_start", "window_end", WINDOW_TIME];
/// The last of them: the last moment of a window, as a time.
pub(super) const WINDOW_TIME: &str = "window_time";

/// A field with the name of its table.
pub(super) type Qualified = (Option<TableReference>, FieldRef);

/// The fields of the added columns.
pub(super) fn added(time: &DataType) -> impl Iterator<Item = Qualified> {
    let types = [MILLISECONDS, MILLISECONDS, in_milliseconds(time)];
    let field = |(name, data_type): (&str, _)| Arc::new(Field::new(name, data_type, false));
    ADDED
        .into_iter()
        .zip(types)
        .map(move |of| (None, field(of)))
}

fn in_milliseconds(time: &DataType) -> DataType {
    match time {
        DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Millisecond, zone.clone()),
        other => other.clone(),
    }
}

/// The fields of a schema.
pub(super) fn fields(schema: &DFSchema) -> impl Iterator<Item = Qualified> {
    let fields = schema.iter();
    fields.map(|(table, field)| (table.cloned(), field.clone()))
}

/// What a plan is, if it is this step of ours.
pub(super) fn step<T: UserDefinedLogicalNodeCore + 'static>(plan: &LogicalPlan) -> Option<&T> {
    match plan {
        LogicalPlan::Extension(extension) => extension.node.as_any().downcast_ref(),
        _ => None,
    }
}

impl Windows {
    pub(super) fn try_new(
        input: LogicalPlan,
        window: Window,
        time: Option<Expr>,
        time_type: DataType,
        keys: Vec<Expr>,
    ) -> Result<Self> {
        let all = fields(input.schema()).chain(added(&time_type)).collect();
        let schema = Arc::new(DFSchema::new_with_metadata(all, Default::default())?);
        Ok(Self {
            input,
            window,
            time,
            time_type,
            keys,
            schema,
        })
    }

    /// What kind of time they are of.
    pub(super) const fn attribute(&self) -> Attribute {
        match self.time {
            Some(_) => Attribute::Event,
            None => Attribute::Processing,
        }
    }

    /// Whether rows can be given their windows before they are grouped, and event time closes them:
    /// where a session begins and ends all its rows say.
    pub(super) const fn can_be_assigned(&self) -> bool {
        self.time.is_some() && !matches!(self.window, Window::Session { .. })
    }

    /// Which of the added columns an expression is.
    pub(super) fn added_column(expression: &Expr) -> Option<usize> {
        match expression {
            Expr::Column(column) if column.relation.is_none() => {
                ADDED.iter().position(|name| *name == column.name)
            }
            _ => None,
        }
    }
}

/// There is no order among plans that anything depends on.
impl PartialOrd for Windows {
    fn partial_cmp(&self, _: &Self) -> Option<Ordering> {
        None
    }
}

impl UserDefinedLogicalNodeCore for Windows {
    fn name(&self) -> &'static str {
        "Windows"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        self.time.iter().chain(&self.keys).cloned().collect()
    }

    /// A filter may move below if it does not change which rows make a session: so if it looks at
    /// the keys alone.
    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        let is_session = matches!(self.window, Window::Session { .. });
        let is_key = |name: &str| {
            let is_it = |key: &Expr| matches!(key, Expr::Column(column) if column.name == name);
            self.keys.iter().any(is_it)
        };
        let names = self.schema.fields().iter().map(|field| field.name());
        let held =
            names.filter(|name| ADDED.contains(&name.as_str()) || (is_session && !is_key(name)));
        held.cloned().collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Windows: {}, time=", self.window)?;
        match &self.time {
            Some(time) => write!(f, "{time}")?,
            None => write!(f, "processing")?,
        }
        if !self.keys.is_empty() {
            let keys: Vec<_> = self.keys.iter().map(ToString::to_string).collect();
            write!(f, ", keys=[{}]", keys.join(", "))?;
        }
        Ok(())
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let mut exprs = exprs.into_iter();
        let time = self.time.as_ref().and_then(|_| exprs.next());
        let Some(input) = inputs.into_iter().next() else {
            return plan_err!("windows have an input");
        };
        let time_type = self.time_type.clone();
        Self::try_new(input, self.window, time, time_type, exprs.collect())
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let width = self.input.schema().fields().len();
        let of_input = output_columns.iter().copied();
        Some(vec![of_input.filter(|column| *column < width).collect()])
    }
}
