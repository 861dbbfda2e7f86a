//! Windows: what stands between them and what aggregates over them, and rows that only get them.

use datafusion_expr::{Expr, LogicalPlan};

use super::{
    super::{
        Changelog, Kind, Time,
        error::{Fault, NOWHERE},
        windows::{Windows, fields, step},
    },
    Lowered, Lowering,
    below::Below,
    expressions, schema,
};

/// A plan whose rows are those of windows, renamed, computed from and filtered.
pub(super) type Windowed<'a> = Below<'a, Windows>;

/// What an expression over the columns of windows looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LooksAt {
    Nothing,
    /// The columns that windows add, alone.
    Window,
    /// The columns of the rows, alone.
    Row,
    Both,
}

impl<'a> Windowed<'a> {
    /// None where there is something else between the plan and its windows.
    pub(super) fn new(plan: &'a LogicalPlan) -> Result<Option<Self>, Fault> {
        Below::find(plan, &step)
    }

    /// Whether each condition and each group looks at the rows alone or at the windows alone: only then
    /// rows are filtered and grouped before they are in windows.
    pub(super) fn is_taken_apart(&self, groups: &[Expr]) -> bool {
        let mut all = self.filters.iter().chain(groups);
        all.all(|value| Self::looks_at(value) != LooksAt::Both)
    }

    pub(super) fn looks_at(value: &Expr) -> LooksAt {
        let columns = value.column_refs();
        let of_window = columns
            .iter()
            .filter(|column| Windows::added_column(&Expr::Column((**column).clone())).is_some());
        match (of_window.count(), columns.len()) {
            (_, 0) => LooksAt::Nothing,
            (0, _) => LooksAt::Row,
            (some, all) if some == all => LooksAt::Window,
            _ => LooksAt::Both,
        }
    }
}

impl Lowering<'_> {
    /// The rows that are put into windows.
    pub(super) fn windowed_rows(&mut self, windows: &Windows) -> Result<Lowered, Fault> {
        let input = self.plan(&windows.input)?;
        if input.changelog == Changelog::Retract {
            let instead =
                "put the rows into windows first, and group by window_start and window_end";
            return Err(Fault::unsupported(
                NOWHERE,
                "a window of rows that change",
                instead,
            ));
        }
        Ok(input)
    }

    /// Where the time of a row is.
    pub(super) fn time(windows: &Windows, rows: &Lowered) -> Result<Time, Fault> {
        match &windows.time {
            Some(Expr::Column(column)) => Ok(Time::Event(rows.schema.index_of_column(column)?)),
            Some(_) => Err(Fault::new(NOWHERE, "the time of a window is a column")),
            None => Ok(Time::Processing),
        }
    }

    /// In which zone windows are aligned.
    pub(super) fn zone(&self, windows: &Windows) -> Option<super::super::Zone> {
        let zone = Some(self.settings.zone);
        zone.filter(|_| {
            use arrow::datatypes::DataType;
            matches!(windows.time_type, DataType::Timestamp(_, Some(_)))
        })
    }

    /// Rows with their windows.
    pub(super) fn assign(&mut self, windows: &Windows) -> Result<Lowered, Fault> {
        let rows = self.windowed_rows(windows)?;
        let kind = Kind::Assign {
            window: windows.window,
            time: Self::time(windows, &rows)?,
            keys: expressions(&windows.keys, &rows.schema)?,
            zone: self.zone(windows),
        };
        let added = super::super::windows::added(&windows.time_type);
        let schema = schema(fields(&rows.schema).chain(added).collect())?;
        Ok(self.step(&[&rows], schema, Changelog::Append, kind))
    }
}
