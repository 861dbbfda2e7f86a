//! Reads the statements of a text one after another. What is no statement of a job is refused here.

use datafusion_sql::sqlparser::{
    ast::{Ident, Query, SetExpr},
    keywords::Keyword,
    parser::Parser,
    tokenizer::{Location, Token, TokenWithSpan},
};

use super::{
    super::{
        chains::{LEVELS_MAX, too_deep},
        dialect::Flink,
        error::{Fault, NOWHERE, begin},
        types::{take_word, take_words},
    },
    Insert, Kind, Setting, Statement,
    nested::furthest,
    table,
    tokens::tokens,
};

const SUPPORTED: &str = "there is CREATE TABLE, CREATE VIEW, SET, INSERT INTO, EXECUTE STATEMENT SET, \
                         EXPLAIN and SELECT";

/// Reads all statements.
pub(in super::super) fn statements(text: &str) -> Result<Vec<Statement>, Fault> {
    let tokens = tokens(text)?;
    let is_space = |token: &&TokenWithSpan| matches!(token.token, Token::Whitespace(_));
    let last = tokens.iter().rev().find(|token| !is_space(token));
    let end = last.map_or(NOWHERE, |last| last.span.end);
    let mut parser = Parser::new(&Flink)
        .with_recursion_limit(LEVELS_MAX)
        .with_tokens_with_locations(tokens.clone());
    let mut statements = Vec::new();
    loop {
        while parser.consume_token(&Token::SemiColon) {}
        if parser.peek_token_ref().token == Token::EOF {
            return Ok(statements);
        }
        let statement = statement(&mut parser);
        let statement = statement.map_err(|fault| at_end(fault, end));
        statements.push(statement.map_err(|fault| furthest(fault, &tokens, end))?);
        let next = parser.peek_token_ref();
        if !matches!(next.token, Token::SemiColon | Token::EOF) {
            let fault = unexpected(next, "the end of the statement");
            return Err(furthest(fault, &tokens, end));
        }
    }
}

/// The end of a text has no place for the parser.
pub(super) fn at_end(fault: Fault, end: Location) -> Fault {
    let message = fault.message.replace("found: EOF", FOUND_END);
    let is_end = message.ends_with(FOUND_END);
    let at = if is_end { end } else { fault.at };
    Fault {
        at,
        message,
        ..fault
    }
}

const FOUND_END: &str = "found the end of the text";

fn statement(parser: &mut Parser<'_>) -> Result<Statement, Fault> {
    let at = begin(parser.peek_token_ref().span);
    let kind = kind(parser, at).map_err(|fault| {
        // It is told where the parser gives up.
        let next = parser.peek_token_ref();
        let is_too_deep = fault.message == too_deep();
        fault.or_at(if is_too_deep { begin(next.span) } else { at })
    })?;
    Ok(Statement { at, kind })
}

fn kind(parser: &mut Parser<'_>, at: Location) -> Result<Kind, Fault> {
    if take_word(parser, "CREATE") {
        return create(parser);
    }
    if take_word(parser, "SET") {
        return set(parser);
    }
    if take_word(parser, "EXPLAIN") {
        return explain(parser);
    }
    if take_words(parser, &["EXECUTE", "STATEMENT", "SET"]) {
        return statement_set(parser);
    }
    if parser.peek_keyword(Keyword::INSERT) {
        return Ok(Kind::Insert(vec![insert(parser)?]));
    }
    let next = parser.peek_token_ref();
    let is_query = match &next.token {
        Token::LParen => true,
        Token::Word(word) => matches!(
            word.keyword,
            Keyword::SELECT | Keyword::WITH | Keyword::VALUES
        ),
        _ => false,
    };
    if is_query {
        return Ok(Kind::Select(parser.parse_query()?));
    }
    let what = match &next.token {
        Token::Word(word) => word.value.to_uppercase(),
        other => format!("'{other}' as the begin of a statement"),
    };
    Err(Fault::unsupported(at, &what, SUPPORTED))
}

fn create(parser: &mut Parser<'_>) -> Result<Kind, Fault> {
    let at = begin(parser.peek_token_ref().span);
    if take_words(parser, &["OR", "REPLACE"]) {
        let instead = "a job begins without tables: write CREATE";
        return Err(Fault::unsupported(at, "CREATE OR REPLACE", instead));
    }
    let is_temporary = take_word(parser, "TEMPORARY");
    if take_word(parser, "TABLE") {
        return table::definition(parser).map(|table| Kind::Table(Box::new(table)));
    }
    if !take_word(parser, "VIEW") {
        let next = parser.peek_token_ref();
        let what = format!("CREATE {}", next.token).to_uppercase();
        let at = if is_temporary { begin(next.span) } else { at };
        return Err(Fault::unsupported(at, &what, SUPPORTED));
    }
    let if_new = take_words(parser, &["IF", "NOT", "EXISTS"]);
    let name = name(parser)?;
    let columns = names(parser)?;
    if take_word(parser, "COMMENT") {
        text(parser)?;
    }
    parser.expect_keyword(Keyword::AS)?;
    let query = parser.parse_query()?;
    Ok(Kind::View {
        name,
        if_new,
        columns,
        query,
    })
}

/// `'key' = 'value'`, where the quotes may be left out.
fn set(parser: &mut Parser<'_>) -> Result<Kind, Fault> {
    let at = begin(parser.peek_token_ref().span);
    let key = loose_text(parser, &Token::Eq)?;
    parser.expect_token(&Token::Eq)?;
    let value_at = begin(parser.peek_token_ref().span);
    let value = loose_text(parser, &Token::SemiColon)?;
    Ok(Kind::Set(Setting {
        at,
        key,
        value_at,
        value,
    }))
}

fn loose_text(parser: &mut Parser<'_>, end: &Token) -> Result<String, Fault> {
    if let Token::SingleQuotedString(text) = &parser.peek_token_ref().token {
        let text = text.clone();
        parser.next_token();
        return Ok(text);
    }
    let mut text = String::new();
    loop {
        let next = parser.peek_token_ref();
        if next.token == *end || matches!(next.token, Token::EOF | Token::SemiColon) {
            break;
        }
        text.push_str(&parser.next_token().token.to_string());
    }
    if text.is_empty() {
        return Err(unexpected(parser.peek_token_ref(), "'key' = 'value'"));
    }
    Ok(text)
}

fn explain(parser: &mut Parser<'_>) -> Result<Kind, Fault> {
    // Each step says which changes it gives, whether that is asked for or not.
    if !take_words(parser, &["PLAN", "FOR"]) {
        take_word(parser, "CHANGELOG_MODE");
    }
    let at = begin(parser.peek_token_ref().span);
    if take_words(parser, &["STATEMENT", "SET"]) {
        let kind = statement_set(parser)?;
        return Ok(Kind::Explain(Box::new(Statement { at, kind })));
    }
    for detail in DETAILS {
        if take_word(parser, detail) {
            return Err(Fault::unsupported(
                at,
                &format!("EXPLAIN {detail}"),
                EXPLAINED,
            ));
        }
    }
    let explained = statement(parser)?;
    match explained.kind {
        Kind::Insert(_) | Kind::Select(_) => Ok(Kind::Explain(Box::new(explained))),
        Kind::Table(_) | Kind::View { .. } | Kind::Set(_) | Kind::Explain(_) => {
            Err(Fault::unsupported(at, "this EXPLAIN", EXPLAINED))
        }
    }
}

const EXPLAINED: &str = "there is EXPLAIN of SELECT, INSERT INTO and STATEMENT SET";

/// What else Flink can add to a plan.
const DETAILS: [&str; 3] = ["ESTIMATED_COST", "PLAN_ADVICE", "JSON_EXECUTION_PLAN"];

/// What a statement set has between BEGIN and END, one of it at least.
const INSERTS: &str = "INSERT INTO … SELECT …";

fn statement_set(parser: &mut Parser<'_>) -> Result<Kind, Fault> {
    parser.expect_keyword(Keyword::BEGIN)?;
    let mut inserts = Vec::new();
    while inserts.is_empty() || !take_word(parser, "END") {
        if !parser.peek_keyword(Keyword::INSERT) {
            return Err(unexpected(parser.peek_token_ref(), INSERTS));
        }
        inserts.push(insert(parser)?);
        parser.expect_token(&Token::SemiColon)?;
    }
    Ok(Kind::Insert(inserts))
}

fn insert(parser: &mut Parser<'_>) -> Result<Insert, Fault> {
    parser.expect_keyword(Keyword::INSERT)?;
    let at = begin(parser.peek_token_ref().span);
    if take_word(parser, "OVERWRITE") {
        let instead = "there is INSERT INTO";
        return Err(Fault::unsupported(at, "INSERT OVERWRITE", instead));
    }
    parser.expect_keyword(Keyword::INTO)?;
    let table = name(parser)?;
    let at = begin(parser.peek_token_ref().span);
    if take_word(parser, "PARTITION") {
        let instead = "write the columns in the SELECT";
        return Err(Fault::unsupported(at, "PARTITION (…)", instead));
    }
    let columns = match parser.peek_tokens() {
        [Token::LParen, Token::Word(word)] if word.keyword != Keyword::SELECT => names(parser)?,
        _ => Vec::new(),
    };
    let at = begin(parser.peek_token_ref().span);
    let query = parser.parse_query()?;
    refuse_values(&query, at)?;
    Ok(Insert {
        table,
        columns,
        query,
    })
}

fn refuse_values(query: &Query, at: Location) -> Result<(), Fault> {
    if matches!(*query.body, SetExpr::Values(_)) {
        let instead = "there is INSERT INTO … SELECT … FROM a table";
        return Err(Fault::unsupported(at, "VALUES", instead));
    }
    Ok(())
}

/// The name of a table. There is one catalog with one database, so their names are passed over.
pub(super) fn name(parser: &mut Parser<'_>) -> Result<Ident, Fault> {
    let at = begin(parser.peek_token_ref().span);
    let name = parser.parse_object_name(false)?;
    match name.0.as_slice() {
        [part] => part.as_ident().cloned().ok_or(()),
        _ => Err(()),
    }
    .map_err(|()| {
        let instead = "write the name of the table alone";
        Fault::unsupported(at, "a catalog or database", instead)
    })
}

/// Names in round brackets, if there are any.
pub(super) fn names(parser: &mut Parser<'_>) -> Result<Vec<Ident>, Fault> {
    if !parser.consume_token(&Token::LParen) {
        return Ok(Vec::new());
    }
    let names = parser.parse_comma_separated(Parser::parse_identifier)?;
    parser.expect_token(&Token::RParen)?;
    Ok(names)
}

/// A text in single quotes.
pub(super) fn text(parser: &mut Parser<'_>) -> Result<String, Fault> {
    let token = parser.next_token();
    match token.token {
        Token::SingleQuotedString(text) => Ok(text),
        _ => Err(unexpected(&token, "a text in single quotes")),
    }
}

/// That something else was to stand here.
pub(super) fn unexpected(token: &TokenWithSpan, expected: &str) -> Fault {
    let found = match &token.token {
        Token::EOF => "the end of the text".to_owned(),
        other => format!("'{other}'"),
    };
    Fault::new(
        begin(token.span),
        format!("expected {expected}, found {found}"),
    )
}
