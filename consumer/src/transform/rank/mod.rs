//! The first rows of each key in an order: `ROW_NUMBER() … <= n`, and of it `= 1`, which is how rows
//! that are there several times become one.
//!
//! Within a batch a key gives one change, from its first rows before it to those behind it. Rows of
//! windows are given when their window closes, once.
//!
//! Where keys are forgotten that are not written for so long, all rows of one go together. A key is
//! written when the rows that are kept of it change: one that comes for the n-th time only is not.

mod ended;
mod list;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    hash::BuildHasher,
    time::Duration,
};

use arrow::{
    array::Int64Array,
    compute::SortOptions,
    datatypes::{DataType, SchemaRef},
    record_batch::RecordBatch,
    row::{RowConverter, Rows, SortField},
};
use foldhash::fast::RandomState;

use self::list::{List, others};
use super::{
    build::Source,
    changes::{Changes, Op},
    error::Fault,
    expiry::{self, Expiry},
    expression::columns,
    group::Groups,
    operator::{Counts, Operator, Origin, Out},
    state::State,
    store::Store,
    until::Deadline,
};
use crate::plan::{self, Arrival, Changelog};

#[derive(Debug)]
pub(super) struct Rank {
    schema: SchemaRef,
    input: SchemaRef,
    plan: plan::Rank,
    retracts: bool,
    key_types: Vec<DataType>,
    groups: Groups,
    lists: Vec<List>,
    store: Store,
    /// Of what a row is.
    hash: RandomState,
    order: RowConverter,
    /// The keys whose windows close at a time, in the order in which they came.
    due: BTreeMap<i64, Vec<u32>>,
    arrived: u64,
    /// When the window of a row closes, where rows are given then.
    deadline: Option<Deadline>,
    expiry: Option<Expiry>,
    /// Rows of keys that have ended, which are still to be given back.
    leaving: Vec<List>,
}

/// Rows to be given, with their numbers among those of their key.
#[derive(Debug, Default)]
struct Told {
    rows: Vec<u32>,
    numbers: Vec<i64>,
    ops: Vec<Op>,
}

impl Told {
    fn tell(&mut self, row: u32, number: usize, op: Op) {
        self.rows.push(row);
        self.numbers.push(i64::try_from(number).unwrap_or(i64::MAX));
        self.ops.push(op);
    }
}

impl Rank {
    pub(super) fn new(
        schema: SchemaRef,
        plan: &plan::Rank,
        source: &Source,
        state_ttl: Option<Duration>,
    ) -> Result<Self, Fault> {
        let retracts = source.changelog == Changelog::Retract;
        let types = plan.keys.iter();
        let types = types.map(|key| Ok(key.data_type(&source.schema)?));
        let key_types = types.collect::<Result<Vec<_>, Fault>>()?;
        let order = plan.order.iter().map(|order| {
            let of = order.value.data_type(&source.schema)?;
            let options = SortOptions {
                descending: order.is_descending,
                nulls_first: order.is_nulls_first,
            };
            Ok(SortField::new_with_options(of, options))
        });
        Ok(Self {
            schema,
            input: source.schema.clone(),
            plan: plan.clone(),
            retracts,
            groups: Groups::new(&key_types)?,
            key_types,
            lists: Vec::new(),
            store: Store::new(&source.schema)?,
            hash: RandomState::default(),
            order: RowConverter::new(order.collect::<Result<_, Fault>>()?)?,
            due: BTreeMap::new(),
            arrived: 0,
            deadline: plan.until.map(|until| Deadline::new(until, source)),
            expiry: state_ttl.map(Expiry::new),
            leaving: Vec::new(),
        })
    }

    /// The groups of rows, and until when each is kept, where that is known.
    fn find(&mut self, rows: &RecordBatch) -> Result<(Vec<u32>, Option<Vec<i64>>), Fault> {
        let keys = columns(&self.plan.keys, rows)?;
        let mut groups = Vec::new();
        self.groups.intern(&keys, rows.num_rows(), &mut groups)?;
        let (bound, retracts, most) = (self.groups.bound(), self.retracts, self.plan.to);
        if bound > self.lists.len() {
            self.lists.resize_with(bound, || List::new(retracts, most));
        }
        let until = self.deadline.as_ref();
        let until = until.map(|until| until.of(rows)).transpose()?;
        Ok((groups, until))
    }

    /// What rows are sorted by, as bytes.
    fn order(&self, rows: &RecordBatch) -> Result<Rows, Fault> {
        let values: Vec<_> = self
            .plan
            .order
            .iter()
            .map(|order| order.value.clone())
            .collect();
        let values = columns(&values, rows)?;
        Ok(self.order.convert_columns(&values)?)
    }

    /// Puts rows into the lists of their keys. Calls `before` when a list is about to change; returns
    /// the rows that are gone.
    fn take(
        &mut self,
        changes: &Changes,
        mut before: impl FnMut(u32, &List),
    ) -> Result<Vec<u32>, Fault> {
        let rows = &changes.rows;
        let (groups, until) = self.find(rows)?;
        let order = if self.plan.order.is_empty() {
            None
        } else {
            Some(self.order(rows)?)
        };
        let encoded = self.store.encoded(rows.columns())?;
        let mut gone = Vec::new();
        for (number, (row, group)) in encoded.iter().zip(&groups).enumerate() {
            let until = until.as_ref().and_then(|until| until.get(number)).copied();
            let Some(list) = self.lists.get_mut(*group as usize) else {
                continue;
            };
            if self.expiry.as_mut().is_some_and(|all| all.end(*group)) {
                let ended = std::mem::replace(list, List::new(self.retracts, self.plan.to));
                self.leaving.push(ended);
            }
            if let Some(until) = until.filter(|_| list.len() == 0) {
                self.due.entry(until).or_default().push(*group);
            }
            let order = order.as_ref().map(|order| order.row(number));
            let order = order.as_ref().map_or(&[][..], |order| order.data());
            if changes.op(number).adds() {
                let place = place(order, self.arrived, self.plan.arrival);
                self.arrived += 1;
                if list.takes(&place, self.plan.to) {
                    before(*group, list);
                    let row = self.store.put(row.data())?;
                    let hash = |row| self.hash.hash_one(self.store.row(row));
                    gone.extend(list.insert((place, row), self.plan.to, hash));
                    self.expiry.iter_mut().for_each(|all| all.write(*group));
                }
            } else {
                before(*group, list);
                let hash = self.hash.hash_one(row.data());
                let taken = list.take((order, hash), |own| self.store.row(own) == row.data());
                gone.extend(taken);
                match &mut self.expiry {
                    Some(all) if taken.is_some() => all.write(*group),
                    Some(all) => all.unknown += 1,
                    None => {}
                }
            }
        }
        Ok(gone)
    }

    /// Forgets the keys among these that have no rows.
    fn forget(&mut self, groups: impl Iterator<Item = u32>) {
        let has_none = |group: &u32| {
            let list = self.lists.get(*group as usize);
            list.is_some_and(|list| list.len() == 0)
        };
        let empty: BTreeSet<_> = groups.filter(has_none).collect();
        if let Some(expiry) = &mut self.expiry {
            empty.iter().for_each(|group| expiry.clear(*group));
        }
        self.groups.remove(&empty.into_iter().collect::<Vec<_>>());
    }

    /// Tells how the rows that are given change from `before` to what they are.
    fn tell(&self, before: &[u32], now: &[u32], told: &mut Told) {
        let plan = &self.plan;
        let given = |rows: &[u32]| -> Vec<u32> {
            let rows = rows.iter().copied();
            rows.take(plan.to)
                .skip(plan.from.saturating_sub(1))
                .collect()
        };
        let (before, now) = (given(before), given(now));
        if plan.is_numbered || plan.to == plan.from {
            for at in 0..before.len().max(now.len()) {
                let number = at + plan.from;
                match (before.get(at), now.get(at)) {
                    (Some(one), Some(other)) if one == other => {}
                    (Some(one), Some(other)) => {
                        told.tell(*one, number, Op::UpdateBefore);
                        told.tell(*other, number, Op::UpdateAfter);
                    }
                    (Some(one), None) => told.tell(*one, number, Op::Delete),
                    (None, Some(other)) => told.tell(*other, number, Op::Insert),
                    (None, None) => {}
                }
            }
            return;
        }
        for row in others(&before, &now) {
            told.tell(row, 0, Op::Delete);
        }
        for row in others(&now, &before) {
            told.tell(row, 0, Op::Insert);
        }
    }

    fn changes(&self, told: Told) -> Result<Changes, Fault> {
        let mut columns = self.store.columns(&told.rows)?;
        if self.plan.is_numbered {
            columns.push(std::sync::Arc::new(Int64Array::from(told.numbers)));
        }
        Ok(Changes::new(self.schema.clone(), columns, told.ops)?)
    }

    /// Gives the rows of windows that close, and forgets them.
    fn close(&mut self, groups: &[u32], out: &mut Out) -> Result<(), Fault> {
        let (mut told, mut gone) = (Told::default(), Vec::new());
        for group in groups {
            let list = self.lists.get_mut(*group as usize);
            let list =
                list.map(|list| std::mem::replace(list, List::new(self.retracts, self.plan.to)));
            let rows = list.map(|list| list.rows()).unwrap_or_default();
            self.tell(&[], &rows, &mut told);
            gone.extend(rows);
        }
        if !told.ops.is_empty() {
            out.changes.push(self.changes(told)?);
        }
        self.store.remove(&gone);
        self.forget(groups.iter().copied());
        Ok(())
    }
}

/// Where a row belongs: by what it is sorted by, and of equal ones by when it came.
fn place(order: &[u8], arrived: u64, arrival: Arrival) -> list::Place {
    let arrived = match arrival {
        Arrival::OldestFirst => arrived,
        Arrival::NewestFirst => u64::MAX - arrived,
    };
    [order, &arrived.to_be_bytes()].concat().into()
}

impl Operator for Rank {
    fn push(&mut self, _: Origin, changes: Changes, out: &mut Out) -> Result<(), Fault> {
        let most = self.plan.to;
        let changes = match &mut self.deadline {
            Some(deadline) => deadline.in_time(changes, out)?,
            None => changes,
        };
        let is_at_once = self.deadline.is_none();
        let mut touched: Vec<(u32, Vec<u32>)> = Vec::new();
        let mut known: HashSet<u32, RandomState> = HashSet::default();
        let gone = self.take(&changes, |group, list| {
            if is_at_once && known.insert(group) {
                touched.push((group, list.first(most)));
            }
        })?;
        let mut told = Told::default();
        for (group, before) in &touched {
            let list = self.lists.get(*group as usize);
            let now = list.map(|list| list.first(most)).unwrap_or_default();
            self.tell(before, &now, &mut told);
        }
        if !told.ops.is_empty() {
            out.changes.push(self.changes(told)?);
        }
        self.store.remove(&gone);
        self.forget(touched.into_iter().map(|(group, _)| group));
        self.sweep(changes.rows.num_rows() * 2)
    }

    fn tick(&mut self, now: i64, _: &mut Out) -> Result<(), Fault> {
        if let Some(expiry) = &mut self.expiry {
            expiry.tick(now);
        }
        self.sweep(expiry::TICK)
    }

    fn advance(&mut self, watermark: i64, out: &mut Out) -> Result<(), Fault> {
        let Some(deadline) = &mut self.deadline else {
            return Ok(());
        };
        deadline.reach(watermark);
        let passed = deadline.passed();
        while let Some(first) = self.due.first_entry()
            && *first.key() <= passed
        {
            let groups = first.remove();
            self.close(&groups, out)?;
        }
        Ok(())
    }

    fn state(&mut self) -> Result<State, Fault> {
        let mut state = State::default();
        state.put_numbers("arrived", &[&[self.arrived.cast_signed()]])?;
        if let Some(deadline) = &self.deadline {
            let memory = deadline.memory();
            state.put_numbers("deadline", &memory.each_ref().map(std::slice::from_ref))?;
        }
        // In the order in which keys came and rows lie in their lists they are put back as they were.
        let keys: Vec<u32> = match &self.deadline {
            Some(_) => self.due.values().flatten().copied().collect(),
            None => (0_u32..).take(self.lists.len()).collect(),
        };
        let of_list = |group: u32| {
            let list = self.lists.get(group as usize);
            let mut rows = list.map(List::rows).unwrap_or_default();
            if self.plan.arrival == Arrival::NewestFirst {
                rows.reverse();
            }
            rows.into_iter().map(move |row| (group, row))
        };
        let rows = keys.into_iter().flat_map(of_list);
        let (groups, rows): (Vec<_>, Vec<_>) = rows.unzip();
        if let Some(expiry) = &self.expiry {
            expiry.state("keys", &groups, &mut state)?;
        }
        let columns = self.store.columns(&rows)?;
        state.put("rows", RecordBatch::try_new(self.input.clone(), columns)?);
        Ok(state)
    }

    fn restore(&mut self, mut state: State) -> Result<(), Fault> {
        let rows = Changes::inserts(state.take("rows")?);
        self.take(&rows, |_, _| {})?;
        if let Some(mut expiry) = self.expiry.take() {
            let (groups, _) = self.find(&rows.rows)?;
            expiry.restore("keys", &groups, &mut state)?;
            self.expiry = Some(expiry);
        }
        let [arrived] = state.take_one("arrived")?;
        self.arrived = arrived.cast_unsigned();
        if let Some(deadline) = &mut self.deadline {
            deadline.remember(state.take_one("deadline")?);
        }
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        self.groups.bytes()
            + self.lists.capacity() * size_of::<List>()
            + self.store.bytes()
            + self.store.len() * PLACE_BYTES
            + self.expiry.as_ref().map_or(0, Expiry::bytes)
    }

    fn counts(&self) -> Counts {
        Counts {
            late: self.deadline.as_ref().map_or(0, Deadline::late),
            ..self.expiry.as_ref().map(Expiry::counts).unwrap_or_default()
        }
    }
}

/// About what a row's place in its list takes.
const PLACE_BYTES: usize = 64;
