//! `CREATE TABLE` → a table with all its columns.

use std::{collections::BTreeSet, sync::Arc};

use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use datafusion_common::{DFSchema, TableReference};
use datafusion_expr::{Expr, ExprSchemable};
use datafusion_sql::sqlparser::ast::Ident;

use super::{
    Connector, Metadata, Origin, Table,
    catalog::{Column, Declared, Source, Value, Watermark},
    connector::{Place, place},
    error::{Fault, begin, did_you_mean},
    format::{Csv, Format},
    functions::PROCTIME,
    query::Planner,
    statement::{self, ColumnKind, Definition},
    table,
    tvf::is_time,
    types::{self, Type},
};

const METADATA: [(&str, Metadata); 3] = [
    ("stream", Metadata::Stream),
    ("offset", Metadata::Offset),
    ("timestamp", Metadata::Timestamp),
];

/// What `CREATE TABLE` says. `rows` is what a query gives for it, where it is made of one.
pub(super) fn declare(
    planner: &Planner<'_>,
    definition: &Definition,
    rows: Option<&SchemaRef>,
) -> Result<Declared, Fault> {
    refuse_twice(definition)?;
    let mut columns = match rows {
        Some(_) if !definition.columns.is_empty() => {
            let instead = "write the columns in the SELECT";
            let at = begin(definition.name.span);
            return Err(Fault::unsupported(at, "columns with AS SELECT", instead));
        }
        Some(rows) => of_rows(rows),
        None => stored(planner, definition),
    };
    let fields = columns.iter();
    let fields: Vec<_> = fields
        .map(|column| (column.name.as_str(), &column.of.data_type))
        .collect();
    let place = place(definition.options_at, &definition.options, &fields)?;
    let mut table = table(definition, &columns, place.clone())?;
    told(definition, &table)?;
    readable(definition, &table)?;
    computed(planner, definition, &table, &mut columns)?;
    table.primary_key = primary_key(definition, &table)?;
    let mut declared = Declared {
        table: Arc::new(table),
        schema: Declared::schema(&columns),
        columns,
        watermark: None,
        late: place.late,
    };
    declared.watermark = watermark(planner, definition, &declared)?;
    Ok(declared)
}

fn refuse_twice(definition: &Definition) -> Result<(), Fault> {
    let mut names = BTreeSet::new();
    for column in &definition.columns {
        if !names.insert(&column.name.value) {
            let message = format!("there are two columns '{}'", column.name.value);
            return Err(Fault::new(begin(column.name.span), message));
        }
    }
    if definition.columns.is_empty() && definition.query.is_none() {
        let message = "a table has columns, or is made AS SELECT …";
        return Err(Fault::new(begin(definition.name.span), message));
    }
    Ok(())
}

fn of_rows(rows: &SchemaRef) -> Vec<Column> {
    let column = |(number, field): (usize, &Arc<arrow::datatypes::Field>)| Column {
        name: field.name().clone(),
        of: Type {
            data_type: field.data_type().clone(),
            nullable: field.is_nullable(),
        },
        value: Value::Physical(number),
    };
    rows.fields().iter().enumerate().map(column).collect()
}

/// All columns but computed ones, which need the others.
fn stored(planner: &Planner<'_>, definition: &Definition) -> Vec<Column> {
    let zone = &planner.settings.zone.name();
    let is_named = |column: &statement::Column| {
        let mut key = definition.primary_key.iter();
        key.any(|name| name.value == column.name.value)
    };
    let columns = definition
        .columns
        .iter()
        .filter_map(|column| match &column.kind {
            ColumnKind::Field(of) => Some((column, of, false)),
            ColumnKind::Metadata { of, is_virtual, .. } => Some((column, of, *is_virtual)),
            ColumnKind::Computed(_) => None,
        });
    let columns = columns
        .enumerate()
        .map(|(number, (column, of, is_virtual))| Column {
            name: column.name.value.clone(),
            of: Type {
                data_type: types::in_zone(of.data_type.clone(), zone),
                // What names a row is never null, whether that is said or not.
                nullable: of.nullable && !is_named(column),
            },
            value: if is_virtual {
                Value::Virtual(number)
            } else {
                Value::Physical(number)
            },
        });
    columns.collect()
}

fn table(definition: &Definition, columns: &[Column], place: Place) -> Result<Table, Fault> {
    let written = |name: &str| {
        definition
            .columns
            .iter()
            .find(|column| column.name.value == name)
    };
    let column = |column: &Column| {
        let origin = written(&column.name).map_or(Ok(Origin::Field), origin)?;
        Ok(table::Column {
            name: column.name.clone(),
            data_type: column.of.data_type.clone(),
            nullable: column.of.nullable,
            origin,
        })
    };
    let columns = columns
        .iter()
        .map(column)
        .collect::<Result<Vec<_>, Fault>>()?;
    Ok(Table {
        name: definition.name.value.clone(),
        format: place.format.map(|format| of_columns(format, &columns)),
        columns,
        primary_key: Vec::new(),
        connector: place.connector,
    })
}

/// In a line of CSV each column has its place, whichever of them a job reads.
fn of_columns(format: Format, columns: &[table::Column]) -> Format {
    match format {
        Format::Csv(csv) => {
            let columns = columns.iter();
            let fields = columns.filter(|column| column.origin == Origin::Field);
            let fields = fields.map(|column| column.name.clone()).collect();
            Format::Csv(Csv { fields, ..csv })
        }
        Format::Json(_) => format,
    }
}

/// What is made up comes from no stream, at no offset.
fn told(definition: &Definition, table: &Table) -> Result<(), Fault> {
    let mut columns = definition.columns.iter();
    let metadata = columns.find(|column| matches!(column.kind, ColumnKind::Metadata { .. }));
    match (&table.connector, metadata) {
        (Connector::Datagen { .. }, Some(column)) => {
            let instead = "there is that of 'brooklet', 'http' and 'filesystem'";
            let at = begin(column.name.span);
            Err(Fault::unsupported(at, "metadata of 'datagen'", instead))
        }
        _ => Ok(()),
    }
}

/// Each column has a type that the format has.
fn readable(definition: &Definition, table: &Table) -> Result<(), Fault> {
    for column in &table.columns {
        let mut names = definition.columns.iter().map(|written| &written.name);
        let name = names.find(|name| name.value == column.name);
        let (Some(format), Some(name)) = (&table.format, name) else {
            continue;
        };
        if let Some(data_type) = format.lacks(&column.data_type) {
            let what = format!("{} in '{}'", types::name(data_type), format.name());
            let instead =
                "'json' has all types, with a MAP's keys as STRING; 'csv' has no ROW, ARRAY or MAP";
            return Err(Fault::unsupported(begin(name.span), &what, instead));
        }
    }
    Ok(())
}

fn origin(column: &statement::Column) -> Result<Origin, Fault> {
    let ColumnKind::Metadata { of, key, .. } = &column.kind else {
        return Ok(Origin::Field);
    };
    let (name, at) = (
        key.as_ref().unwrap_or(&column.name.value),
        begin(column.name.span),
    );
    let known = METADATA.iter().find(|(known, _)| known == name);
    let Some((_, metadata)) = known else {
        let hint = did_you_mean(name, METADATA.iter().map(|(name, _)| *name));
        return Err(Fault::new(
            at,
            format!("there is no metadata '{name}'{hint}"),
        ));
    };
    let (is_its_type, instead) = match (metadata, &of.data_type) {
        (Metadata::Timestamp, of) => (
            matches!(of, DataType::Timestamp(TimeUnit::Millisecond, Some(_))),
            "it is TIMESTAMP_LTZ(3)",
        ),
        (_, of) => (*of == DataType::Utf8, "it is STRING"),
    };
    if !is_its_type {
        let what = format!("metadata '{name}' as {}", types::name(&of.data_type));
        return Err(Fault::unsupported(at, &what, instead));
    }
    Ok(Origin::Metadata(*metadata))
}

/// Puts computed columns between the others, in the order in which they are written.
fn computed(
    planner: &Planner<'_>,
    definition: &Definition,
    table: &Table,
    columns: &mut Vec<Column>,
) -> Result<(), Fault> {
    let stored = Declared {
        table: Arc::new(table.clone()),
        schema: Declared::schema(columns),
        columns: columns.clone(),
        watermark: None,
        late: None,
    };
    let schema = qualified(&stored)?;
    let source = Arc::new(Source::Table(Arc::new(stored)));
    for (place, column) in definition.columns.iter().enumerate() {
        let ColumnKind::Computed(expression) = &column.kind else {
            continue;
        };
        let value = planner.expression(expression, &table.name, source.clone())?;
        let at = begin(column.name.span);
        let of = of_expression(&value, &schema).map_err(|fault| fault.or_at(at))?;
        let is_proctime = matches!(&value, Expr::ScalarFunction(of) if of.name() == PROCTIME);
        let value = if is_proctime {
            Value::Processing(value)
        } else {
            Value::Computed(value)
        };
        let name = column.name.value.clone();
        columns.insert(place, Column { name, of, value });
    }
    Ok(())
}

/// The columns of a table under its name.
fn qualified(declared: &Declared) -> Result<DFSchema, Fault> {
    let name = TableReference::bare(declared.table.name.as_str());
    Ok(DFSchema::try_from_qualified_schema(name, &declared.schema)?)
}

fn of_expression(value: &Expr, schema: &DFSchema) -> Result<Type, Fault> {
    let data_type = match value.get_type(schema)? {
        DataType::Utf8View => DataType::Utf8,
        other => other,
    };
    let nullable = value.nullable(schema)?;
    Ok(Type {
        data_type,
        nullable,
    })
}

fn watermark(
    planner: &Planner<'_>,
    definition: &Definition,
    declared: &Declared,
) -> Result<Option<Watermark>, Fault> {
    let Some(written) = &definition.watermark else {
        return Ok(None);
    };
    let name = &written.column;
    let names = || declared.columns.iter().map(|column| column.name.as_str());
    let time = names().position(|known| known == name.value);
    let found = time.and_then(|time| Some((time, declared.columns.get(time)?)));
    let Some((time, column)) = found else {
        return Err(no_column(name, names()));
    };
    if !is_time(&column.of.data_type) || matches!(column.value, Value::Processing(_)) {
        let message = format!(
            "a watermark is of a TIMESTAMP(3) or TIMESTAMP_LTZ(3), and '{}' is {}",
            name.value,
            types::name(&column.of.data_type)
        );
        return Err(Fault::new(begin(name.span), message));
    }
    let all = Declared {
        table: declared.table.clone(),
        columns: declared.columns.clone(),
        schema: declared.schema.clone(),
        watermark: None,
        late: None,
    };
    let schema = qualified(&all)?;
    let source = Arc::new(Source::Table(Arc::new(all)));
    let value = planner.expression(&written.value, &declared.table.name, source)?;
    let of = value.get_type(&schema)?;
    if of != column.of.data_type {
        let (time, of) = (types::name(&column.of.data_type), types::name(&of));
        let message = format!("the watermark of a {time} is of that type too, and not {of}");
        return Err(Fault::new(begin(name.span), message));
    }
    Ok(Some(Watermark { time, value }))
}

fn no_column<'a>(name: &Ident, known: impl Iterator<Item = &'a str>) -> Fault {
    let hint = did_you_mean(&name.value, known);
    let message = format!("there is no column '{}'{hint}", name.value);
    Fault::new(begin(name.span), message)
}

fn primary_key(definition: &Definition, table: &Table) -> Result<Vec<usize>, Fault> {
    let number = |name: &Ident| {
        let names = || table.columns.iter().map(|column| column.name.as_str());
        let number = names().position(|known| known == name.value);
        number.ok_or_else(|| no_column(name, names()))
    };
    definition.primary_key.iter().map(number).collect()
}
