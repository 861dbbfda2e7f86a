//! Aggregates over all rows of a key up to each: `OVER (… ORDER BY time)`.

use datafusion_common::ScalarValue;
use datafusion_expr::{
    Expr, Window, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowFunctionDefinition,
    expr::{WindowFunction, WindowFunctionParams},
};

use super::{
    super::{
        Changelog, Kind, Over, Time,
        error::{Fault, NOWHERE},
        lineage::{Attribute, attribute, unaliased},
        windows::fields,
    },
    Lowered, Lowering, aggregate, expressions, schema,
};

const SUPPORTED: &str = "there is OVER ([PARTITION BY …] ORDER BY time [ROWS|RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW])";

impl Lowering<'_> {
    pub(super) fn over(&mut self, window: &Window) -> Result<Lowered, Fault> {
        let calls = window
            .window_expr
            .iter()
            .map(|value| match unaliased(value) {
                Expr::WindowFunction(call) => Ok(call.as_ref()),
                _ => Err(Fault::new(NOWHERE, "expected a function with OVER")),
            });
        let calls = calls.collect::<Result<Vec<_>, Fault>>()?;
        let Some(first) = calls.first().map(|call| &call.params) else {
            return self.plan(&window.input);
        };
        let is_same = |call: &&WindowFunction| {
            let params = &call.params;
            params.partition_by == first.partition_by
                && params.order_by == first.order_by
                && params.window_frame == first.window_frame
        };
        if !calls.iter().all(is_same) {
            return Err(unsupported("OVER of different rows in one SELECT"));
        }
        let input = self.plan(&window.input)?;
        if input.changelog == Changelog::Retract {
            return Err(unsupported("OVER of rows that change"));
        }
        let aggregates = calls.iter().map(|call| {
            let WindowFunctionDefinition::AggregateUDF(function) = &call.fun else {
                return Err(unsupported(&call.fun.name().to_uppercase()));
            };
            let WindowFunctionParams {
                args,
                filter,
                distinct,
                ..
            } = &call.params;
            aggregate::call(function, args, *distinct, filter.as_deref(), &input.schema)
        });
        let over = Over {
            keys: expressions(&first.partition_by, &input.schema)?,
            time: self.over_time(window, first, &input)?,
            is_range: is_range(&first.window_frame)?,
            aggregates: aggregates.collect::<Result<_, Fault>>()?,
        };
        let own = fields(&window.schema).skip(window.input.schema().fields().len());
        let own = own.map(aggregate::with_plain_type);
        let schema = schema(fields(&input.schema).chain(own).collect())?;
        Ok(self.step(&[&input], schema, Changelog::Append, Kind::Over(over)))
    }

    #[expect(clippy::unused_self, reason = "reads as one of the others")]
    fn over_time(
        &self,
        window: &Window,
        params: &WindowFunctionParams,
        input: &Lowered,
    ) -> Result<Time, Fault> {
        let [order] = params.order_by.as_slice() else {
            return Err(unsupported("OVER without ORDER BY one time"));
        };
        let column = match &order.expr {
            Expr::Column(column) if order.asc => column,
            _ => return Err(unsupported("OVER in another order than that of time")),
        };
        let place = window.input.schema().index_of_column(column)?;
        match attribute(&window.input, place) {
            Some(Attribute::Event) => Ok(Time::Event(input.schema.index_of_column(column)?)),
            Some(Attribute::Processing) => Ok(Time::Processing),
            None => Err(unsupported("OVER in the order of a column that is no time")),
        }
    }
}

fn unsupported(what: &str) -> Fault {
    Fault::unsupported(NOWHERE, what, SUPPORTED)
}

fn is_range(frame: &WindowFrame) -> Result<bool, Fault> {
    let is_unbounded = |bound: &ScalarValue| bound.is_null();
    let is_from_start =
        matches!(&frame.start_bound, WindowFrameBound::Preceding(bound) if is_unbounded(bound));
    if !is_from_start || frame.end_bound != WindowFrameBound::CurrentRow {
        return Err(unsupported("OVER of some rows before"));
    }
    match frame.units {
        WindowFrameUnits::Rows => Ok(false),
        WindowFrameUnits::Range => Ok(true),
        WindowFrameUnits::Groups => Err(unsupported("GROUPS in OVER")),
    }
}
