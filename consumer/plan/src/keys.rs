//! Upsert keys: columns of a step that name a row of its result, such that all changes of one name
//! come in their order. They are inferred as Flink infers them, from the keys that tables declare and
//! from what is grouped and ranked by.
//!
//! Where rows go to different tasks by some columns, a key that has not all of these is lost: of two
//! rows of that name the newer could overtake the older.

use std::collections::BTreeSet;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion_physical_expr::{
    expressions::{CastExpr, Column, Literal},
    utils::collect_columns,
};

use super::{
    Dataflow, Expression, Input, Join, JoinKind, Kind, Rank, Scan, Step, StepId, Window,
    written::unplaced,
};

/// One key: the numbers of its columns. Without any, there is one row at the most.
pub(super) type Key = BTreeSet<usize>;

/// So many keys of a step are known at the most.
const KEYS_MAX: usize = 8;

/// All known keys of a step's result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Keys(Vec<Key>);

impl Keys {
    /// Those of each step.
    pub(super) fn of(dataflow: &Dataflow) -> Vec<Self> {
        Self::from(dataflow, Self::of_scan)
    }

    /// Those of each step that no two rows have at a time: what a table declares does not count, as
    /// nothing holds its rows to that.
    pub(super) fn held(dataflow: &Dataflow) -> Vec<Self> {
        Self::from(dataflow, |_| Self::default())
    }

    fn from(dataflow: &Dataflow, of_scan: fn(&Scan) -> Self) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for (number, step) in dataflow.steps.iter().enumerate() {
            let inputs = step.inputs.iter();
            let inputs = inputs.map(|input| all.get(input.0).cloned().unwrap_or_default());
            let width = dataflow.width((StepId(number), Input::First));
            let keys = match &step.kind {
                Kind::Scan(scan) => of_scan(scan),
                _ => Self::of_step(dataflow, (step, width), &inputs.collect::<Vec<_>>()),
            };
            all.push(keys);
        }
        all
    }

    /// Whether rows that are apart by these columns are changed in their order: one of the keys has
    /// no others.
    pub(super) fn are_within(&self, columns: &[usize]) -> bool {
        let mut keys = self.0.iter();
        keys.any(|key| key.iter().all(|column| columns.contains(column)))
    }

    /// The one of the fewest columns.
    pub(super) fn least(&self) -> Option<&Key> {
        self.0.iter().min_by_key(|key| key.len())
    }

    /// Those of a step whose first input has so many columns.
    fn of_step(dataflow: &Dataflow, (step, width): (&Step, usize), inputs: &[Self]) -> Self {
        match (&step.kind, inputs) {
            (Kind::Filter(_) | Kind::Watermarks(_) | Kind::Union | Kind::Insert(_), [input]) => {
                input.clone()
            }
            (Kind::Project(values), [input]) => input.through(values, step, dataflow),
            (Kind::Assign { window, keys, .. }, [input]) => match window {
                Window::Tumble { .. } => input.clone(),
                Window::Session { .. } => input.apart(keys),
                // A row is in several windows, which end one after another.
                Window::Hop { .. } | Window::Cumulate { .. } => input.with(width + 1),
            },
            (Kind::Windowed(of), [_]) => {
                let groups: Key = (0..of.keys.len()).collect();
                let begin = groups.len() + of.aggregates.len();
                let by = |column| groups.iter().copied().chain([column]).collect();
                Self(vec![by(begin), by(begin + 1)])
            }
            (Kind::Running(of), [_]) => Self(vec![varying(&of.keys)]),
            (Kind::Over(of), [input]) => input.apart(&of.keys),
            (Kind::Rank(rank), [input]) => Self::of_rank(rank, width, input),
            (Kind::Materialize(key), [_]) => Self(plain(key).into_iter().collect()),
            (Kind::Join(join), [first, second]) => Self::of_join(join, width, [first, second]),
            _ => Self::default(),
        }
    }

    /// The key that a table declares, where all of it is read.
    fn of_scan(scan: &Scan) -> Self {
        let key = &scan.table.primary_key;
        let place = |column: &usize| scan.columns.iter().position(|read| read == column);
        let places: Option<Key> = key.iter().map(place).collect();
        Self(places.filter(|key| !key.is_empty()).into_iter().collect())
    }

    fn of_rank(rank: &Rank, width: usize, input: &Self) -> Self {
        let by = plain(&rank.keys);
        if rank.from == rank.to {
            return Self(by.into_iter().collect());
        }
        if rank.is_numbered {
            // A row that moves up is given at its new place before it is taken from the old one.
            let numbered = by.map(|by| by.into_iter().chain([width]).collect());
            return Self(numbered.into_iter().collect());
        }
        input.apart(&rank.keys)
    }

    fn of_join(join: &Join, width: usize, [first, second]: [&Self; 2]) -> Self {
        let is_one = |keys: &Self, by: &[Expression]| {
            let by: Vec<_> = by.iter().filter_map(column).collect();
            keys.are_within(&by)
        };
        let is_first_one = is_one(first, &join.keys.first);
        let is_second_one = is_one(second, &join.keys.second);
        let first = first.apart(&join.keys.first);
        let second = second.apart(&join.keys.second).moved(width);
        let (firsts, seconds) = match join.kind {
            JoinKind::Semi | JoinKind::Anti => return first,
            // Rows that are alone on either side may have the same name: that of nulls.
            JoinKind::Full => return Self::default(),
            JoinKind::Inner => (is_second_one, is_first_one),
            JoinKind::Left => (is_second_one, false),
            JoinKind::Right => (false, is_first_one),
        };
        let pairs = first.0.iter().flat_map(|one| {
            let others = second.0.iter();
            others.map(move |other| one.union(other).copied().collect())
        });
        let pairs: Vec<_> = pairs.collect();
        let of = |keys: Self, is_kept: bool| keys.0.into_iter().filter(move |_| is_kept);
        Self::few(
            of(first.clone(), firsts)
                .chain(of(second, seconds))
                .chain(pairs),
        )
    }

    /// Those that are still in their order where rows are apart by these values.
    fn apart(&self, by: &[Expression]) -> Self {
        let looked_at = by.iter().flat_map(collect_columns);
        let looked_at: Key = looked_at.map(|column| column.index()).collect();
        let keys = self.0.iter().filter(|key| looked_at.is_subset(key));
        Self(keys.cloned().collect())
    }

    /// Each with one column more.
    fn with(&self, column: usize) -> Self {
        let keys = self.0.iter();
        let keys = keys.map(|key| key.iter().copied().chain([column]).collect());
        Self(keys.collect())
    }

    /// Behind so many other columns.
    fn moved(&self, by: usize) -> Self {
        let keys = self.0.iter();
        Self(
            keys.map(|key| key.iter().map(|column| column + by).collect())
                .collect(),
        )
    }

    /// Those of which all columns are passed on, by their new numbers.
    fn through(&self, values: &[Expression], step: &Step, dataflow: &Dataflow) -> Self {
        let before = step
            .inputs
            .first()
            .and_then(|input| dataflow.steps.get(input.0));
        let Some(before) = before else {
            return Self::default();
        };
        let passed: Vec<_> = values
            .iter()
            .map(|value| same(value, &before.schema))
            .collect();
        let place = |column: &usize| passed.iter().position(|of| *of == Some(*column));
        let keys = self.0.iter();
        Self::few(keys.filter_map(|key| key.iter().map(place).collect()))
    }

    fn few(keys: impl Iterator<Item = Key>) -> Self {
        let mut few: Vec<Key> = Vec::new();
        for key in keys {
            if !few.contains(&key) && few.len() < KEYS_MAX {
                few.push(key);
            }
        }
        Self(few)
    }
}

/// The numbers of those that are not the same in all rows.
fn varying(values: &[Expression]) -> Key {
    let is_literal = |value: &Expression| unplaced(value).is::<Literal>();
    let numbered = values.iter().enumerate();
    let varying = numbered.filter(|(_, value)| !is_literal(value));
    varying.map(|(number, _)| number).collect()
}

/// Columns alone, as a key; none where something is computed.
fn plain(values: &[Expression]) -> Option<Key> {
    values.iter().map(column).collect()
}

pub(super) fn column(value: &Expression) -> Option<usize> {
    value.downcast_ref::<Column>().map(Column::index)
}

/// The column that a value tells apart as it does itself: it is that, or a whole number made wider.
fn same(value: &Expression, schema: &SchemaRef) -> Option<usize> {
    let value = unplaced(value);
    if let Some(column) = column(value) {
        return Some(column);
    }
    let cast = value.downcast_ref::<CastExpr>()?;
    let of = cast.expr().data_type(schema).ok()?;
    let (from, to) = (whole_bits(&of)?, whole_bits(cast.cast_type())?);
    (from <= to).then(|| same(cast.expr(), schema)).flatten()
}

const fn whole_bits(of: &DataType) -> Option<u32> {
    match of {
        DataType::Int8 => Some(8),
        DataType::Int16 => Some(16),
        DataType::Int32 => Some(32),
        DataType::Int64 => Some(64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use common::time::Clock;

    use super::*;
    use crate::{Settings, plan};

    /// Checks by what the rows of a query are named, in the order in which it is found.
    fn check(query: &str, expected: &str) {
        let text = format!(
            "CREATE TABLE a (k BIGINT, v INT, at TIMESTAMP(3), WATERMARK FOR at AS at) \
             WITH ('connector' = 'brooklet', 'stream' = 'a'); \
             CREATE TABLE users (id BIGINT, name STRING, age INT, PRIMARY KEY (id) NOT ENFORCED) \
             WITH ('connector' = 'brooklet', 'stream' = 'users'); \
             CREATE VIEW counts AS SELECT k, COUNT(*) AS n FROM a GROUP BY k; {query}"
        );
        let job = plan(&text, &Settings::new("job", Clock::System)).unwrap();
        let (keys, steps) = (Keys::of(&job.dataflow), &job.dataflow.steps);
        let (keys, step) = (keys.last().unwrap(), steps.last().unwrap());
        let name = |column: &usize| step.schema.field(*column).name().as_str();
        let key = |key: &Key| format!("({})", key.iter().map(name).collect::<Vec<_>>().join(" "));
        let keys: Vec<_> = keys.0.iter().map(key).collect();
        assert_eq!(keys.join(" "), expected, "{query}");
    }

    #[test]
    fn groups_and_ranks_name_their_rows() {
        check("SELECT v FROM a", "");
        check("SELECT * FROM counts", "(k)");
        check("SELECT n, k AS other FROM counts WHERE n > 1", "(other)");
        check("SELECT n FROM counts", "");
        check("SELECT k + 1, n FROM counts", "");
        check("SELECT COUNT(*) AS n FROM a", "()");
        check("SELECT DISTINCT v, k FROM a", "(v k)");
        check(
            "SELECT CAST(v AS BIGINT) AS w FROM (SELECT v, COUNT(*) FROM a GROUP BY v)",
            "(w)",
        );
        check(
            "SELECT CAST(v AS STRING) AS w FROM (SELECT v, COUNT(*) FROM a GROUP BY v)",
            "",
        );
        let ranked = |rank: &str, columns: &str| {
            format!(
                "SELECT {columns} FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY n ORDER BY k) AS r \
                 FROM counts) WHERE {rank}"
            )
        };
        check(&ranked("r = 1", "n, k"), "(n)");
        check(&ranked("r <= 3", "n, k, r"), "(n r)");
        check(&ranked("r <= 3", "n, k"), "");
        check("SELECT id, name FROM users", "(id)");
        check("SELECT * FROM counts UNION ALL SELECT * FROM counts", "");
    }

    #[test]
    fn joins_name_their_rows_by_those_of_their_inputs() {
        let on = |kind: &str, on: &str| {
            format!("SELECT x.k, x.n, y.k AS j FROM counts x {kind} JOIN counts y ON {on}")
        };
        check(&on("", "x.k = y.k"), "(k) (j) (k j)");
        check(&on("LEFT", "x.k = y.k"), "(k) (k j)");
        check(&on("RIGHT", "x.k = y.k"), "(j) (k j)");
        check(&on("FULL", "x.k = y.k"), "");
        // Rows of one key go to another task when their count changes.
        check(&on("", "x.n = y.k"), "");
        check(&on("CROSS", "TRUE").replace(" ON TRUE", ""), "(k j)");
        let names = "SELECT x.k, n, name FROM counts x LEFT JOIN users ON x.k = id";
        check(names, "(k)");
        let many = "SELECT x.k, (SELECT COUNT(*) FROM users WHERE id = x.k) AS m FROM counts x";
        check(many, "(k)");
        check("SELECT * FROM counts WHERE k IN (SELECT v FROM a)", "(k)");
        check("SELECT * FROM counts WHERE n IN (SELECT v FROM a)", "");
    }

    #[test]
    fn windows_name_their_rows_by_their_borders() {
        let windowed = |columns: &str| {
            format!(
                "SELECT {columns} FROM TABLE(TUMBLE(TABLE a, DESCRIPTOR(at), INTERVAL '1' SECOND)) \
                 GROUP BY k, window_start, window_end"
            )
        };
        check(&windowed("k, window_start, COUNT(*)"), "(k window_start)");
        let both = "(k window_start) (k window_end)";
        check(&windowed("k, window_start, window_end, COUNT(*)"), both);
        check(&windowed("window_start, COUNT(*)"), "");
    }
}
