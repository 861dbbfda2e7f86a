"""Relations that go on by a time of their own, and take nothing back: for queries.py."""

from expressions import AGGREGATES, BIGINT, ORDERED, STRING, TIME, TIMESTAMP, UNCHANGED
from relations import Relation, Relations
from tables import NESTED, PLAIN, STREAMS, VERSIONS

JOINS = ["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]
SESSION = "SESSION"
WINDOWS = [
    "TUMBLE({}, DESCRIPTOR({}), INTERVAL '10' SECOND)",
    "HOP({}, DESCRIPTOR({}), INTERVAL '5' SECOND, INTERVAL '15' SECOND)",
    "CUMULATE({}, DESCRIPTOR({}), INTERVAL '5' SECOND, INTERVAL '20' SECOND)",
    "TUMBLE({}, DESCRIPTOR({}), INTERVAL '7' SECOND, INTERVAL '3' SECOND)",
    "HOP({}, DESCRIPTOR({}), INTERVAL '10' SECOND, INTERVAL '20' SECOND, INTERVAL '2' SECOND)",
    "TUMBLE(DATA => {}, TIMECOL => DESCRIPTOR({}), SIZE => INTERVAL '1' MINUTE)",
    "CUMULATE({}, DESCRIPTOR({}), INTERVAL '10' SECOND, INTERVAL '30' SECOND, INTERVAL '4' SECOND)",
]
# Those that begin at another time than whole hours do.
OFFSET = [3, 4, 6]
BOUNDS = ["window_start", "window_end"]
# How times are near each other: both sides, and so many seconds before and after.
NEAR = [
    "{0} BETWEEN {1} - INTERVAL '{2}' SECOND AND {1} + INTERVAL '{3}' SECOND",
    "{0} >= {1} - INTERVAL '{2}' SECOND AND {0} < {1} + INTERVAL '1{3}' SECOND",
    "{0} > {1} AND {0} <= {1} + INTERVAL '{3}' SECOND",
    "{0} = {1}",
]
# Several calls of OVER in one SELECT: how often a window is named.
NAMED = 3


class Streams(Relations):
    """Puts streams together."""

    def __init__(self, choices):
        super().__init__(choices)
        # Views by their names, in the order in which they are declared.
        self.views = {}

    def stream(self, depth):
        """A relation with a time of its own."""
        if depth == 0:
            return self.source()
        ways = [self.source, self.windowed, self.windowed, self.sieved, self.merged, self.between, self.running, self.first,
                self.window_ranked, self.window_picked, self.regrouped, self.as_of, self.running, self.seen_stream]
        way = self.choices.one(ways)
        return self.viewed(way(depth - 1))

    def viewed(self, of):
        """A relation, which is a view now and then."""
        if not self.choices.seldom(8):
            return of
        name = self.name("v")
        self.views[name] = of
        return Relation(f"SELECT * FROM {name}", of.columns, of.time)

    def seen(self, is_wanted):
        """A view that there is already."""
        views = [name for name, of in self.views.items() if is_wanted(of)]
        if not views:
            return None
        name = self.choices.one(views)
        self.noted("a view twice")
        return Relation(f"SELECT * FROM {name}", self.views[name].columns, self.views[name].time)

    def seen_stream(self, depth):
        return self.seen(lambda of: of.time) or self.source()

    def source(self, depth=0, table=None):
        """A table with a time of its own."""
        columns = PLAIN | (NESTED if self.choices.seldom(4) else {}) | {"ts": TIME}
        return Relation(f"SELECT {', '.join(columns)} FROM {table or self.choices.one(STREAMS)}", columns, "ts")

    def sieved(self, depth):
        return self.filter(self.stream(depth))

    def merged(self, depth):
        return self.united(self.stream(depth), self.stream(depth), self.noted("UNION ALL of streams").split(" of")[0])

    def first(self, depth):
        return self.dedup(self.source(), "")

    # Windows.

    def window(self, of, way=None):
        """A relation with its windows, and the keys of its sessions."""
        place = self.choices.below(len(WINDOWS) + 1) if way is None else way
        start, end, time = *BOUNDS, "window_time"
        inner = of.columns
        renamed = {name: self.name("c") for name in (start, end, time) if name in of.columns}
        if renamed:
            columns = {renamed.get(name, name): (name, own) for name, own in of.columns.items()}
            of = self.over(columns, f"({of.sql})", renamed.get(of.time, of.time))
            inner = of.columns
        view, keys = of.sql.removeprefix("SELECT * FROM "), []
        given = f"TABLE {view}" if view in self.views else f"({of.sql})"
        if place < len(WINDOWS):
            call = WINDOWS[place].format(given, of.time)
        else:
            keys = of.of_types(BIGINT, STRING)[: 1 + self.choices.below(2)]
            part = f" PARTITION BY ({', '.join(keys)})" if keys else ""
            call = f"{SESSION}({given}{part}, DESCRIPTOR({of.time}), INTERVAL '4' SECOND)"
        self.noted(call[: call.index("(")] + (" with an offset" if place in OFFSET else ""))
        types = {name: TIMESTAMP if own == TIME else own for name, own in inner.items() if own != TIME}
        return Relation(f"TABLE({call})", types | {start: TIMESTAMP, end: TIMESTAMP}), keys

    def windowed(self, depth, way=None):
        """Aggregates of windows."""
        windows, keys = self.window(self.stream(depth), way)
        own = Relation(windows.sql, windows.apart(*BOUNDS))
        is_session = windows.sql.startswith(f"TABLE({SESSION}")
        keys = keys if is_session else self.keys(own)
        columns = self.kept(own, keys) | {name: (name, TIMESTAMP) for name in BOUNDS}
        columns |= {self.name("a"): aggregate for aggregate in self.aggregates(own.columns, AGGREGATES + UNCHANGED)}
        columns["window_time"] = ("window_time", TIME)
        group = ", ".join([*keys, *BOUNDS, "window_time"])
        # Begin and end of a session are not there before its rows are grouped.
        asked = own.columns if is_session else windows.columns
        where = f" WHERE {self.condition(asked)}" if self.choices.seldom(4) else ""
        return self.over(columns, f"{windows.sql}{where} GROUP BY {group}{self.having(own.columns)}", "window_time")

    def regrouped(self, depth):
        """Aggregates of the aggregates of the same windows."""
        # Of sessions, rows of other keys are other windows to Flink.
        of = self.windowed(depth, self.choices.below(len(WINDOWS)))
        own = Relation(of.sql, of.apart(*BOUNDS, of.time))
        keys = self.keys(own, most=1)
        columns = self.kept(own, keys) | {name: (name, TIMESTAMP) for name in BOUNDS}
        columns |= {self.name("a"): aggregate for aggregate in self.aggregates(own.columns)}
        columns[of.time] = (of.time, TIME)
        group = ", ".join([*keys, *BOUNDS, of.time])
        return self.over(columns, f"({of.sql}) GROUP BY {group}{self.having(own.columns)}", of.time)

    def window_ranked(self, depth):
        """The first aggregates of each window."""
        return self.picked(self.windowed(depth), "window_time")

    def window_picked(self, depth):
        """The first rows of each window."""
        windows, _ = self.window(self.stream(depth), self.choices.below(len(WINDOWS)))
        return self.picked(windows, "window_time")

    def picked(self, of, time):
        flat = Relation("", {name: own for name, own in of.columns.items() if name in of.flat() and name != time})
        keys = BOUNDS + [name for name in flat.apart(*BOUNDS) if self.choices.below(8) == 1][:1]
        number = self.name("n")
        part = f"PARTITION BY {', '.join(keys)} ORDER BY {self.order(flat)}"
        rows = of.sql if of.sql.startswith("TABLE(") else f"({of.sql})"
        inner = f"SELECT *, ROW_NUMBER() OVER ({part}) AS {number} FROM {rows}"
        columns = self.kept(of) | {time: (time, TIME)}
        return self.over(columns, f"({inner}) WHERE {self.bound(number, 1)}", time)

    # Joins by time.

    def between(self, depth):
        return self.interval(depth, self.choices.one(JOINS[:3]))

    def full_interval(self, depth):
        return self.interval(depth, JOINS[3])

    def interval(self, depth, kind):
        """Rows whose times are near each other."""
        one, other = self.stream(depth), self.stream(depth)
        x, y = self.name("x"), self.name("y")
        equal = "".join(f"{x}.{name} = {y}.{also} AND " for name, also in self.pairs(one, other)[:1])
        near = self.choices.one(NEAR).format(f"{x}.{one.time}", f"{y}.{other.time}", self.choices.below(8), self.choices.below(8))
        more = f" AND {self.value('BOOLEAN', one.scope(x) | other.scope(y), 1)}" if self.choices.seldom(4) else ""
        columns, time = self.sides(one, other, x, y), None
        if kind != "FULL JOIN":
            time = self.name("t")
            columns[time] = (f"{y}.{other.time}" if kind == "RIGHT JOIN" else f"{x}.{one.time}", TIME)
        self.noted(f"{kind} by time")
        return self.over(columns, f"({one.sql}) AS {x} {kind} ({other.sql}) AS {y} ON {equal}{near}{more}", time)

    def as_of(self, depth):
        """Rows with what was valid at their time."""
        one = self.stream(depth)
        one = one if one.of_types(BIGINT) else self.source()
        x, y = self.name("x"), self.name("y")
        key, kind = self.choices.one(one.of_types(BIGINT)), self.choices.one(JOINS[:2])
        # But for their time, by which other streams go on.
        columns = self.sides(one, Relation("", {name: of for name, of in PLAIN.items() if name != "ts"}), x, y)
        time = self.name("t")
        columns[time] = (f"{x}.{one.time}", TIME)
        self.noted(f"{kind} as of a time")
        return self.over(columns, f"({one.sql}) AS {x} {kind} {VERSIONS} FOR SYSTEM_TIME AS OF {x}.{one.time} AS {y} ON {x}.{key} = {y}.k", time)

    def running(self, depth):
        """Aggregates of all rows before. Where the order of rows of one time counts they are of one table."""
        unit = self.one_of(["RANGE", "ROWS"])
        of = self.stream(depth) if unit == "RANGE" else self.filter(self.source()) if depth else self.source()
        ways = [way for way in AGGREGATES if "DISTINCT" not in way[0]] + (ORDERED if unit == "ROWS" else [])
        keys = of.of_types(BIGINT, STRING)[: self.choices.below(3)]
        part = f"PARTITION BY {', '.join(keys)} " if keys else ""
        window = f"{part}ORDER BY {of.time} {unit} BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
        name = self.name("w") if self.choices.seldom(NAMED) else None
        columns = self.kept(of)
        for _ in range(1 + self.choices.below(2)):
            columns[self.name("a")] = self.aggregate(of.columns, ways, 0, f" OVER {name or f'({window})'}")
        named = f" {self.noted('WINDOW')} {name} AS ({window})" if name else ""
        return self.over(columns, f"({of.sql}){named}", of.time)
