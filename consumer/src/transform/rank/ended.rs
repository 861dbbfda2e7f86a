//! How a rank forgets keys that were not written for so long: a portion at a time, keys and their rows.

use super::{Rank, Returns, new_list};
use crate::transform::{
    error::Fault,
    expiry::{self, Expiry},
    group::Groups,
    operator::Operator,
    store::Store,
};

impl Rank {
    /// Forgets some of the keys that have ended, and gives back some of their rows.
    pub(super) fn sweep(&mut self, most: usize) -> Result<(), Fault> {
        let Some(expiry) = &mut self.expiry else {
            return Ok(());
        };
        let ended = expiry.sweep(most);
        let is_sparse = Expiry::are_sparse(&[expiry]);
        for group in &ended {
            if let Some(list) = self.lists.get_mut(*group as usize) {
                let ended = std::mem::replace(list, new_list(&mut self.returns, self.plan.to));
                self.leaving.push(ended);
            }
        }
        self.groups.remove(&ended);
        let mut gone = Vec::new();
        while let Some(list) = self.leaving.last_mut()
            && gone.len() < most * 2
        {
            match list.pop() {
                Some(row) => {
                    if let Some(returns) = &mut self.returns {
                        returns.remove(row, &self.store);
                    }
                    gone.push(row);
                }
                None => drop(self.leaving.pop()),
            }
        }
        self.store.remove(&gone);
        // A key may have many rows: few keys are not few rows.
        if is_sparse && self.store.len() < expiry::TICK {
            self.make_anew()?;
        }
        Ok(())
    }

    /// Gets back the memory of what is gone: few keys are left, which are numbered anew.
    fn make_anew(&mut self) -> Result<(), Fault> {
        let state = self.state()?;
        self.groups = Groups::new(&self.key_types)?;
        self.store = Store::new(&self.input)?;
        self.returns = self.returns.as_ref().map(|_| Returns::new());
        self.lists = Vec::new();
        self.expiry = self.expiry.as_ref().map(Expiry::anew);
        self.restore(state)
    }
}
