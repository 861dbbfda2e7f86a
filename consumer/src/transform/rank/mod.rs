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
mod returns;
mod told;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
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

use self::{
    list::{List, Place},
    returns::Returns,
    told::Told,
};
use super::{
    build::Source,
    changes::Changes,
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
    key_types: Vec<DataType>,
    groups: Groups,
    lists: Vec<List>,
    store: Store,
    /// The rows by what they are, where they may be taken back.
    returns: Option<Returns>,
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

/// A row: its key, what it is sorted by, and what it is.
type Listed<'a> = (u32, &'a [u8], &'a [u8]);

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
            groups: Groups::new(&key_types)?,
            key_types,
            lists: Vec::new(),
            store: Store::new(&source.schema)?,
            returns: retracts.then(Returns::new),
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
        while self.lists.len() < self.groups.bound() {
            let list = new_list(&mut self.returns, self.plan.to);
            self.lists.push(list);
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
                let ended = std::mem::replace(list, new_list(&mut self.returns, self.plan.to));
                self.leaving.push(ended);
            }
            if let Some(until) = until.filter(|_| list.len() == 0) {
                self.due.entry(until).or_default().push(*group);
            }
            let order = order.as_ref().map(|order| order.row(number));
            let order = order.as_ref().map_or(&[][..], |order| order.data());
            let row = (*group, order, row.data());
            gone.extend(match changes.op(number).adds() {
                true => self.add(row, &mut before)?,
                false => self.take_back(row, &mut before),
            });
        }
        Ok(gone)
    }

    /// Puts a row into its list, where it is among those that are kept. Returns the one for which there is
    /// no room any more.
    fn add(
        &mut self,
        (group, order, row): Listed<'_>,
        before: &mut impl FnMut(u32, &List),
    ) -> Result<Option<u32>, Fault> {
        let Some(list) = self.lists.get_mut(group as usize) else {
            return Ok(None);
        };
        let arrived = self.arrived;
        self.arrived += 1;
        let place = place(order, arrived, self.plan.arrival);
        if !list.takes(&place, self.plan.to) {
            return Ok(None);
        }
        before(group, list);
        let row = self.store.put(row)?;
        let gone = list.insert(place, row, self.plan.to);
        if let (Some(returns), Some(list)) = (&mut self.returns, list.number()) {
            returns.add(row, (list, arrived), &self.store);
        }
        self.expiry.iter_mut().for_each(|all| all.write(group));
        Ok(gone)
    }

    /// Takes a row out of its list that is equal to this one; none where there is none.
    fn take_back(
        &mut self,
        (group, order, row): Listed<'_>,
        before: &mut impl FnMut(u32, &List),
    ) -> Option<u32> {
        let list = self.lists.get_mut(group as usize)?;
        before(group, list);
        let taken = self.returns.as_mut().and_then(|returns| {
            let known = (&self.store, self.plan.arrival);
            let place = returns.find(list.number()?, (order, row), known)?;
            let taken = list.take(&place)?;
            returns.remove(taken, &self.store);
            Some(taken)
        });
        match &mut self.expiry {
            Some(all) if taken.is_some() => all.write(group),
            Some(all) => all.unknown += 1,
            None => {}
        }
        taken
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
                list.map(|list| std::mem::replace(list, new_list(&mut self.returns, self.plan.to)));
            let rows = list.map(|list| list.rows()).unwrap_or_default();
            told.change(&self.plan, (&[], &rows));
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

/// One for a new key.
fn new_list(returns: &mut Option<Returns>, most: usize) -> List {
    match returns {
        Some(returns) => returns.list(),
        None => List::first_of(most),
    }
}

/// Where a row belongs: by what it is sorted by, and of equal ones by when it came.
fn place(order: &[u8], arrived: u64, arrival: Arrival) -> Place {
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
            told.change(&self.plan, (before, &now));
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
        state.put_one("arrived", [self.arrived.cast_signed()])?;
        if let Some(deadline) = &self.deadline {
            state.put_one("deadline", deadline.memory())?;
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
            + self.returns.as_ref().map_or(0, Returns::bytes)
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
