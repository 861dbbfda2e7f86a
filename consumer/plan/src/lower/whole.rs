//! Late rows are whole. Where rows may come too late for a step, and their table keeps such rows, the
//! columns of that table come along with those that the query asks for, up to that step and no further:
//! behind all others, under names that no query can write.
//!
//! Which steps those are is known when there are steps. So plans with late rows are lowered twice, and
//! the second time it is known behind which plans a row may be late.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use arrow::datatypes::{DataType, Field};
use datafusion_common::{DFSchema, ScalarValue};
use datafusion_expr::{Expr, LogicalPlan, cast, lit};
use datafusion_physical_expr::expressions::Column;

use super::{
    super::{
        Expression, Kind, StepId, Table,
        coerce::casts_or_is,
        error::Fault,
        windows::{Qualified, fields},
    },
    Lowered, Lowering, hidden, is_column,
    late::other_type,
    plain, schema,
};

/// Columns of a step that are those of a table whose late rows are kept.
#[derive(Debug, Clone, Default)]
pub(super) struct Carried {
    /// Where they are, by their names.
    pub(super) columns: BTreeMap<String, usize>,
    /// The table that keeps late rows.
    pub(super) keeper: Option<Arc<Table>>,
}

/// Numbers of plans.
pub(super) type Plans = HashSet<usize>;

impl Carried {
    /// Those of a scan that its late rows are to have.
    pub(super) fn of_scan(schema: &DFSchema, keeper: &Arc<Table>) -> Self {
        let place = |name: &str| {
            schema
                .fields()
                .iter()
                .position(|field| field.name() == name)
        };
        let columns = keeper.columns.iter().filter_map(|column| {
            let place = place(&column.name)?;
            Some((column.name.clone(), place))
        });
        Self {
            columns: columns.collect(),
            keeper: Some(keeper.clone()),
        }
    }

    /// Those among the first `width` columns.
    fn within(&self, width: usize) -> Self {
        let columns = self.columns.iter().filter(|(_, place)| **place < width);
        Self {
            columns: columns
                .map(|(name, place)| (name.clone(), *place))
                .collect(),
            keeper: self.keeper.clone(),
        }
    }

    /// These, and those of rows that stand behind so many other columns.
    fn beside(mut self, second: Self, width: usize) -> Self {
        for (name, place) in second.columns {
            self.columns.entry(name).or_insert(place + width);
        }
        Self {
            keeper: self.keeper.or(second.keeper),
            ..self
        }
    }
}

impl Lowering<'_> {
    /// Whether rows of a plan may be late for what stands above it.
    pub(super) fn may_be_late(&mut self, plan: &LogicalPlan) -> Result<bool, Fault> {
        Ok(!self.late.is_empty() && self.late.contains(&self.numbered.number(plan)?))
    }

    /// Lets `work` bring along what late rows are to have, or not.
    pub(super) fn carrying<T>(
        &mut self,
        carries: bool,
        work: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let before = std::mem::replace(&mut self.carries, carries);
        let done = work(self);
        self.carries = before;
        done
    }

    /// The numbers of the plans whose rows may be late for a step above, where late rows are kept.
    pub(super) fn late_plans(&self) -> Result<Plans, Fault> {
        let mut steps = BTreeSet::new();
        for inlet in self.late_inlets()? {
            steps.extend(inlet.on_the_way);
        }
        let known = self.known.iter();
        let known = known.filter(|(_, (_, lowered))| steps.contains(&lowered.step));
        Ok(known.map(|(number, _)| *number).collect())
    }

    /// What is carried by the rows of a step.
    pub(super) fn carried(&self, of: &Lowered) -> Carried {
        let all = self.carried.get(&of.step).cloned().unwrap_or_default();
        all.within(of.schema.fields().len())
    }

    /// What a step carries: as a step gives the columns of its input first, they stay where they are.
    pub(super) fn carry(&mut self, step: StepId, inputs: &[&Lowered]) {
        let kind = self.dataflow.steps.get(step.0).map(|step| &step.kind);
        let carried = match (kind, inputs) {
            (Some(Kind::Join(_)), [first, second]) => {
                let width = first.schema.fields().len();
                let pair = self.carried(first).beside(self.carried(second), width);
                let given = self.dataflow.steps.get(step.0);
                pair.within(given.map_or(0, |step| step.schema.fields().len()))
            }
            (Some(Kind::Lookup(_) | Kind::Temporal(_)), [first, _])
            | (
                Some(
                    Kind::Filter(_)
                    | Kind::Watermarks(_)
                    | Kind::Assign { .. }
                    | Kind::Over(_)
                    | Kind::Rank(_)
                    | Kind::Union,
                ),
                [first],
            ) => self.carried(first),
            _ => return,
        };
        self.carried.insert(step, carried);
    }

    /// What a projection of these values carries, with the values and names that have to be added.
    pub(super) fn through(
        &self,
        input: &Lowered,
        values: &mut Vec<Expression>,
        names: &mut Vec<Qualified>,
    ) -> Carried {
        let before = self.carried(input);
        let mut carried = Carried {
            keeper: before.keeper,
            ..Carried::default()
        };
        for (name, place) in before.columns {
            let known = values.iter().position(|value| is_column(value, place));
            let place = match known {
                Some(known) => known,
                None if self.carries => {
                    let (_, field) = input.schema.qualified_field(place);
                    values.push(Arc::new(Column::new(&name, place)));
                    let field = field.as_ref().clone().with_name(unwritable(&name));
                    names.push((Some(hidden(names.len())), Arc::new(field)));
                    names.len() - 1
                }
                None => continue,
            };
            carried.columns.insert(name, place);
        }
        carried
    }

    /// What all of several inputs can carry, with the types that it has behind them.
    pub(super) fn carried_together(&self, inputs: &[Lowered]) -> Result<Together, Fault> {
        let all: Vec<_> = inputs.iter().map(|input| self.carried(input)).collect();
        let keeper = all.iter().find_map(|one| one.keeper.clone());
        let mut columns = Vec::new();
        for column in keeper.iter().flat_map(|keeper| &keeper.columns) {
            let of = |(input, carried): (&Lowered, &Carried)| {
                let place = *carried.columns.get(&column.name)?;
                Some(input.schema.field(place).data_type().clone())
            };
            let types: Vec<_> = inputs.iter().zip(&all).map(of).collect();
            let Some(first) = types.iter().flatten().next().cloned() else {
                continue;
            };
            let is_everywhere = types.iter().all(Option::is_some);
            if !is_everywhere && !column.nullable {
                continue;
            }
            let to = match types.iter().flatten().all(|of| *of == first) {
                true => first,
                false => plain(&column.data_type),
            };
            let other = types.iter().flatten().find(|of| !casts_or_is(of, &to));
            if let (Some(other), Some(keeper)) = (other, &keeper) {
                return Err(other_type(column, &keeper.name, other));
            }
            columns.push((column.name.clone(), to));
        }
        Ok(Together { columns, keeper })
    }
}

/// What several inputs carry, in the same order.
#[derive(Debug, Default)]
pub(super) struct Together {
    columns: Vec<(String, DataType)>,
    keeper: Option<Arc<Table>>,
}

impl Together {
    /// The names of these columns, behind so many others.
    pub(super) fn names(&self, width: usize) -> impl Iterator<Item = Qualified> {
        let columns = self.columns.iter().enumerate();
        columns.map(move |(place, (name, of))| {
            let field = Field::new(unwritable(name), of.clone(), true);
            (Some(hidden(width + place)), Arc::new(field))
        })
    }

    /// Their values, over one of the inputs. What that has not is null.
    pub(super) fn values(&self, input: &Lowered, carried: &Carried) -> Vec<Expr> {
        let columns = input.schema.columns();
        let of = |name: &String| columns.get(*carried.columns.get(name)?).cloned();
        let value = |name| of(name).map_or_else(|| lit(ScalarValue::Null), Expr::Column);
        let values = self.columns.iter();
        values
            .map(|(name, of)| cast(value(name), of.clone()))
            .collect()
    }

    /// Where they are, behind so many others.
    pub(super) fn behind(self, width: usize) -> Carried {
        let names = self.columns.into_iter().enumerate();
        Carried {
            columns: names
                .map(|(place, (name, _))| (name, width + place))
                .collect(),
            keeper: self.keeper,
        }
    }
}

impl Lowered {
    /// With the first columns alone. What comes of the rest is for late rows.
    pub(super) fn narrowed(&self, width: usize) -> Result<Self, Fault> {
        let first = fields(&self.schema).take(width);
        Ok(Self {
            schema: schema(first.collect())?,
            ..*self
        })
    }
}

/// Whether a column of this name is there for late rows alone.
pub(in super::super) fn is_for_late_rows(name: &str) -> bool {
    name.starts_with('\0')
}

/// A column's name that no query can write: one of the same name may stand before it.
fn unwritable(name: &str) -> String {
    format!("\0{name}")
}
