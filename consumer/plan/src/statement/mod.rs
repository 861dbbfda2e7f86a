//! Text → statements, as they are written: nothing is known yet of tables, columns and types.

mod nested;
mod read;
mod table;
mod tokens;

use datafusion_sql::sqlparser::{
    ast::{Ident, Query},
    tokenizer::Location,
};

pub(super) use read::statements;
pub(super) use table::{Column, ColumnKind, Definition, Setting};
pub(super) use tokens::at_its_word;

/// A statement, and where it begins.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) at: Location,
    pub(super) kind: Kind,
}

/// What is to be done.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// `CREATE TABLE`.
    Table(Box<Definition>),
    /// `CREATE VIEW`.
    View {
        name: Ident,
        /// Whether it is passed over where there is one of its name.
        if_new: bool,
        columns: Vec<Ident>,
        query: Box<Query>,
    },
    /// `SET 'key' = 'value'`.
    Set(Setting),
    /// `INSERT INTO`, or all those of a statement set.
    Insert(Vec<Insert>),
    /// A query whose rows go to the console.
    Select(Box<Query>),
    /// What would be done.
    Explain(Box<Statement>),
}

/// The rows of a query for a table.
#[derive(Debug, Clone)]
pub(super) struct Insert {
    pub(super) table: Ident,
    /// None is all of them in order.
    pub(super) columns: Vec<Ident>,
    pub(super) query: Box<Query>,
}
