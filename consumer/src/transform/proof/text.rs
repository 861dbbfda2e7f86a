//! Histories and changes as text.

use arrow::{array::ArrayRef, datatypes::DataType, util::display::array_value_to_string};

use super::{Happening, Row};
use crate::transform::{Changes, Outputs};

/// Reads a history.
pub(super) fn history(text: &str) -> Vec<Happening> {
    let mut history = Vec::new();
    let mut batch: Vec<(usize, Row)> = Vec::new();
    let flush = |batch: &mut Vec<(usize, Row)>, history: &mut Vec<Happening>| {
        if let Some((partition, _)) = batch.first() {
            history.push(Happening::Rows(
                *partition,
                batch.iter().map(|(_, row)| *row).collect(),
            ));
        }
        batch.clear();
    };
    for word in text.split_whitespace() {
        let is_event = word == "|" || word.starts_with(['t']) && !word.contains('@');
        if is_event || word.starts_with("idle") || word.starts_with("busy") {
            flush(&mut batch, &mut history);
        }
        if let Some(number) = word.strip_prefix("idle") {
            history.push(Happening::Idle(number.parse().unwrap(), true));
        } else if let Some(number) = word.strip_prefix("busy") {
            history.push(Happening::Idle(number.parse().unwrap(), false));
        } else if let (true, Some(now)) = (is_event, word.strip_prefix('t')) {
            history.push(Happening::Clock(now.parse().unwrap()));
        } else if word != "|" {
            let (partition, row) = word.split_once(':').unwrap_or(("0", word));
            let partition = partition.parse().unwrap();
            if batch.last().is_some_and(|(last, _)| *last != partition) {
                flush(&mut batch, &mut history);
            }
            batch.push((partition, row_of(row)));
        }
    }
    flush(&mut batch, &mut history);
    history
}

pub(super) fn row_of(text: &str) -> Row {
    let (key, rest) = text.split_once('@').unwrap();
    let (time, value) = rest.split_once('=').unwrap_or((rest, "1"));
    let number = |text: &str| (text != "_").then(|| text.parse().unwrap());
    Row {
        key: key.chars().next().filter(|key| *key != '_'),
        time: number(time),
        value: number(value),
    }
}

/// Changes as text: of windows `k[start..end)=values`, of others `op(columns)`.
pub(super) fn texts(outputs: &Outputs) -> Vec<String> {
    let each = outputs.changes.iter();
    each.flat_map(|(_, changes)| (0..changes.rows.num_rows()).map(|row| text(changes, row)))
        .collect()
}

pub(super) fn text(changes: &Changes, row: usize) -> String {
    let value = |column: &ArrayRef| {
        if column.is_null(row) {
            return "_".to_owned();
        }
        match column.data_type() {
            DataType::Timestamp(_, _) => crate::transform::group::widen(column)
                .unwrap()
                .value(row)
                .to_string(),
            _ => array_value_to_string(column, row).unwrap(),
        }
    };
    let columns: Vec<_> = changes.rows.columns().iter().map(value).collect();
    let schema = changes.rows.schema();
    if schema
        .fields()
        .last()
        .is_none_or(|last| last.name() != "window_time")
    {
        return format!("{}({})", changes.op(row).name(), columns.join(","));
    }
    let (own, window) = columns.split_at(columns.len() - 3);
    let (key, values) = own.split_first().unwrap();
    format!("{key}[{}..{})={}", window[0], window[1], values.join(","))
}
