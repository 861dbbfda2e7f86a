"""What flink.py, differential.py and their parts do without Flink: python3 tests/jobs/proof.py."""

import random
import unittest

import compare
import differences
import differential
import fixtures
import jobs
import modes
import expressions
import queries
import streams
import tables
import values
from choices import Choices


class Proof(unittest.TestCase):
    def test_a_query_is_what_its_numbers_say(self):
        for number in range(50):
            choices = Choices(random.Random(number))
            query = queries.generated(choices)
            self.assertEqual(queries.generated(Choices(given=choices.taken)), query)

    def test_queries_are_of_all_kinds(self):
        made, forms = [], set()
        for number in range(4000):
            choices = Choices(random.Random(number))
            made.append(queries.generated(choices))
            forms |= set(choices.forms)
        kinds = [*streams.JOINS, "TUMBLE", "HOP", "CUMULATE", "SESSION", "OVER", "WINDOW", "ROW_NUMBER", "LIMIT", "OFFSET", "DISTINCT", "FILTER"]
        kinds += ["HAVING", "CASE", "EXISTS", "NOT EXISTS", " IN (SELECT", "UNION", "UNION ALL", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL", "BETWEEN"]
        kinds += ["(SELECT MAX(", " NOT IN (SELECT", "NOT (x", "LIMIT 1)", "FETCH FIRST", "FETCH NEXT", "FIRST_VALUE(a"]
        kinds += ["CREATE VIEW", "WITH", "STATEMENT SET", "FOR SYSTEM_TIME AS OF", "ARRAY[", "['p']", ".x)", "ORDER BY p"]
        self.assertEqual([kind for kind in kinds if kind not in "\n".join(made)], [])
        ways = {f"f {call}" for calls in [*expressions.CALLS.values(), expressions.AGGREGATES, expressions.UNCHANGED, expressions.ORDERED] for call, *_ in calls}
        self.assertEqual(sorted(ways - forms), [])

    def test_a_query_is_made_as_small_as_it_can_be(self):
        number = next(n for n in range(100) if "HOP(" in queries.generated(Choices(random.Random(n))))
        choices = Choices(random.Random(number))
        before = queries.generated(choices)
        after = queries.generated(Choices(given=queries.smaller(choices.taken, lambda query: "HOP(" in query)))
        self.assertIn("HOP(", after)
        self.assertLess(len(after), min(len(before), 400), (before, after))

    def test_no_row_is_late(self):
        for lines in tables.rows(1, 200).values():
            most = ""
            for line in map(tables.json.loads, lines):
                at = tables.datetime.fromisoformat
                self.assertLess((at(most or line["ts"]) - at(line["ts"])).total_seconds(), tables.DELAY_SECONDS)
                most = max(most, line["ts"])

    def test_rows_are_the_same_that_are_only_written_in_other_words(self):
        same = lambda one, other: self.assertEqual(differential.normal(one), differential.normal(other))
        same(["+I[1, a]", "+I[2.50, null]"], ["+I[2.5, null]", "+I[7, b]", "-D[7, b]", "+I[1, a]"])
        same(["+I[0.30000000000000004, 2026-01-01T00:00]"], ["+I[0.3, 2026-01-01T00:00:00.000]"])
        self.assertNotEqual(differential.normal(["+I[1]", "+I[1]"]), differential.normal(["+I[1]"]))
        same(["sink2> +I[1]", "sink1> +I[1]"], ["sink1> +I[1]", "sink2> +I[1]"])
        self.assertNotEqual(differential.normal(["sink1> +I[1]"]), differential.normal(["sink2> +I[1]"]))
        self.assertNotEqual(differential.normal(["-D[1]"]), differential.normal([]))

    def test_each_known_difference_is_a_row(self):
        rows = [line.split(" | ")[0].removeprefix("| ") for line in differences.DOCUMENT.read_text().splitlines()]
        self.assertEqual([row for row in [*(row for *_, row in [*differences.KNOWN, *values.KNOWN, *modes.RULES]), modes.LEFT_OUT, *fixtures.OTHERWISE.values()] if row and row not in rows], [])

    def test_statements_of_a_set_are_one(self):
        found = jobs.statements("-- a;\nSET 'a;' = `b;`;\nEXECUTE STATEMENT SET BEGIN\nINSERT; SELECT CASE 1 END; END;\nSELECT 1")
        self.assertEqual(found, ["SET 'a;' = `b;`", "EXECUTE STATEMENT SET BEGIN\nINSERT; SELECT CASE 1 END; END", "SELECT 1"])

    def test_changes_are_the_same_that_come_to_the_same(self):
        more = ["+I[1, 2.50]", "-U[1, 2.50]", "+U[1, 3]", "+I[2, x]", "-D[2, x]"]
        self.assertEqual(compare.changed(["+I[1, 3.0]", "+I[4, 5]"], ["+I[4, 5]", "+I[1, 3]"], [])[0], "values")
        self.assertEqual(compare.changed(more, ["+I[1, 3]"], []), ("end", []))
        self.assertEqual(compare.changed(more, ["+I[1, 2.5]", "+U[1, 3]"], [0]), ("end", []))
        self.assertEqual(compare.changed(more, ["+I[1, 2.5]", "+U[1, 3]"], [])[0], "NO")
        self.assertEqual(compare.changed([], ["-D[1]"], [])[0], "NO")

    def test_kinds_of_changes_are_those_of_both_plans(self):
        last = lambda changes: f"Sink(table=[default_catalog.default_database.sink1], fields=[k], changelogMode=[NONE])\n+- {changes}"
        scan = "Calc(select=[k], changelogMode=[I])"
        grouped = f"GroupAggregate(groupBy=[k], select=[k], changelogMode=[I,UB,UA])\n   +- {scan}"
        outer = f"Join(joinType=[LeftOuterJoin], changelogMode=[I,UB,UA,D])\n   :- {scan}\n   +- {scan}"
        first = f"Rank(rankType=[ROW_NUMBER], rankRange=[rankStart=1, rankEnd=1], orderBy=[ROWTIME t ASC], changelogMode=[I])\n   +- {scan}"
        ours = lambda *steps: "\n".join(f"#{number} {step}" for number, step in enumerate(["Scan t (print)  changes: +I", *steps]))
        insert = lambda of, changes: f"Insert sink1 (print) of #{of}  changes: {changes}"

        def check(plan, explained, *expected):
            plan = ["== Optimized Physical Plan ==", *last(plan).splitlines(), "", "== Optimized Execution Plan =="]
            self.assertEqual([(verdict, row) for verdict, row, _ in modes.compared(plan, explained)], [expected])

        check(grouped, ours("Running by [k@0] of #0  changes: +I -U +U", insert(1, "+I -U +U by (k)")), "same", "")
        check(outer, ours("Join Left on [] of #0, #0  changes: +I -D", insert(1, "+I -D")), "Flink +I +U -D, consumer +I -D", modes.AS_COME)
        check(outer, ours("Join Left on [] of #0, #0  changes: +I -D", insert(1, "+I -U +U")), "Flink +I +U -D, consumer +I +U", None)
        check(first, ours("Rank 1 to 1 of #0  changes: +I -U +U", insert(1, "+I -U +U")), "Flink +I, consumer +I +U", modes.FIRST)
        twice = ours("Running of #0  changes: +I -U +U", "Running of #1  changes: +I -U +U -D", insert(2, "+I -U +U -D"))
        check(grouped, twice, "Flink +I +U, consumer +I +U -D", modes.LEFT_OUT)
        check(grouped, ours("Running of #0  changes: +I -U +U -D", insert(1, "+I -U +U -D")), "Flink +I +U, consumer +I +U -D", None)

    def test_cases_of_values_are_read(self):
        row = values.columns()
        self.assertEqual(values.quoted("'day' || CAST(day AS STRING)", row), "'day' || CAST(`day` AS STRING)")
        self.assertTrue(values.is_same("1", "INT", "1", "INT NOT NULL"))
        self.assertFalse(values.is_same("1", "BIGINT", "1", "INT NOT NULL"))
        self.assertGreater(len(list(values.cases(values.PROOF / "values/casts.txt"))), 50)


if __name__ == "__main__":
    unittest.main()
