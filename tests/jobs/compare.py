"""Whether two programs come to the same rows, in whatever words they write them: for flink.py and differential.py."""

import json
import re
from collections import Counter
from datetime import datetime

TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z?)$")
WHOLE = re.compile(r"-?[0-9]+")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(E[-+]?[0-9]+)?")
# From one that is as it should be to one that is not.
VERDICTS = ["yes", "values", "end", "known", "batch", "NO"]


def plain(value):
    """A value as it is compared: a moment without its spelling, a number as a number."""
    time = TIME.match(value) if isinstance(value, str) else None
    if time:
        return datetime.fromisoformat(f"{time[1]} {time[2]}").isoformat() + time[3]
    if isinstance(value, str):
        return int(value) if WHOLE.fullmatch(value) else float(value) if NUMBER.fullmatch(value) else value
    return {None: "null", True: "true", False: "false"}.get(value, value)


def fields(row):
    """The fields of a row as JSON, or as it is printed: +I[a, b]."""
    if row.startswith("{"):
        return tuple((name, plain(value)) for name, value in json.loads(row).items())
    return (row[:2], *(plain(value) for value in row[3:-1].split(", ")))


def left(changes):
    """What a changelog comes to: the rows that are left; what is taken back and was not given is less than none."""
    rows = Counter()
    for change in changes:
        rows[change[2:]] += 1 if change[0] == "+" else -1
    return Counter({f"+I{row}": count for row, count in rows.items() if count})


def by_values(rows):
    """How often there are the values of rows, however they are written."""
    found = Counter()
    for row, count in rows.items():
        found[fields(row)] += count
    return found


def compared(theirs, ours):
    """Whether two counts of rows are the same, and what differs."""
    if theirs == ours:
        return ("yes", []) if theirs else ("NO", ["nothing comes of it on either"])
    same = "values" if by_values(theirs) == by_values(ours) else "NO"
    shown = 1 if same == "values" else 5
    told = [f"Flink:    {row}" for row in sorted((theirs - ours).elements())[:shown]]
    return same, told + [f"consumer: {row}" for row in sorted((ours - theirs).elements())[:shown]]


def changed(theirs, ours, key):
    """Whether changes are the same, or what they come to; and what differs."""
    same, differs = compared(Counter(theirs), Counter(ours))
    if same != "NO":
        return same, differs
    ends = [newest(changes, key) if key else left(changes) for changes in (theirs, ours)]
    same, differs = compared(*ends)
    return ("end", []) if same != "NO" or ends[0] == ends[1] else (same, differs)


def newest(changes, key):
    """What a changelog comes to where each key has one row: that which came last."""
    rows = {tuple(change[3:-1].split(", ")[place] for place in key): change for change in changes}
    return Counter(f"+I{change[2:]}" for change in rows.values() if change.startswith("+"))
