"""Which kinds of changes come to a sink, by the plans of Flink and of the consumer: for differential.py.

A step of Flink's plan names the kinds that such a step can give at all; `explain` those that it can give of the rows that
come to it. So where both differ, the steps of Flink's plan are gone through by the rules of the consumer's, and what
these come to must be what it shows; each rule has its row in the differences of consumer/FUNCTIONS.md.
"""

import re
from dataclasses import dataclass, field

# Rows are added, replaced, or go. Whether the one before is told with its newer one is another question.
ADDED, REPLACED, GONE = KINDS = "+I", "+U", "-D"
FLINKS = {"I": ADDED, "UA": REPLACED, "D": GONE}
STEP = re.compile(r"([ :+-]*)(\w.*changelogMode=\[([A-Z,]+)\]\))")
SINK = re.compile(r"Sink\(table=\[\w+\.\w+\.(\w+)\]")
SHOWN = re.compile(r"#(\d+) (.*?)(?: of (#\d+(?:, #\d+)*))?  changes: (.*)")
# Steps that are more than one row at a time to both.
MERGES = re.compile(r"(Global)?(Group|Window)Aggregate|\w*Join|\w*Rank|SortLimit|Running|Windowed|Temporal|Lookup")


@dataclass
class Step:
    """A step of a plan: how it is told, the kinds of its changes, and where its rows come from."""

    text: str
    kinds: set
    inputs: list = field(default_factory=list)

    def merges(self):
        """How many steps up to this one are more than one row at a time."""
        return bool(MERGES.match(self.text)) + sum(one.merges() for one in self.inputs)


def replaced(given):
    """There is one at a time, which goes where what it is made of can go."""
    return {ADDED, REPLACED} | ({GONE} if given != {ADDED} else set())


def moved(given):
    """Rows come to be among those that are given, and are no more."""
    return {ADDED, GONE}


def alone(*given):
    """A row that belonged to no other goes when one comes."""
    return set().union(*given) | {GONE}


def matched(first, second):
    """A row goes with the last of those that it belongs to."""
    return first | ({GONE} if second != {ADDED} else set())


def in_time(*given):
    """Nothing is taken back but what was given by rows that are."""
    return alone(*given) if set().union(*given) != {ADDED} else {ADDED}


def forwarded(*given):
    """The kinds of the inputs."""
    return set().union(*given)


AS_COME = "a plan names the kinds of changes that steps as its own can give at all"
FIRST = "the first row by event time, `ROW_NUMBER() OVER (… ORDER BY time) … = 1`, is given when time has passed it"
EACH = "`ROW_NUMBER … = 1` in an order of several columns gives, of rows that are only added, each that was the first (a bug of 2.3)"
LEFT_OUT = "a join of which no column and no row counts, and what is below a constant condition that is false, are left out of a plan"
# Of which steps the consumer's have other kinds, by those of their inputs; and the row that says so.
RULES = [
    (r"GroupAggregate\(select=\[SINGLE_VALUE", forwarded, AS_COME),
    (r"GroupAggregate\(", replaced, None),
    (r"Join\(joinType=\[\w+OuterJoin\], where=\[false\]", forwarded, AS_COME),
    (r"Join\(joinType=\[\w+OuterJoin", alone, AS_COME),
    (r"Join\(joinType=\[LeftAntiJoin", lambda first, _: alone(first), AS_COME),
    (r"Join\(joinType=\[LeftSemiJoin", matched, AS_COME),
    (r"IntervalJoin\(joinType=\[\w+OuterJoin", in_time, None),
    (r"Rank\(.* rankRange=\[rankStart=1, rankEnd=1\], .*orderBy=\[ROWTIME \w+ ASC\]", replaced, FIRST),
    (r"Rank\(.* rankRange=\[rankStart=1, rankEnd=1\], .*orderBy=\[[^]]*,.*changelogMode=\[I\]", replaced, EACH),
    # By the time at which they came.
    (r"Rank\(.* rankRange=\[rankStart=1, rankEnd=1\], .*changelogMode=\[I\]", forwarded, None),
    (r"Rank\(.*(rankStart=(\d+), rankEnd=\2\]|select=\[[^]]*w0\$o0)|SortLimit\(.*fetch=\[1\]", replaced, AS_COME),
    (r"(Rank|SortLimit)\(|Correlate\(invocation=\[\$REPLICATE_ROWS", moved, AS_COME),
]


def theirs(plan):
    """For each sink of a plan of Flink's its name, the step before it, and its lines."""
    physical, _ = "\n".join(plan).split("== Optimized Execution Plan")
    for lines in physical.strip().split("\n\n"):
        path = []
        for indent, text, kinds in STEP.findall(lines):
            step = Step(text, {FLINKS[kind] for kind in kinds.split(",") if kind in FLINKS})
            del path[len(indent) // 3 :]
            if path:
                path[-1].inputs.append(step)
            path.append(step)
            sink = path[0]
        yield SINK.match(sink.text)[1], sink.inputs[0], lines.splitlines()


def shown(explained):
    """The sinks of the consumer's, by their names."""
    steps = {}
    for number, text, inputs, told in SHOWN.findall(explained):
        kinds = {kind for kind in KINDS if kind in told}
        steps[number] = Step(text, kinds, [steps[one] for one in re.findall(r"\d+", inputs)])
    return {step.text.split()[1]: step for step in steps.values() if step.text.startswith("Insert ")}


def by_rules(step):
    """The kinds of changes of a step by the rules, and the rows of the differences by which they are others."""
    given = [by_rules(one) for one in step.inputs]
    kinds, rows = [kinds for kinds, _ in given], set().union(*(rows for _, rows in given))
    for pattern, of, row in RULES:
        if re.match(pattern, step.text):
            return of(*kinds), rows | ({row} if row and of(*kinds) != step.kinds else set())
    return forwarded({ADDED}, *kinds), rows


def compared(plan, explained):
    """For each sink whether the kinds of its changes are the same, the rows that say why not, and what there is to tell."""
    sinks, words = shown(explained), lambda kinds: " ".join(sorted(kinds))
    for name, step, lines in theirs(plan):
        own, (kinds, rows) = sinks[name], by_rules(step)
        if kinds < own.kinds and step.merges() < own.merges():
            kinds, rows = own.kinds, rows | {LEFT_OUT}
        elif kinds > own.kinds and step.merges() > own.merges():
            kinds, rows = own.kinds, rows | {AS_COME}
        verdict = "same" if step.kinds == own.kinds else f"Flink {words(step.kinds)}, consumer {words(own.kinds)}"
        yield verdict, "; ".join(sorted(rows)) if kinds == own.kinds else None, [f"{name}: {words(kinds)} by the rules", *lines]
