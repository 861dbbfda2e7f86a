//! What DataFusion asks of us when it plans a query: tables, functions, types and windows.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{Result, TableReference, config::ConfigOptions};
use datafusion_expr::{
    AggregateUDF, Expr, HigherOrderUDF, ScalarUDF, TableSource, WindowUDF, cast,
    expr::ScalarFunction,
    lit,
    planner::{
        ContextProvider, ExprPlanner, PlannerResult, RawWindowExpr, RelationPlanner, TypePlanner,
    },
};
use datafusion_functions::{datetime, unicode::planner::UnicodeFunctionPlanner};
use datafusion_functions_aggregate::planner::AggregateFunctionPlanner;
use datafusion_functions_nested::planner::FieldAccessPlanner;
use datafusion_sql::sqlparser::ast::{DataType as Ast, ExactNumberInfo, TimezoneInfo};

use super::{
    access::Access,
    as_of::AsOfTables,
    catalog::Catalog,
    error::{Fault, NOWHERE},
    functions::Functions,
    tvf::WindowFunctions,
    types,
};

/// What a job has made so far, as DataFusion asks for it.
#[derive(Debug)]
pub(super) struct Context<'a> {
    catalog: &'a Catalog,
    functions: &'a Functions,
    config: Arc<ConfigOptions>,
    expressions: Vec<Arc<dyn ExprPlanner>>,
    relations: Vec<Arc<dyn RelationPlanner>>,
    types: Arc<dyn TypePlanner>,
}

impl<'a> Context<'a> {
    pub(super) fn new(
        catalog: &'a Catalog,
        functions: &'a Functions,
        config: Arc<ConfigOptions>,
        zone: &str,
    ) -> Self {
        let zone = zone.to_owned();
        Self {
            catalog,
            functions,
            config,
            expressions: vec![
                Arc::new(Extract),
                Arc::new(CountOver),
                Arc::new(AggregateFunctionPlanner),
                Arc::new(Access),
                Arc::new(UnicodeFunctionPlanner),
                Arc::new(FieldAccessPlanner),
            ],
            relations: vec![Arc::new(WindowFunctions), Arc::new(AsOfTables)],
            types: Arc::new(Types { zone }),
        }
    }
}

impl ContextProvider for Context<'_> {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        Ok(self.catalog.scanned(&name)?)
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        &self.expressions
    }

    fn get_relation_planners(&self) -> &[Arc<dyn RelationPlanner>] {
        &self.relations
    }

    fn get_type_planner(&self) -> Option<Arc<dyn TypePlanner>> {
        Some(self.types.clone())
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.functions.scalar(name)
    }

    fn get_higher_order_meta(&self, _: &str) -> Option<Arc<HigherOrderUDF>> {
        None
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.functions.aggregate(name)
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        Functions::window(name)
    }

    fn get_variable_type(&self, _: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        &self.config
    }

    fn udf_names(&self) -> Vec<String> {
        self.functions.names().map(str::to_owned).collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udaf_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udwf_names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// `EXTRACT` gives a `BIGINT`, and days of the week begin with 1 on Sunday.
#[derive(Debug)]
struct Extract;

impl ExprPlanner for Extract {
    fn plan_extract(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        let [Expr::Literal(part, _), time] = args.as_slice() else {
            return Ok(PlannerResult::Original(args));
        };
        let name = part.to_string().to_uppercase();
        let part = |name: &str| {
            let part =
                ScalarFunction::new_udf(datetime::date_part(), vec![lit(name), time.clone()]);
            cast(Expr::ScalarFunction(part), DataType::Int64)
        };
        let years = |length: i64| part("YEAR") / lit(length);
        // The first century ends with the year 100.
        let begun = |length: i64| (part("YEAR") + lit(length - 1)) / lit(length);
        Ok(PlannerResult::Planned(match name.as_str() {
            "DOW" | "DAYOFWEEK" => part("DOW") + lit(1_i64),
            "ISODOW" => (part("DOW") + lit(6_i64)) % lit(7_i64) + lit(1_i64),
            "DECADE" => years(10),
            "CENTURY" => begun(100),
            "MILLENNIUM" => begun(1000),
            name => part(name),
        }))
    }
}

/// `COUNT(*) OVER` counts rows, as `COUNT(*)` does.
#[derive(Debug)]
struct CountOver;

impl ExprPlanner for CountOver {
    fn plan_window(&self, mut call: RawWindowExpr) -> Result<PlannerResult<RawWindowExpr>> {
        #[expect(deprecated, reason = "it is what the planner gives for a star")]
        let is_star = matches!(call.args.as_slice(), [Expr::Wildcard { .. }]);
        if is_star {
            call.args = vec![lit(1_i64)];
        }
        Ok(PlannerResult::Original(call))
    }
}

/// The type that is written, by the one name that it has.
pub(super) fn type_name(written: &Ast) -> String {
    let zone = String::new();
    let planned = Types { zone }.plan(written);
    planned.map_or_else(|_| written.to_string(), |of| types::name(&of))
}

/// Refuses what nothing can be cast to.
pub(super) fn refuse_type(written: &Ast) -> Result<(), Fault> {
    let zone = String::new();
    Types { zone }.plan(written).map(|_| ())
}

/// Types in `CAST`.
#[derive(Debug)]
struct Types {
    zone: String,
}

impl TypePlanner for Types {
    fn plan_type_field(&self, sql_type: &Ast) -> Result<Option<FieldRef>> {
        let of = self.plan(sql_type)?;
        Ok(Some(Arc::new(Field::new("", of, true))))
    }
}

impl Types {
    fn plan(&self, ast: &Ast) -> Result<DataType, Fault> {
        Ok(match ast {
            Ast::Timestamp(precision, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
                DataType::Timestamp(types::unit(precision.as_slice(), NOWHERE)?, None)
            }
            Ast::Custom(name, modifiers)
                if name.to_string().eq_ignore_ascii_case("TIMESTAMP_LTZ") =>
            {
                let numbers = modifiers.iter().filter_map(|number| number.parse().ok());
                let unit = types::unit(&numbers.collect::<Vec<_>>(), NOWHERE)?;
                DataType::Timestamp(unit, Some(self.zone.as_str().into()))
            }
            Ast::Decimal(digits) | Ast::Dec(digits) | Ast::Numeric(digits) => {
                types::decimal(&numbers(digits), NOWHERE)?
            }
            Ast::Boolean => DataType::Boolean,
            Ast::TinyInt(None) => DataType::Int8,
            Ast::SmallInt(None) => DataType::Int16,
            Ast::Int(None) | Ast::Integer(None) => DataType::Int32,
            Ast::BigInt(None) => DataType::Int64,
            Ast::Float(ExactNumberInfo::None) => DataType::Float32,
            Ast::Double(ExactNumberInfo::None) | Ast::DoublePrecision => DataType::Float64,
            Ast::String(None) | Ast::Varchar(_) | Ast::Char(_) => DataType::Utf8,
            Ast::Bytes(_) | Ast::Varbinary(_) | Ast::Binary(_) => DataType::Binary,
            Ast::Date => DataType::Date32,
            Ast::Time(_, TimezoneInfo::None) => {
                DataType::Time32(arrow::datatypes::TimeUnit::Millisecond)
            }
            other => {
                let what = format!("the type {other} in an expression");
                let instead =
                    "there are numbers, STRING, BYTES, DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ";
                return Err(Fault::unsupported(NOWHERE, &what, instead));
            }
        })
    }
}

fn numbers(digits: &ExactNumberInfo) -> Vec<u64> {
    match digits {
        ExactNumberInfo::None => Vec::new(),
        ExactNumberInfo::Precision(precision) => vec![*precision],
        ExactNumberInfo::PrecisionAndScale(precision, scale) => {
            vec![*precision, u64::try_from(*scale).unwrap_or(u64::MAX)]
        }
    }
}
