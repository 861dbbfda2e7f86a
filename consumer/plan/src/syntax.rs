//! Pieces of SQL, made by hand.

use datafusion_sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, DataType, ExactNumberInfo, Expr, Ident, Value,
    helpers::attached_token::AttachedToken,
};

use super::dialect::call;

pub(super) fn case(condition: Expr, result: Expr, otherwise: Option<Expr>) -> Expr {
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition, result }],
        else_result: otherwise.map(Box::new),
    }
}

pub(super) fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    let (left, right) = (Box::new(left), Box::new(right));
    Expr::Nested(Box::new(Expr::BinaryOp { left, op, right }))
}

pub(super) fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(expr),
        data_type,
        array: false,
        format: None,
    }
}

/// Null where there is no such value.
pub(super) fn try_cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast {
        kind: CastKind::TryCast,
        expr: Box::new(expr),
        data_type,
        array: false,
        format: None,
    }
}

pub(super) fn named(name: &str, arguments: Vec<Expr>) -> Expr {
    call(Ident::new(name), arguments)
}

pub(super) fn text(text: &str) -> Expr {
    Expr::Value(Value::SingleQuotedString(text.to_owned()).with_empty_span())
}

pub(super) fn not(expr: Expr) -> Expr {
    Expr::UnaryOp {
        op: datafusion_sql::sqlparser::ast::UnaryOperator::Not,
        expr: Box::new(expr),
    }
}

/// A whole number, of type `INT`.
pub(super) fn whole(number: i32) -> Expr {
    cast(text(&number.to_string()), DataType::Int(None))
}

pub(super) const DOUBLE: DataType = DataType::Double(ExactNumberInfo::None);
