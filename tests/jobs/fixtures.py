"""Fixtures of `consumer test`, as jobs of Apache Flink: for flink.py."""

import json
import re

from compare import TIME, VERDICTS, changed
from jobs import connected, statements

# What a fixture with a time of its own goes by that Flink does not know.
OWN_TIME = re.compile(r"PROCTIME\(\)|'table\.exec\.state\.ttl'|'late\.table'")
# Whose rows go by a silence that is too long.
SILENT = ("union-clocks",)
# Tables of fixtures in which Flink comes to something else, and the row of the differences that says so.
OTHERWISE = {
    "first-and-last/home": "the first row by event time, `ROW_NUMBER() OVER (… ORDER BY time) … = 1`, is given when time has passed it",
    "sum-wide/sums": "a `SUM` of DECIMAL that has had more than 38 digits begins anew with the next row, and of rows that change stays NULL",
    "late-windows/counts": "upon windows there are windows where these are equal (`UNION`, `JOIN`), and of sessions where the keys are too; else rows change",
}


class Fixture:
    """A folder for `consumer test`, on Flink."""

    def __init__(self, path, folder):
        self.name = path.name
        self.lines = {lines.stem: lines for lines in path.iterdir() if lines.suffix in (".ndjson", ".csv")}
        self.expected = {lines.stem: lines for lines in (path / "expected").iterdir()}
        text = (path / "job.sql").read_text()
        is_timed = any("@now" in lines.read_text() for lines in self.lines.values())
        self.is_compared = not (is_timed and (OWN_TIME.search(text) or self.name in SILENT))
        self.folder = folder
        rejected = self.expected.pop("rejected", None)
        rejected = map(json.loads, rejected.read_text().splitlines()) if rejected else []
        self.rejected = {(reject["table"], reject["line"]) for reject in rejected}
        self.statements = ["SET 'parallelism.default' = '1'", "SET 'pipeline.auto-watermark-interval' = '0 ms'"]
        self.statements += [connected(one, self.options) for one in statements(text)]
        keyed = re.findall(r"CREATE TABLE `?(\w+)[^;]*?PRIMARY KEY \(([^)]*)\)", text)
        self.keys = {table: re.findall(r"\w+", key) for table, key in keyed}

    def options(self, table, own):
        """The lines of a table that is read, in a file; what is written to one is printed with its name."""
        if table not in self.lines:
            return {"connector": "print", "print-identifier": f"{self.name}/{table}"}
        self.expected.pop(own.get("late.table"), None)
        kept = {key: value for key, value in own.items() if key.startswith(("csv.", "format"))}
        return {"connector": "filesystem", "path": self.sound(table), "format": "json"} | kept

    def sound(self, table):
        """A file with the lines that the consumer does not reject: the others end a job on Flink."""
        numbered = enumerate(self.lines[table].read_text().splitlines(keepends=True), 1)
        path = self.folder / f"{self.name}-{table}"
        sound = [line for number, line in numbered if (table, number) not in self.rejected and not line.startswith('{"@now"')]
        path.write_text("".join(sound))
        return path

    def check(self, end, selected, printed):
        """Whether Flink gives the changes that are expected, in any order, or comes to the same; and what differs."""
        if end != "done":
            return "NO", [f"Flink:    {end}"]
        worst, told = None, []
        for table, path in self.expected.items():
            mark = f"{self.name}/{table}> "
            rows = [line.removeprefix(mark) for line in printed.splitlines() if line.startswith(mark)]
            lines = path.read_text().splitlines()
            theirs, ours = rows if table != "select" else selected, list(map(as_printed, lines))
            if theirs or ours:
                columns = list(json.loads(lines[0])["row"]) if lines else []
                same, differs = changed(theirs, ours, [columns.index(name) for name in self.keys.get(table, [])])
                row = OTHERWISE.get(f"{self.name}/{table}")
                if same == "NO" and row:
                    same, differs = "known", [row]
                worst = max(worst or same, same, key=VERDICTS.index)
                told += [f"{table}: {line}" for line in differs]
        return (worst, told) if worst else ("NO", ["nothing comes of it on either"])


def as_printed(line):
    """An expected change in the words of Flink's printer."""
    change = json.loads(line, parse_float=str, parse_int=str)
    return f"{change['op']}[{', '.join(map(word, change['row'].values()))}]"


def word(value):
    """A value of an expected change in the words of Flink's printer."""
    time = TIME.match(value) if isinstance(value, str) else None
    if time:
        whole, point, parts = time[2].partition(".")
        # The printer gives three, six or nine digits behind the point.
        whole = whole if time[3] or point else whole.removesuffix(":00")
        return f"{time[1]}T{whole}{point}{parts.ljust(-len(parts) // 3 * -3, '0')}{time[3]}"
    if isinstance(value, dict):
        return f"+I[{', '.join(map(str, map(word, value.values())))}]"
    if isinstance(value, list):
        return f"[{', '.join(map(str, map(word, value)))}]"
    return {None: "null", True: "true", False: "false"}.get(value, value)
