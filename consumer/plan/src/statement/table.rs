//! `CREATE TABLE`: columns of all kinds, a watermark, a key and options.

use datafusion_sql::sqlparser::{
    ast::{Expr, Ident, Query},
    keywords::Keyword,
    parser::Parser,
    tokenizer::{Location, Token, TokenWithSpan},
};

use super::{
    super::{
        error::{Fault, begin},
        types::{self, Type, take_word, take_words},
    },
    read::{name, names, text, unexpected},
};

/// A table as it is written.
#[derive(Debug, Clone)]
pub(in super::super) struct Definition {
    pub(in super::super) name: Ident,
    /// Whether it is passed over where there is one of its name.
    pub(in super::super) if_new: bool,
    pub(in super::super) columns: Vec<Column>,
    pub(in super::super) watermark: Option<Watermark>,
    pub(in super::super) primary_key: Vec<Ident>,
    pub(in super::super) options: Vec<Setting>,
    /// Where the options begin.
    pub(in super::super) options_at: Location,
    /// For `CREATE TABLE … AS SELECT`.
    pub(in super::super) query: Option<Box<Query>>,
}

/// A column as it is written.
#[derive(Debug, Clone)]
pub(in super::super) struct Column {
    pub(in super::super) name: Ident,
    pub(in super::super) kind: ColumnKind,
}

/// Where a column's values come from.
#[derive(Debug, Clone)]
pub(in super::super) enum ColumnKind {
    Field(Type),
    Metadata {
        of: Type,
        /// That of the column where none is said.
        key: Option<String>,
        is_virtual: bool,
    },
    Computed(Box<Expr>),
}

/// How far a column's time has come.
#[derive(Debug, Clone)]
pub(in super::super) struct Watermark {
    pub(in super::super) column: Ident,
    pub(in super::super) value: Expr,
}

/// A key with its value, and where they stand.
#[derive(Debug, Clone)]
pub(in super::super) struct Setting {
    pub(in super::super) at: Location,
    pub(in super::super) key: String,
    pub(in super::super) value_at: Location,
    pub(in super::super) value: String,
}

/// Types of `TIMESTAMP_LTZ` get their zone when the table is made: the zone may be set in between.
pub(in super::super) const NO_ZONE: &str = "";

/// Reads what follows `CREATE TABLE`.
pub(super) fn definition(parser: &mut Parser<'_>) -> Result<Definition, Fault> {
    let if_new = take_words(parser, &["IF", "NOT", "EXISTS"]);
    let mut table = Definition {
        name: name(parser)?,
        if_new,
        columns: Vec::new(),
        watermark: None,
        primary_key: Vec::new(),
        options: Vec::new(),
        options_at: begin(parser.peek_token_ref().span),
        query: None,
    };
    if parser.consume_token(&Token::LParen) {
        loop {
            element(parser, &mut table)?;
            if !parser.consume_token(&Token::Comma) {
                break;
            }
        }
        parser.expect_token(&Token::RParen)?;
    }
    clauses(parser, &mut table)?;
    if take_word(parser, "AS") {
        table.query = Some(parser.parse_query()?);
    }
    Ok(table)
}

fn clauses(parser: &mut Parser<'_>, table: &mut Definition) -> Result<(), Fault> {
    let at = begin(parser.peek_token_ref().span);
    if take_word(parser, "COMMENT") {
        text(parser)?;
    }
    for words in [&["PARTITIONED", "BY"][..], &["DISTRIBUTED"], &["LIKE"]] {
        if take_words(parser, words) {
            let instead = "there is CREATE TABLE t (…) WITH (…) and … AS SELECT";
            return Err(Fault::unsupported(at, &words.join(" "), instead));
        }
    }
    table.options_at = begin(parser.peek_token_ref().span);
    if take_word(parser, "WITH") {
        parser.expect_token(&Token::LParen)?;
        while parser.peek_token_ref().token != Token::RParen {
            table.options.push(option(parser)?);
            if !parser.consume_token(&Token::Comma) {
                break;
            }
        }
        parser.expect_token(&Token::RParen)?;
    }
    Ok(())
}

fn option(parser: &mut Parser<'_>) -> Result<Setting, Fault> {
    let at = begin(parser.peek_token_ref().span);
    let key = text(parser)?;
    parser.expect_token(&Token::Eq)?;
    let value_at = begin(parser.peek_token_ref().span);
    let value = text(parser)?;
    Ok(Setting {
        at,
        key,
        value_at,
        value,
    })
}

fn element(parser: &mut Parser<'_>, table: &mut Definition) -> Result<(), Fault> {
    let next: TokenWithSpan = parser.peek_token();
    if take_words(parser, &["WATERMARK", "FOR"]) {
        let column = parser.parse_identifier()?;
        if parser.peek_token_ref().token == Token::Period {
            let instead = "make it a column of its own: time AS a.ts";
            let at = begin(column.span);
            return Err(Fault::unsupported(at, "a watermark of a field", instead));
        }
        parser.expect_keyword(Keyword::AS)?;
        let value = parser.parse_expr()?;
        if table.watermark.is_some() {
            return Err(Fault::new(begin(next.span), "a table has one WATERMARK"));
        }
        table.watermark = Some(Watermark { column, value });
        return Ok(());
    }
    if take_word(parser, "CONSTRAINT") {
        parser.parse_identifier()?;
        parser.expect_keywords(&[Keyword::PRIMARY, Keyword::KEY])?;
        return primary_key(parser, table);
    }
    if take_words(parser, &["PRIMARY", "KEY"]) {
        return primary_key(parser, table);
    }
    let Token::Word(_) = next.token else {
        return Err(unexpected(&next, "a column, WATERMARK or PRIMARY KEY"));
    };
    column(parser, table)
}

fn primary_key(parser: &mut Parser<'_>, table: &mut Definition) -> Result<(), Fault> {
    let at = begin(parser.peek_token_ref().span);
    table.primary_key = names(parser)?;
    if table.primary_key.is_empty() {
        return Err(Fault::new(at, "expected the columns of the PRIMARY KEY"));
    }
    not_enforced(parser)
}

/// Nobody could enforce it: what is in a stream is there.
fn not_enforced(parser: &mut Parser<'_>) -> Result<(), Fault> {
    let at = begin(parser.peek_token_ref().span);
    if take_words(parser, &["NOT", "ENFORCED"]) {
        return Ok(());
    }
    let instead = "write PRIMARY KEY (…) NOT ENFORCED";
    Err(Fault::unsupported(at, "a key that is enforced", instead))
}

fn column(parser: &mut Parser<'_>, table: &mut Definition) -> Result<(), Fault> {
    let name = parser.parse_identifier()?;
    let kind = if take_word(parser, "AS") {
        ColumnKind::Computed(Box::new(parser.parse_expr()?))
    } else {
        let of = types::parse(parser, NO_ZONE)?;
        if take_word(parser, "METADATA") {
            let key = take_word(parser, "FROM")
                .then(|| text(parser))
                .transpose()?;
            let is_virtual = take_word(parser, "VIRTUAL");
            ColumnKind::Metadata {
                of,
                key,
                is_virtual,
            }
        } else {
            ColumnKind::Field(of)
        }
    };
    if take_words(parser, &["PRIMARY", "KEY"]) {
        table.primary_key = vec![name.clone()];
        not_enforced(parser)?;
    }
    if take_word(parser, "COMMENT") {
        text(parser)?;
    }
    table.columns.push(Column { name, kind });
    Ok(())
}
