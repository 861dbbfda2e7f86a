//! How Flink writes SQL, where it differs from the standard that the parser knows.

use datafusion_sql::sqlparser::{
    ast::{
        BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
        FunctionArguments, Ident, ObjectName,
    },
    dialect::{Dialect, Precedence},
    keywords::{Keyword, RESERVED_FOR_IDENTIFIER},
    parser::{Parser, ParserError},
    tokenizer::{Token, TokenWithSpan},
};

/// Flink's SQL.
#[derive(Debug)]
pub(super) struct Flink;

/// The function that stands for `TABLE name [PARTITION BY column, …]` and for `(SELECT …) PARTITION BY
/// column, …` among the arguments of a window: its first argument is the name or the query, the others
/// are the columns.
pub(super) const TABLE: &str = "TABLE";

impl Dialect for Flink {
    fn is_delimited_identifier_start(&self, c: char) -> bool {
        c == '`'
    }

    fn identifier_quote_style(&self, _identifier: &str) -> Option<char> {
        Some('`')
    }

    fn is_identifier_start(&self, c: char) -> bool {
        c.is_alphabetic() || c == '_'
    }

    fn is_identifier_part(&self, c: char) -> bool {
        c.is_alphanumeric() || c == '_' || c == '$'
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_group_by_expr(&self) -> bool {
        true
    }

    /// `FOR SYSTEM_TIME AS OF`.
    fn supports_table_versioning(&self) -> bool {
        true
    }

    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        let [first, second] = parser.peek_tokens_with_location();
        match (&first.token, second.token) {
            (Token::Word(table), Token::Word(_)) if table.keyword == Keyword::TABLE => {
                parser.next_token();
                Some(table_argument(parser, &first))
            }
            (Token::LParen, Token::Word(select)) if is_partitioned(parser, select.keyword) => {
                Some(table_argument(parser, &first))
            }
            _ => None,
        }
    }

    /// So that what is wrong in a CASE, or behind NOT, is told, and not that this is no name.
    fn is_reserved_for_identifier(&self, keyword: Keyword) -> bool {
        matches!(keyword, Keyword::CASE | Keyword::NOT)
            || RESERVED_FOR_IDENTIFIER.contains(&keyword)
    }

    fn parse_infix(
        &self,
        parser: &mut Parser<'_>,
        left: &Expr,
        precedence: u8,
    ) -> Option<Result<Expr, ParserError>> {
        if parser.peek_keyword(Keyword::DIV) {
            return Some(divided(parser, left, precedence));
        }
        distinct(parser, left, self.prec_value(Precedence::Eq))
    }
}

/// `a IS [NOT] DISTINCT FROM b`, which binds as `=` does: what the parser itself takes for `b` is all
/// that stands behind it, `AND` and `OR` too.
fn distinct(
    parser: &mut Parser<'_>,
    left: &Expr,
    precedence: u8,
) -> Option<Result<Expr, ParserError>> {
    const IS: [Keyword; 3] = [Keyword::IS, Keyword::DISTINCT, Keyword::FROM];
    const IS_NOT: [Keyword; 4] = [Keyword::IS, Keyword::NOT, Keyword::DISTINCT, Keyword::FROM];
    let is_not = parser.parse_keywords(&IS_NOT);
    if !is_not && !parser.parse_keywords(&IS) {
        return None;
    }
    let left = Box::new(left.clone());
    let right = parser.parse_subexpr(precedence).map(Box::new);
    Some(right.map(|right| match is_not {
        true => Expr::IsNotDistinctFrom(left, right),
        false => Expr::IsDistinctFrom(left, right),
    }))
}

/// `a DIV b`, so that it is refused in its own name: there is nothing that parses it.
fn divided(parser: &mut Parser<'_>, left: &Expr, precedence: u8) -> Result<Expr, ParserError> {
    parser.next_token();
    Ok(Expr::BinaryOp {
        left: Box::new(left.clone()),
        op: BinaryOperator::MyIntegerDivide,
        right: Box::new(parser.parse_subexpr(precedence)?),
    })
}

/// Whether a query in brackets comes, and behind it how its rows are parted.
fn is_partitioned(parser: &Parser<'_>, first: Keyword) -> bool {
    if !matches!(first, Keyword::SELECT | Keyword::WITH) {
        return false;
    }
    let (mut depth, mut place) = (0_usize, 0);
    loop {
        match parser.peek_nth_token_no_skip(place).token {
            Token::LParen => depth += 1,
            Token::RParen if depth > 1 => depth -= 1,
            Token::RParen => break,
            Token::EOF => return false,
            _ => {}
        }
        place += 1;
    }
    let mut behind = (place + 1..).map(|place| parser.peek_nth_token_no_skip(place).token);
    let next = behind.find(|token| !matches!(token, Token::Whitespace(_)));
    matches!(next, Some(Token::Word(word)) if word.keyword == Keyword::PARTITION)
}

fn table_argument(parser: &mut Parser<'_>, table: &TokenWithSpan) -> Result<Expr, ParserError> {
    let rows = if parser.consume_token(&Token::LParen) {
        let query = parser.parse_query()?;
        parser.expect_token(&Token::RParen)?;
        Expr::Subquery(query)
    } else {
        let name = parser.parse_object_name(false)?;
        let idents = name.0.iter().filter_map(|part| part.as_ident().cloned());
        Expr::CompoundIdentifier(idents.collect())
    };
    let mut arguments = vec![rows];
    if parser.parse_keywords(&[Keyword::PARTITION, Keyword::BY]) {
        if parser.consume_token(&Token::LParen) {
            arguments.extend(parser.parse_comma_separated(Parser::parse_expr)?);
            parser.expect_token(&Token::RParen)?;
        } else {
            arguments.push(parser.parse_expr()?);
        }
    }
    Ok(call(
        Ident::with_span(table.span, TABLE),
        arguments.into_iter().collect(),
    ))
}

/// A call of a function.
pub(super) fn call(name: Ident, arguments: Vec<Expr>) -> Expr {
    let unnamed = |argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument));
    Expr::Function(Function {
        name: ObjectName::from(vec![name]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: arguments.into_iter().map(unnamed).collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}
