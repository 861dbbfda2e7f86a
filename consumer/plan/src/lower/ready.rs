//! Steps that group rows read columns, not expressions: what has to be computed of a row is computed in
//! a projection before them, once for all who want it, and where rows are parsed, side by side. What
//! nobody wants goes no further.

use std::sync::Arc;

use arrow::datatypes::Field;
use datafusion_physical_expr::expressions::{Column, Literal};

use super::{
    super::{Aggregate, Expression, Function, Kind, Time, error::Fault},
    Lowered, Lowering, hidden, schema,
    whole::Carried,
};

/// What rows are grouped by, and what is computed of them, over the columns of `rows`.
#[derive(Debug, Clone)]
pub(super) struct Ready {
    pub(super) rows: Lowered,
    pub(super) time: Option<Time>,
    pub(super) keys: Vec<Expression>,
    pub(super) aggregates: Vec<Aggregate>,
}

/// Expressions that become columns; each is there once.
#[derive(Debug, Default)]
struct Wanted(Vec<Expression>);

impl Lowering<'_> {
    /// Puts a projection before what is to be done, where that saves something.
    pub(super) fn ready(&mut self, given: Ready) -> Result<Ready, Fault> {
        let is_other = |one: &Aggregate| matches!(one.function, Function::Other(_));
        if given.aggregates.iter().any(is_other) {
            return Ok(given);
        }
        let (mut ready, mut wanted) = (given.clone(), Wanted::default());
        let before = ready.rows.schema.clone();
        if let Some(Time::Event(time)) = &mut ready.time {
            let column = Column::new(before.field(*time).name(), *time);
            *time = wanted.place(&(Arc::new(column) as Expression));
        }
        let of_aggregates = ready.aggregates.iter_mut();
        let of_aggregates = of_aggregates.flat_map(|one| [&mut one.argument, &mut one.filter]);
        for one in ready.keys.iter_mut().chain(of_aggregates.flatten()) {
            wanted.replace(one);
        }
        let carried = self.late_columns(&given.rows, &mut wanted);
        let is_column = |one: &Expression| one.is::<Column>();
        if wanted.0.iter().all(is_column) && wanted.0.len() == before.fields().len() {
            return Ok(given);
        }
        let fields = wanted.0.iter().enumerate().map(|(place, one)| {
            let input = before.as_arrow();
            let (of, nullable) = (one.data_type(input)?, one.nullable(input)?);
            let field = Field::new(name(one), of, nullable);
            Ok((Some(hidden(place)), Arc::new(field)))
        });
        let schema = schema(fields.collect::<Result<_, Fault>>()?)?;
        let changelog = ready.rows.changelog;
        ready.rows = self.step(&[&ready.rows], schema, changelog, Kind::Project(wanted.0));
        self.carried.insert(ready.rows.step, carried);
        Ok(ready)
    }

    /// What late rows are to have: what is carried, and what the query has under other names of theirs.
    fn late_columns(&self, rows: &Lowered, wanted: &mut Wanted) -> Carried {
        let carried = self.carried(rows);
        if !self.carries {
            return Carried::default();
        }
        let fields = rows.schema.fields();
        let mut place_of = |place: usize| {
            let field = fields.get(place)?;
            let column = Column::new(field.name(), place);
            Some(wanted.place(&(Arc::new(column) as Expression)))
        };
        let columns = carried.columns.iter();
        let columns = columns.filter_map(|(name, place)| Some((name.clone(), place_of(*place)?)));
        let columns = columns.collect();
        let kept = carried.keeper.iter().flat_map(|keeper| &keeper.columns);
        let others = kept.filter(|column| !carried.columns.contains_key(&column.name));
        for column in others {
            let place = fields.iter().position(|field| *field.name() == column.name);
            place.and_then(&mut place_of);
        }
        Carried { columns, ..carried }
    }
}

impl Wanted {
    /// The column that an expression becomes.
    fn place(&mut self, wanted: &Expression) -> usize {
        let known = self.0.iter().position(|known| known == wanted);
        known.unwrap_or_else(|| {
            self.0.push(wanted.clone());
            self.0.len() - 1
        })
    }

    fn replace(&mut self, one: &mut Expression) {
        if !one.is::<Literal>() {
            let place = self.place(one);
            *one = Arc::new(Column::new(&name(one), place));
        }
    }
}

fn name(of: &Expression) -> String {
    match of.downcast_ref::<Column>() {
        Some(column) => column.name().to_owned(),
        None => of.to_string(),
    }
}
