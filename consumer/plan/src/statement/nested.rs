//! What is wrong in a sub-query of FROM. The parser gives such a sub-query up, and says of its begin
//! what else could have stood there.

use datafusion_sql::sqlparser::{
    keywords::Keyword,
    parser::Parser,
    tokenizer::{Location, Token, TokenWithSpan},
};

use super::{
    super::{
        chains::too_deep,
        dialect::Flink,
        error::{Fault, begin},
    },
    read::{at_end, unexpected},
};

/// The fault of the statement, or that of a sub-query in it, whichever is further on.
pub(super) fn furthest(fault: Fault, tokens: &[TokenWithSpan], end: Location) -> Fault {
    if fault.message == too_deep() {
        return fault;
    }
    let is_space = |token: &&TokenWithSpan| matches!(token.token, Token::Whitespace(_));
    let is_last =
        |token: &TokenWithSpan| token.token == Token::SemiColon && begin(token.span) > fault.at;
    let count = tokens
        .iter()
        .position(is_last)
        .map_or(tokens.len(), |last| last + 1);
    let tokens = tokens.iter().take(count);
    let tokens: Vec<_> = tokens.filter(|token| !is_space(token)).cloned().collect();
    let inner = (0..tokens.len()).filter_map(|place| of_query(tokens.get(place..)?));
    let inner = inner.map(|inner| at_end(inner, end));
    let inner = inner.max_by_key(|inner| inner.at);
    inner.filter(|inner| inner.at > fault.at).unwrap_or(fault)
}

/// What is wrong with a query in brackets, if one begins here.
fn of_query(tokens: &[TokenWithSpan]) -> Option<Fault> {
    let [bracket, first, ..] = tokens else {
        return None;
    };
    let is_query = matches!(&first.token, Token::Word(word)
        if matches!(word.keyword, Keyword::SELECT | Keyword::WITH));
    if bracket.token != Token::LParen || !is_query {
        return None;
    }
    let rest = tokens.iter().skip(1).cloned().collect();
    let mut parser = Parser::new(&Flink).with_tokens_with_locations(rest);
    match parser.parse_query() {
        Err(error) => Some(error.into()),
        Ok(_) => {
            let next = parser.peek_token_ref();
            (next.token != Token::RParen).then(|| unexpected(next, "')'"))
        }
    }
}
