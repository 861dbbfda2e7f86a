"""Which rows of the differences in consumer/FUNCTIONS.md explain what differs from Flink: for flink.py and differential.py.

Where the values of a query differ Flink is asked once more, in batch mode, which takes nothing back. A fault is
Flink's by its plan: one of its changes where batch mode comes to what the consumer comes to, or refuses the query,
and most others where it comes to the same as without.
"""

import re
from pathlib import Path

import values

DOCUMENT = Path(__file__).resolve().parents[2] / "consumer/FUNCTIONS.md"
OURS, THEIRS = "only the consumer refuses", "only Flink refuses"
DIFFER, ALIKE, STREAMING = "differ", "differ, in batch mode alike", "Flink differs from what it comes to in batch mode"
# Who refuses what, or what Flink's plan has where it differs (from itself too), and the row of the differences that
# says so.
KNOWN = [
    (
        OURS,
        "(a window|OVER|an event time) of rows that change",
        "the first row by event time, `ROW_NUMBER() OVER (… ORDER BY time) … = 1`, is given when time has passed it",
    ),
    (
        OURS,
        "beside OR, NOT IN of what may be null",
        "NOT IN of what may be null, and EXISTS and IN by other comparisons than `=`, beside OR",
    ),
    (
        OURS,
        "EXISTS, NOT IN, or COUNT, of an aggregate of what belongs to a row",
        "sub-queries that look at columns of the row and aggregate all theirs",
    ),
    (
        OURS,
        "a sub-query as a value here, or of such a kind",
        "sub-queries that look at columns of the row compare these by any operator",
    ),
    (OURS, "a number in GROUP BY", "`GROUP BY 1` is by a constant"),
    (
        STREAMING,
        r"strategy=\[UpdateFastStrategy\[",
        "`ROW_NUMBER … <= n` in an order of keys of GROUP BY or DISTINCT keeps some that were taken back (a bug of 2.3)",
    ),
    (
        STREAMING,
        r"Rank\(strategy=\[AppendFastStrategy\], .*rankRange=\[rankStart=1, rankEnd=1\].* changelogMode=\[I\]\)",
        "`ROW_NUMBER … = 1` in an order of several columns gives, of rows that are only added, each that was the first (a bug of 2.3)",
    ),
    (
        STREAMING,
        r"\(strategy=\[RetractStrategy\], .*rankStart=[2-9]|offset=\[[1-9].*strategy=\[RetractStrategy\]",
        "of rows that change, `ROW_NUMBER … BETWEEN 2 AND n` and `LIMIT … OFFSET` may give other places (a bug of 2.3)",
    ),
    (
        STREAMING,
        r"Join\(joinType=\[InnerJoin\], where=\[.*[<>]=?\(.* changelogMode=\[I,UA(,D)?\]\)",
        "a join on a comparison with what changes, as `> (SELECT MAX(…) …)`, keeps some that were taken back (a bug of 2.3)",
    ),
    (
        STREAMING,
        r"IntervalJoin\(joinType=\[(Left|Right|Full)OuterJoin\]",
        "of an outer join within a time, rows without a partner may come too late for a window (a bug of 2.3)",
    ),
    (
        ALIKE,
        r" AS vcol_(left_|right_)?marker",
        "of `INTERSECT ALL` and `EXCEPT ALL` in a sub-query only columns that are asked for, and no constants, are compared (a bug of 2.3)",
    ),
    (
        (DIFFER, ALIKE),
        r"Values\(tuples=\[\[\{",
        "an aggregate of all rows, of which a constant condition leaves none, gives its row",
    ),
    (THEIRS, "Please choose SumWithRetractAggFunction", "`SUM(DISTINCT …)` is refused in HOP and CUMULATE"),
    (
        THEIRS,
        "Field names must be unique. Found duplicates",
        "windows of the results of windows may be refused, for two columns of one name",
    ),
    (
        THEIRS,
        "unexpected correlate variable",
        "`FOR SYSTEM_TIME AS OF` is refused below `EXISTS` (a bug of 2.3)",
    ),
    (
        THEIRS,
        r"Type mismatch: rel rowtype: .* Difference: \w+: TIMESTAMP\(3\) NOT NULL -> TIMESTAMP\(3\)",
        "bounds of windows that an outer join of these may leave null are refused in `GROUP BY` and `DISTINCT` (a bug of 2.3)",
    ),
    (THEIRS, "The window can only be ordered by a single time column", "`ROW_NUMBER` in an order with bounds of windows is refused behind HAVING of an aggregate of a constant (a bug of 2.3)"),
    (THEIRS, "requires order by clause with non-constant fields", "`ROW_NUMBER` in an order of constants alone is refused"),
    (THEIRS, "argument data type 'DATE NOT NULL' and actual argument type 'DATE'", "`IFNULL` of a constant date and an INTERVAL is refused (a bug of 2.3)"),
    (
        THEIRS,
        r"Type mismatch: rowtype of original rel: .* Difference: \w+: DATE -> DATE NOT NULL",
        "`COALESCE` of a constant date and one that comes to NULL may be refused (a bug of 2.3)",
    ),
    (
        THEIRS,
        "FlinkRelMdWindowProperties",
        "some queries of the results of `SESSION` are refused (a bug of 2.3)",
    ),
    (
        THEIRS,
        r"Column '\w+' not found in any table",
        "a view of `SESSION` by several columns is refused (a bug of 2.3)",
    ),
]
# What is asked for in the lines of a plan.
TELLING = ("strategy=", "Values(", "Join(", " AS vcol_")


def known(verdict, texts):
    """The row of the differences that says so of a query and what was told, or of a case of values."""
    for who, pattern, row in [*KNOWN, *values.KNOWN]:
        if verdict in (who if isinstance(who, tuple) else (who,)) and any(re.search(pattern, text) for text in texts):
            return row
    return None


def telling(plan):
    """The lines of a plan of Flink's by which a difference may be known."""
    return [line.strip() for line in plan if any(part in line for part in TELLING)]
