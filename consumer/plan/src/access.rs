//! Elements of ARRAY and MAP, and fields of ROW, as Flink has them. Left to itself, what plans queries
//! would find no element where a key is of another type than the MAP's, and count from the end.

use std::mem::discriminant;

use arrow::datatypes::{DataType, Field, Fields};
use datafusion_common::{Column, DFSchema, Result, ScalarValue, TableReference, plan_err};
use datafusion_expr::{
    Expr, ExprSchemable, GetFieldAccess, lit,
    planner::{ExprPlanner, PlannerResult, RawBinaryExpr, RawFieldAccessExpr},
};
use datafusion_functions::core::get_field;
use datafusion_functions_nested::{
    extract::array_element, make_array::make_array, map_extract::map_extract,
};
use datafusion_sql::sqlparser::{
    ast::{AccessExpr, BinaryOperator, Expr as Ast},
    tokenizer::Location,
};

use super::{
    conditions::place,
    error::{Fault, NOWHERE, did_you_mean},
    syntax::text,
    types,
};

/// What stands before the name of a field that is written behind a point, and in no text.
const FIELD: char = '\0';

/// The names behind points become texts, which is all that is planned of them; those of a column's
/// own name stay.
pub(super) fn named(root: &Ast, access: &mut [AccessExpr]) {
    let is_name = matches!(root, Ast::Identifier(_) | Ast::CompoundIdentifier(_));
    let is_dot = |one: &AccessExpr| matches!(one, AccessExpr::Dot(_));
    let of_name = if is_name {
        access.iter().take_while(|one| is_dot(one)).count()
    } else {
        0
    };
    for one in access.iter_mut().skip(of_name) {
        if let AccessExpr::Dot(field @ Ast::Identifier(_)) = one
            && let Ast::Identifier(name) = &*field
        {
            *field = text(&format!("{FIELD}{}", name.value));
        }
    }
}

/// Refuses what is not there, and leaves the rest to who plans it.
#[derive(Debug)]
pub(super) struct Access;

impl ExprPlanner for Access {
    fn plan_field_access(
        &self,
        access: RawFieldAccessExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawFieldAccessExpr>> {
        let RawFieldAccessExpr { expr, field_access } = access;
        let of = expr.get_type(schema)?;
        let refused = |message| Fault::new(place(&expr), message);
        let field_access = match field_access {
            GetFieldAccess::NamedStructField { name } => {
                let written = name.try_as_str().flatten().unwrap_or_default();
                let field = written.strip_prefix(FIELD);
                match (field, &of) {
                    (Some(field), _) => field_of(&of, field, place(&expr))?,
                    (None, DataType::Struct(_)) => field_of(&of, written, place(&expr))?,
                    (None, _) => element_of(&of, &DataType::Utf8).map_err(refused)?,
                }
                let name = ScalarValue::from(field.unwrap_or(written));
                GetFieldAccess::NamedStructField { name }
            }
            GetFieldAccess::ListIndex { key } => {
                element_of(&of, &key.get_type(schema)?).map_err(refused)?;
                from_first(&of, &key).map_err(refused)?;
                if matches!(of, DataType::Map(..)) {
                    let found = map_extract(expr, *key);
                    return Ok(PlannerResult::Planned(array_element(found, lit(1_i64))));
                }
                GetFieldAccess::ListIndex { key }
            }
            GetFieldAccess::ListRange { .. } => {
                let instead = "write the number of one element";
                return Err(Fault::unsupported(place(&expr), "a part of an ARRAY", instead).into());
            }
        };
        let access = RawFieldAccessExpr { expr, field_access };
        Ok(PlannerResult::Original(access))
    }

    /// An ARRAY, MAP or ROW is the same as another or not, and nothing else is done with it.
    fn plan_binary_op(
        &self,
        written: RawBinaryExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        let RawBinaryExpr { op, left, right } = &written;
        // What an operator gives is none of these, and a type is looked for through all its parts.
        let is_nested = |side: &Expr| {
            let of = (!matches!(side, Expr::BinaryExpr(_))).then(|| side.get_type(schema));
            of.is_some_and(|of| of.is_ok_and(|of| of.is_nested()))
        };
        if !is_nested(left) && !is_nested(right) {
            return Ok(PlannerResult::Original(written));
        }
        // A column that there is not is told of elsewhere.
        let (Ok(first), Ok(second)) = (left.get_type(schema), right.get_type(schema)) else {
            return Ok(PlannerResult::Original(written));
        };
        let types = [first, second];
        let [first, second] = &types;
        let is_same = discriminant(first) == discriminant(second);
        let may_be = match op {
            BinaryOperator::And | BinaryOperator::Or => true,
            BinaryOperator::Eq | BinaryOperator::NotEq => {
                is_same || first.is_null() || second.is_null()
            }
            _ => false,
        };
        if may_be {
            return Ok(PlannerResult::Original(written));
        }
        let [first, second] = types.map(|of| types::name(&of));
        let what = format!("{op} of {first} and {second}");
        let instead = "take what is in it, as item.name or tags[1]";
        let at = [place(left), place(right)];
        let at = at.into_iter().find(|at| *at != NOWHERE);
        Err(Fault::unsupported(at.unwrap_or(NOWHERE), &what, instead).into())
    }

    fn plan_array_literal(
        &self,
        elements: Vec<Expr>,
        _: &DFSchema,
    ) -> Result<PlannerResult<Vec<Expr>>> {
        Ok(PlannerResult::Planned(make_array(elements)))
    }

    /// Only a ROW has fields: what is told of others is told where this comes to nothing.
    fn plan_compound_identifier(
        &self,
        field: &Field,
        qualifier: Option<&TableReference>,
        names: &[String],
    ) -> Result<PlannerResult<Vec<Expr>>> {
        let mut of = Some(field.data_type());
        let mut expr = Expr::Column(Column::from((qualifier, field)));
        for name in names {
            of = match of {
                Some(DataType::Struct(fields)) => fields
                    .iter()
                    .find(|field| field.name() == name)
                    .map(|field| field.data_type()),
                Some(_) => return plan_err!("only a ROW has fields"),
                None => None,
            };
            expr = get_field().call(vec![expr, lit(name.as_str())]);
        }
        Ok(PlannerResult::Planned(expr))
    }
}

/// Refuses a field that there is not, at its name.
fn field_of(of: &DataType, name: &str, at: Location) -> Result<(), Fault> {
    let word = name.to_uppercase();
    match of {
        DataType::Struct(fields) if has(fields, name) => Ok(()),
        DataType::Struct(fields) => {
            let hint = did_you_mean(name, fields.iter().map(|field| field.name().as_str()));
            let message = format!("there is no field '{name}' in this ROW{hint}");
            Err(Fault::new(at, message).at_word(&word))
        }
        _ => {
            let message = format!("only a ROW has fields, and this is {}", types::name(of));
            Err(Fault::new(at, message).at_word(&word))
        }
    }
}

fn has(fields: &Fields, name: &str) -> bool {
    fields.iter().any(|field| field.name() == name)
}

/// Why there is no element by such a key, if there is none.
fn element_of(of: &DataType, key: &DataType) -> Result<(), String> {
    let told = types::name(key);
    match of {
        _ if key.is_null() => Ok(()),
        DataType::List(_) if key.is_integer() => Ok(()),
        DataType::List(_) => Err(format!(
            "an element of an ARRAY has a number, from 1, and this is {told}"
        )),
        DataType::Map(entries, _) => {
            let keys = match entries.data_type() {
                DataType::Struct(fields) => fields.first().map(|field| field.data_type()),
                _ => None,
            };
            match keys {
                Some(keys) if !is_key(keys, key) => {
                    let keys = types::name(keys);
                    Err(format!(
                        "the keys of this MAP are {keys}, and this is {told}; write CAST"
                    ))
                }
                _ => Ok(()),
            }
        }
        DataType::Struct(_) => Err("a ROW has fields, as in item.name".to_owned()),
        _ => Err(format!(
            "only an ARRAY and a MAP have elements, and this is {}",
            types::name(of)
        )),
    }
}

fn is_key(keys: &DataType, key: &DataType) -> bool {
    let is_both = |is: fn(&DataType) -> bool| is(keys) && is(key);
    keys.equals_datatype(key) || is_both(DataType::is_string) || is_both(DataType::is_integer)
}

/// The first element of an ARRAY is the first, and there is none before it.
fn from_first(of: &DataType, key: &Expr) -> Result<(), String> {
    let is_before = matches!(of, DataType::List(_)) && number(key).is_some_and(|key| key < 1);
    if is_before {
        return Err("the elements of an ARRAY are numbered from 1".to_owned());
    }
    Ok(())
}

/// A whole number that is written as it is.
fn number(key: &Expr) -> Option<i64> {
    match key {
        Expr::Literal(value, _) => value.to_string().parse().ok(),
        Expr::Cast(of) => number(&of.expr),
        Expr::Negative(of) => number(of).and_then(i64::checked_neg),
        _ => None,
    }
}
