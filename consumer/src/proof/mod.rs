//! Proofs of what needs the planner and the operators: what expressions come to, and that it is so as
//! `FUNCTIONS.md` says.

mod documented;
mod values;
