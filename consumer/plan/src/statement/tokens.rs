//! Text → tokens. What no statement can hold is refused here, where each token knows its place: what
//! other dialects write and Flink does not, and calls that only a parser of Flink's can read.

use std::iter;

use datafusion_sql::sqlparser::{
    keywords::Keyword,
    tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace},
};

use super::super::{
    dialect::Flink,
    error::{Fault, begin},
};

/// What is not supported, and what is.
type Refused = (String, &'static str);

const OPERATORS: &str = "there is =, <>, <, <=, >, >=, +, -, *, /, %, ||, AND, OR and NOT";
const TEXTS: &str = "text stands in '…'";
const NUMBERS: &str = "there are numbers such as 1000, 0.5 and 1e3";

/// The tokens of a text.
pub(super) fn tokens(text: &str) -> Result<Vec<TokenWithSpan>, Fault> {
    let all = Tokenizer::new(&Flink, text).tokenize_with_location()?;
    for statement in all.split(|token| token.token == Token::SemiColon) {
        statement.iter().try_for_each(refuse_quotes)?;
        refuse_foreign(statement)?;
    }
    Ok(all.into_iter().flat_map(halves).collect())
}

/// There is no operator `>>`, but there are types that end in it.
fn halves(mut token: TokenWithSpan) -> impl Iterator<Item = TokenWithSpan> {
    let is_two = token.token == Token::ShiftRight;
    if is_two {
        token.token = Token::Gt;
    }
    iter::repeat_n(token, if is_two { 2 } else { 1 })
}

/// A hint is a comment only for others, and a text in double quotes is none.
fn refuse_quotes(token: &TokenWithSpan) -> Result<(), Fault> {
    let at = begin(token.span);
    match &token.token {
        Token::Whitespace(Whitespace::MultiLineComment(comment)) if comment.starts_with('+') => {
            let instead = "write the options of a table in its WITH (…), and of the job by SET";
            Err(Fault::unsupported(at, "a hint", instead))
        }
        Token::DoubleQuotedString(_) => {
            Err(Fault::new(at, "text stands in '…', and a name in `…`"))
        }
        _ => Ok(()),
    }
}

/// What `SET` sets may be of any tokens.
fn refuse_foreign(statement: &[TokenWithSpan]) -> Result<(), Fault> {
    let is_space = |token: &&TokenWithSpan| matches!(token.token, Token::Whitespace(_));
    let tokens: Vec<_> = statement.iter().filter(|token| !is_space(token)).collect();
    if tokens.first().and_then(|first| word(&first.token)) == Some("SET".to_owned()) {
        return Ok(());
    }
    let mut rest = tokens.as_slice();
    while let [token, behind @ ..] = rest {
        let refused = several(rest).or_else(|| single(token));
        if let Some((what, instead)) = refused {
            return Err(Fault::unsupported(begin(token.span), &what, instead));
        }
        rest = behind;
    }
    Ok(())
}

/// A name or keyword without quotes, in upper case.
fn word(token: &Token) -> Option<String> {
    match token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_uppercase()),
        _ => None,
    }
}

fn single(token: &TokenWithSpan) -> Option<Refused> {
    let instead = match &token.token {
        Token::Word(_)
        | Token::SingleQuotedString(_)
        | Token::Number(_, false)
        | Token::Comma
        | Token::Period
        | Token::LParen
        | Token::RParen
        | Token::LBracket
        | Token::RBracket
        | Token::RArrow
        | Token::Eq
        | Token::Neq
        | Token::Lt
        | Token::LtEq
        | Token::Gt
        | Token::GtEq
        | Token::ShiftRight
        | Token::Plus
        | Token::Minus
        | Token::Mul
        | Token::Div
        | Token::Mod
        | Token::StringConcat => return None,
        Token::HexStringLiteral(digits) => return hexadecimal(token, digits),
        Token::DollarQuotedString(_) => return Some(("$$…$$".to_owned(), TEXTS)),
        Token::NationalStringLiteral(_) => return Some(("N'…'".to_owned(), TEXTS)),
        Token::LBrace => {
            let instead = "write DATE '…', TIME '…' or TIMESTAMP '…', or the call alone";
            return Some(("{…}".to_owned(), instead));
        }
        Token::Placeholder(_) => return Some(("a parameter".to_owned(), "write the value")),
        Token::Number(_, true) => NUMBERS,
        Token::DoubleColon => "write CAST(value AS type)",
        Token::DoubleEq => "write =",
        Token::Spaceship => "write IS NOT DISTINCT FROM",
        _ => OPERATORS,
    };
    Some((format!("'{token}'"), instead))
}

/// `X'FF'` is of bytes; what begins with `0x` is read as the same.
fn hexadecimal(token: &TokenWithSpan, digits: &str) -> Option<Refused> {
    let length = token
        .span
        .end
        .column
        .saturating_sub(token.span.start.column);
    if usize::try_from(length) == Ok("0x".len() + digits.len()) {
        return Some((format!("'0x{digits}'"), NUMBERS));
    }
    let is_whole =
        digits.len().is_multiple_of(2) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let instead = "two digits from 0 to F are a byte";
    (!is_whole).then(|| (token.to_string(), instead))
}

/// What is not supported of the tokens that follow each other from here on.
fn several(tokens: &[&TokenWithSpan]) -> Option<Refused> {
    let [token, next, ..] = tokens else {
        return None;
    };
    let is_one = token.span.end == next.span.start;
    match (&token.token, &next.token) {
        (Token::Number(..), Token::Word(behind))
            if is_one && behind.keyword == Keyword::NoKeyword =>
        {
            return Some((format!("'{token}{next}'"), NUMBERS));
        }
        (Token::SingleQuotedString(_), Token::SingleQuotedString(_)) => {
            return Some(("a text behind a text".to_owned(), "join them by ||"));
        }
        _ => {}
    }
    let word = word(&token.token)?;
    match &next.token {
        Token::LParen => called(word),
        Token::SingleQuotedString(_) if word.starts_with('_') => {
            let instead = "all text is UTF-8; write '…' alone";
            Some(("a character set".to_owned(), instead))
        }
        Token::Ampersand if is_one && word == "U" => Some(("U&'…'".to_owned(), TEXTS)),
        Token::LBracket if word == "MAP" => {
            let instead = "there is ARRAY[…], and MAP as the type of a column";
            Some(("MAP[…]".to_owned(), instead))
        }
        Token::LBracket if word == "ARRAY" => {
            let is_empty = tokens
                .get(2)
                .is_some_and(|third| third.token == Token::RBracket);
            let instead = "write one element at least: it says of which type they are";
            is_empty.then(|| ("ARRAY[]".to_owned(), instead))
        }
        Token::Word(_) if word == "AS" => cast_to(tokens),
        _ => None,
    }
}

/// `AS ROW<…`: a type of several, behind what is cast.
fn cast_to(tokens: &[&TokenWithSpan]) -> Option<Refused> {
    let [_, of, bracket, ..] = tokens else {
        return None;
    };
    let of = word(&of.token)?;
    let is_type = ["ROW", "MAP", "MULTISET"].contains(&of.as_str());
    let instead = "there are numbers, STRING, BYTES, DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ";
    (is_type && bracket.token == Token::Lt).then(|| (format!("CAST to {of}"), instead))
}

/// Calls whose arguments are written in a way of their own.
fn called(name: String) -> Option<Refused> {
    let instead = match name.as_str() {
        "CONVERT" | "TRY_CONVERT" => "write CAST(value AS type)",
        "CURRENT_DATE" | "CURRENT_TIMESTAMP" | "LOCALTIMESTAMP" => {
            return Some((format!("{name}(…)"), "write it without brackets"));
        }
        "OVERLAY" => "there is LEFT, RIGHT, SUBSTRING and ||",
        "SAFE_CAST" => "write TRY_CAST(value AS type)",
        "PARSE_JSON" | "TRY_PARSE_JSON" => JSON,
        name if name.starts_with("JSON_") => JSON,
        _ => return None,
    };
    Some((name, instead))
}

const JSON: &str = "no function reads JSON: declare the column as ROW, ARRAY or MAP in its table";

/// A fault about a word, at that word.
pub(in super::super) fn at_its_word(fault: Fault, text: &str) -> Fault {
    let from = fault.at;
    let found = fault.word.as_ref().and_then(|wanted| {
        let tokens = Tokenizer::new(&Flink, text).tokenize_with_location().ok()?;
        let is_it = |token: &&TokenWithSpan| word(&token.token).as_ref() == Some(wanted);
        let behind = |token: &&TokenWithSpan| begin(token.span) >= from;
        let found = tokens.iter().filter(behind).find(is_it);
        let in_view = || tokens.iter().find(is_it).filter(|_| fault.is_in_view);
        let found = found.or_else(in_view);
        found.map(|token| begin(token.span))
    });
    match found {
        Some(at) => Fault { at, ..fault },
        None => fault,
    }
}
