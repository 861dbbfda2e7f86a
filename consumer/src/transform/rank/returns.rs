//! Which row it is that is taken back: found by what it is, in one look, however many rows its key has
//! and however many of them are equal in the order.

use super::{List, Place, place};
use crate::{
    plan::Arrival,
    transform::{known::Known, store::Store},
};

/// The rows of all lists by what they are.
#[derive(Debug)]
pub(super) struct Returns {
    known: Known,
    /// Where each row is, by its number.
    places: Vec<Listed>,
    /// How many lists there were.
    lists: u32,
}

/// In which list a row is, and when it came.
#[derive(Debug, Clone, Copy, Default)]
struct Listed {
    list: u32,
    arrived: u64,
}

impl Returns {
    pub(super) fn new() -> Self {
        Self {
            known: Known::new(),
            places: Vec::new(),
            lists: 0,
        }
    }

    /// A list whose rows may be taken back. A key that ends and comes again has another one: the rows of
    /// the first may still be there, and are not its own.
    pub(super) const fn list(&mut self) -> List {
        self.lists = self.lists.wrapping_add(1);
        List::all(self.lists)
    }

    /// A row was put into a list.
    pub(super) fn add(&mut self, number: u32, (list, arrived): (u32, u64), store: &Store) {
        if self.places.len() <= number as usize {
            self.places.resize(number as usize + 1, Listed::default());
        }
        if let Some(place) = self.places.get_mut(number as usize) {
            *place = Listed { list, arrived };
        }
        let row = store.row(number);
        let hash = self.known.hash_of(list, row);
        let is_it = is_equal((store, &self.places), list, row);
        self.known.add(number, hash, is_it);
    }

    /// The place of the first row in the order of a list that is equal to `row`, which is sorted by
    /// these bytes.
    pub(super) fn find(
        &self,
        list: u32,
        (order, row): (&[u8], &[u8]),
        (store, arrival): (&Store, Arrival),
    ) -> Option<Place> {
        let hash = self.known.hash_of(list, row);
        let is_it = is_equal((store, &self.places), list, row);
        let number = match arrival {
            Arrival::OldestFirst => self.known.find(hash, is_it),
            Arrival::NewestFirst => self.known.find_newest(hash, is_it),
        }?;
        let listed = self.places.get(number as usize)?;
        Some(place(order, listed.arrived, arrival))
    }

    /// A row is in its list no longer.
    pub(super) fn remove(&mut self, number: u32, store: &Store) {
        if let Some(listed) = self.places.get(number as usize) {
            let hash = self.known.hash_of(listed.list, store.row(number));
            self.known.remove(number, hash);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.known.bytes() + self.places.capacity() * size_of::<Listed>()
    }
}

/// Which rows are of that list and equal to this one.
fn is_equal((store, places): (&Store, &[Listed]), list: u32, row: &[u8]) -> impl Fn(u32) -> bool {
    move |number| {
        let listed = places.get(number as usize);
        listed.is_some_and(|listed| listed.list == list) && store.row(number) == row
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{
        array::{ArrayRef, Int64Array},
        datatypes::{DataType, Field, Schema},
    };
    use datafusion_physical_expr::expressions::col;

    use crate::{
        plan::{self, Arrival, Changelog, Order},
        transform::{
            build::Source,
            changes::{Changes, Op},
            operator::{Operator, Origin, Out},
            rank::Rank,
        },
    };

    /// So many rows come, all of one key and equal in the order.
    const ROWS: i64 = 4_096;
    const BATCH: usize = 256;

    fn rank(plan: impl FnOnce(plan::Rank, plan::Expression) -> plan::Rank) -> Rank {
        let columns = ["k", "v"].map(|name| Field::new(name, DataType::Int64, true));
        let schema = Arc::new(Schema::new(columns.to_vec()));
        let key = col("k", &schema).unwrap();
        let source = Source {
            schema: schema.clone(),
            changelog: Changelog::Retract,
            keeps_late: false,
        };
        let plan = plan(plan::Rank::newest(vec![key.clone()]), key);
        Rank::new(schema, &plan, &source, None).unwrap()
    }

    fn push(rank: &mut Rank, values: &[i64], op: Op) {
        for values in values.chunks(BATCH) {
            let keys: ArrayRef = Arc::new(Int64Array::from(vec![1; values.len()]));
            let columns = vec![keys, Arc::new(Int64Array::from(values.to_vec()))];
            let ops = vec![op; values.len()];
            let changes = Changes::new(rank.input.clone(), columns, ops).unwrap();
            let from = Origin {
                port: plan::StepId(0),
                partition: 0,
            };
            rank.push(from, changes, &mut Out::default()).unwrap();
        }
    }

    /// How often rows are looked at where these come, and are then taken back in another order.
    fn looks(mut rank: Rank, came: &[i64], taken_back: &[i64]) -> u64 {
        push(&mut rank, came, Op::Insert);
        assert_eq!(rank.store.len(), came.len());
        push(&mut rank, taken_back, Op::Delete);
        assert_eq!(rank.store.len(), 0);
        rank.store.looks.get()
    }

    #[test]
    fn a_row_is_taken_back_by_looking_at_a_few() {
        let came: Vec<_> = (0..ROWS).collect();
        let backwards: Vec<_> = came.iter().rev().copied().collect();
        let turned: Vec<_> = came.iter().map(|row| row * 1_021 % ROWS).collect();
        let equal = vec![7; came.len()];
        let cases = [
            (&came, &came),
            (&came, &backwards),
            (&came, &turned),
            (&equal, &equal),
        ];
        for (came, taken_back) in cases {
            let newest = rank(|newest, _| newest);
            let first_of_equal = rank(|newest, key| plan::Rank {
                arrival: Arrival::OldestFirst,
                order: vec![Order {
                    value: key,
                    is_descending: false,
                    is_nulls_first: true,
                }],
                ..newest
            });
            for rank in [newest, first_of_equal] {
                let looks = looks(rank, came, taken_back);
                assert!(looks <= 8 * ROWS.cast_unsigned(), "{looks}");
            }
        }
    }
}
