//! Which plans are the same, and which of them stand in several places of a job's queries. A plan is known by
//! what it says itself, and by what is below it; so to know it takes no look at all of it again.

use std::collections::HashMap;

use datafusion_common::{Result, tree_node::TreeNodeRecursion};
use datafusion_expr::LogicalPlan;

use super::sub_queries::asks_query;

/// Numbers of plans: the same plan has the same number, wherever it stands.
#[derive(Debug, Default)]
pub(super) struct Numbered {
    numbers: HashMap<Said, usize>,
    /// Of those that were looked at before, by where they are.
    places: HashMap<*const LogicalPlan, usize>,
}

/// What a plan says, and the numbers of those below it.
type Said = (String, Vec<usize>);

impl Numbered {
    /// The number of a plan, which stays where it is. Two plans that differ may have one, where they do not
    /// say that they do: who must know compares them.
    pub(super) fn number(&mut self, plan: &LogicalPlan) -> Result<usize> {
        self.look(plan, &mut |_, _, _| {})
    }

    /// The number of a plan that goes away, and whose place another may have.
    pub(super) fn number_of_other(&mut self, plan: &LogicalPlan) -> Result<usize> {
        let before = self.places.clone();
        let number = self.number(plan);
        self.places = before;
        number
    }

    /// As [`Self::number`]; `new` is told of each plan that was not known, with its number and those of what
    /// is below it.
    fn look(
        &mut self,
        plan: &LogicalPlan,
        new: &mut impl FnMut(&LogicalPlan, usize, &[usize]),
    ) -> Result<usize> {
        let place = std::ptr::from_ref(plan);
        if let Some(number) = self.places.get(&place) {
            return Ok(*number);
        }
        let mut below = Vec::new();
        for input in plan.inputs() {
            below.push(self.look(input, new)?);
        }
        plan.apply_subqueries(|subquery| {
            for input in subquery.inputs() {
                below.push(self.look(input, new)?);
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        let columns = plan.schema().columns();
        let says = format!("{} {columns:?}", plan.display());
        let next = self.numbers.len();
        let key = (says, below);
        let number = match self.numbers.get(&key) {
            Some(number) => *number,
            None => {
                new(plan, next, &key.1);
                self.numbers.insert(key, next);
                next
            }
        };
        self.places.insert(place, number);
        Ok(number)
    }
}

/// The greatest plans that stand in several places, of those that keep something; those of more nodes first.
pub(super) fn in_common<'a>(
    plans: impl Iterator<Item = &'a LogicalPlan>,
) -> Result<Vec<LogicalPlan>> {
    let (mut numbered, mut all) = (Numbered::default(), Vec::<One>::new());
    for plan in plans {
        let number = numbered.look(plan, &mut |plan, _, below| {
            let mut one = One {
                plan: keeps(plan).then(|| plan.clone()),
                uses: 0,
                nodes: 1,
            };
            for number in below {
                if let Some(other) = all.get_mut(*number) {
                    other.uses += 1;
                    one.nodes += other.nodes;
                    if other.plan.is_some() && one.plan.is_none() {
                        one.plan = Some(plan.clone());
                    }
                }
            }
            all.push(one);
        })?;
        if let Some(one) = all.get_mut(number) {
            one.uses += 1;
        }
    }
    let found = all.into_iter().filter(|one| one.uses > 1);
    let mut found: Vec<_> = found
        .filter_map(|one| Some((one.nodes, one.plan?)))
        .filter(|(_, plan)| plan.all_out_ref_exprs().is_empty())
        .collect();
    found.sort_by_key(|(nodes, _)| std::cmp::Reverse(*nodes));
    Ok(found.into_iter().map(|(_, plan)| plan).collect())
}

/// A plan, wherever it stands.
#[derive(Debug)]
struct One {
    /// None where it keeps nothing: such a plan is done where its rows are wanted.
    plan: Option<LogicalPlan>,
    /// In how many places of different plans it stands.
    uses: usize,
    nodes: usize,
}

/// Whether the step of a plan keeps something itself. A filter does that asks what a query gives: it is a
/// join then.
fn keeps(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Join(_)
        | LogicalPlan::Aggregate(_)
        | LogicalPlan::Distinct(_)
        | LogicalPlan::Window(_)
        | LogicalPlan::Limit(_) => true,
        LogicalPlan::Filter(filter) => asks_query(&filter.predicate),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use datafusion_expr::{LogicalPlanBuilder, lit};

    use super::*;

    #[test]
    fn each_plan_of_a_long_chain_is_looked_at_once() {
        let one = || {
            LogicalPlanBuilder::empty(true)
                .project([lit(1).alias("x")])
                .unwrap()
        };
        let mut chain = one();
        for _ in 0..200 {
            chain = chain.union(one().build().unwrap()).unwrap();
        }
        let chain = chain.build().unwrap();
        let (mut numbered, mut looks) = (Numbered::default(), 0);
        let first = numbered.look(&chain, &mut |_, _, _| looks += 1).unwrap();
        // The empty rows, the projection, and each union.
        assert_eq!((looks, first), (202, 201));
        let mut plan = &chain;
        while let LogicalPlan::Union(union) = plan {
            let places = numbered.places.len();
            numbered.look(plan, &mut |_, _, _| looks += 1).unwrap();
            assert_eq!((looks, numbered.places.len()), (202, places));
            plan = &union.inputs[0];
        }
    }
}
