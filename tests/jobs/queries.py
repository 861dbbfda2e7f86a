"""Queries by chance, and rows for them: each is determined, so that two programs must come to the same.

A query is what a row of numbers says: each number takes one of the ways that there are at its place, and 0
is the plainest. So a query is repeated by its numbers, and made smaller by fewer and smaller ones.

What keeps an answer determined: rows are put in order by all of their columns; sums of DOUBLE are exact, as
each is a few binary places, and there is no -0.0; no row is late; whatever depends on which row came first
stands on one table.
"""

import json
import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from expressions import AGGREGATES, BIGINT, BOOLEAN, CALLS, CAST, DOUBLE, LITERALS, STRING, TIME, TIMESTAMP, TYPES

DEPTH = 3
COLUMNS = {
    "id": "BIGINT",
    "k": "BIGINT",
    "s": "STRING",
    "d": "DOUBLE",
    "b": "BOOLEAN",
    "m": "DECIMAL(10, 2)",
    "ts": "TIMESTAMP(3)",
}
# Those with a time of their own, by which rows may be this late; and one without.
STREAMS, TABLES = ["bids", "asks"], ["items"]
DELAY_SECONDS = 10
JOINS = ["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]
WINDOWS = [
    "TUMBLE({}, DESCRIPTOR({}), INTERVAL '10' SECOND)",
    "HOP({}, DESCRIPTOR({}), INTERVAL '5' SECOND, INTERVAL '15' SECOND)",
    "CUMULATE({}, DESCRIPTOR({}), INTERVAL '5' SECOND, INTERVAL '20' SECOND)",
    "TUMBLE({}, DESCRIPTOR({}), INTERVAL '7' SECOND, INTERVAL '3' SECOND)",
    "HOP({}, DESCRIPTOR({}), INTERVAL '10' SECOND, INTERVAL '20' SECOND, INTERVAL '2' SECOND)",
]


def rows(seed, count):
    """For each table the lines of its rows, in an order in which none is late."""
    chance = random.Random(f"rows {seed}")
    maybe = lambda value: None if chance.random() < 0.1 else value
    tables = {}
    for name in STREAMS + TABLES:
        at, timed = datetime(2026, 1, 1), []
        for number in range(count):
            at += timedelta(milliseconds=chance.choice([0, 1, 500, 1000, 2500, 4000]))
            row = {
                "id": number,
                "k": maybe(chance.randrange(-1, 5)),
                "s": maybe(chance.choice(["a", "b", "abc", "aB c", "", " 7", "12", "ü"])),
                "d": maybe(chance.randrange(-8, 16) / 4),
                "b": maybe(chance.random() < 0.5),
                "m": maybe(chance.randrange(-500, 1000) / 100),
                "ts": at.isoformat(" ", "milliseconds"),
            }
            came = at + timedelta(seconds=chance.choice([0, 0, chance.uniform(0, DELAY_SECONDS - 1)]))
            timed.append((came, number, json.dumps(row, ensure_ascii=False)))
        tables[name] = [line for *_, line in sorted(timed)]
    return tables


def tables(folder):
    """The statements that declare them, with their lines in files."""
    for name in STREAMS + TABLES:
        columns = [f"{column} {of}" for column, of in COLUMNS.items()]
        columns += [f"WATERMARK FOR ts AS ts - INTERVAL '{DELAY_SECONDS}' SECOND"] if name in STREAMS else []
        path = f"'connector' = 'filesystem', 'path' = '{folder}/{name}.ndjson', 'format' = 'json'"
        yield f"CREATE TABLE {name} ({', '.join(columns)}) WITH ({path})"


class Choices:
    """Numbers that say what is generated: by chance, or given, and 0 behind the last."""

    def __init__(self, chance=None, given=()):
        self.chance, self.given, self.taken = chance, given, []

    def below(self, bound):
        """A number below a bound."""
        place = len(self.taken)
        told = self.given[place] % bound if place < len(self.given) else 0
        self.taken.append(self.chance.randrange(bound) if self.chance else told)
        return self.taken[-1]

    def one(self, ways):
        """One of a list."""
        return ways[self.below(len(ways))]

    def some(self, ways, least):
        """Some of a list, in its order; the first of them if there are too few."""
        found = [way for way in ways if self.below(2)]
        return found if len(found) >= least else ways[:least]


@dataclass
class Relation:
    """A query with the types of its columns; by the time of one of them, if it has that, streams go on."""

    sql: str
    columns: dict
    time: str | None = None

    def scope(self, alias=None):
        """The columns as they are written, with their types."""
        return {f"{alias}.{name}" if alias else name: of for name, of in self.columns.items()}


class Generator:
    """Puts a query together."""

    def __init__(self, choices):
        self.choices, self.names = choices, 0

    def query(self):
        """The text of a whole query."""
        return self.table(DEPTH).sql

    def name(self, letter):
        """A name that there is not yet."""
        self.names += 1
        return f"{letter}{self.names}"

    # Values.

    def value(self, of, scope, depth=2):
        """What comes to a value of a type, of the columns in a scope."""
        columns = [name if own == of else f"CAST({name} AS TIMESTAMP(3))" for name, own in scope.items()
                   if own == of or (of, own) == (TIMESTAMP, TIME)]
        way = self.choices.below(6)
        if columns and (way < 3 or not depth):
            return self.choices.one(columns)
        if of == BOOLEAN and not depth:
            return f"({self.choices.one(list(scope))} IS NOT NULL)"
        if of != BOOLEAN and (way < 4 or not depth):
            return self.choices.one(LITERALS[of])
        call, *places = self.choices.one(CALLS[of])
        values = [self.value(place, scope, depth - 1) for place in places]
        # An expression of constants is folded, which is another matter: the cases of values are about it.
        return f"({call.format(*values)})"

    def condition(self, scope):
        return self.value(BOOLEAN, scope)

    def selected(self, relation, least=1):
        """Columns of a relation as they are selected, some of them computed."""
        kept = self.choices.some([name for name in relation.columns if name != relation.time], least)
        columns = {name: (name, relation.columns[name]) for name in kept}
        for _ in range(self.choices.below(3)):
            of = self.choices.one(list(CALLS))
            columns[self.name("c")] = (self.value(of, relation.columns), of)
        if relation.time:
            columns[relation.time] = (relation.time, TIME)
        return columns

    # What may change what it has given.

    def table(self, depth):
        """Any relation, without a time of its own."""
        if depth == 0:
            return self.choices.one([self.plain, lambda: self.untimed(0)])()
        ways = [self.plain, self.untimed, self.filtered, self.grouped, self.grouped, self.joined, self.joined, self.exists,
                self.ranked, self.ranked, self.both, self.limited, self.distinct, self.untimed, self.untimed, self.untimed,
                self.last, self.window_joined, self.full_interval]
        way = self.choices.one(ways)
        return way() if way == self.plain else way(depth - 1)

    def plain(self):
        table = self.choices.one(TABLES)
        return Relation(f"SELECT * FROM {table}", dict(TYPES))

    def untimed(self, depth):
        """A stream whose time is a column as any other."""
        stream = self.stream(depth)
        columns = [name if own != TIME else f"CAST({name} AS TIMESTAMP(3)) AS {name}" for name, own in stream.columns.items()]
        types = {name: TIMESTAMP if own == TIME else own for name, own in stream.columns.items()}
        return Relation(f"SELECT {', '.join(columns)} FROM ({stream.sql})", types)

    def written(self, columns):
        """A list of SELECT."""
        return ", ".join(text if text == name else f"{text} AS {name}" for name, (text, _) in columns.items())

    def over(self, columns, rest, time=None):
        """A query of columns, and what stands behind them."""
        types = {name: of for name, (_, of) in columns.items()}
        return Relation(f"SELECT {self.written(columns)} FROM {rest}", types, time)

    def filtered(self, depth):
        return self.filter(self.table(depth))

    def filter(self, of):
        columns = self.selected(of)
        where = f" WHERE {self.condition(of.columns)}" if self.choices.below(2) else ""
        return self.over(columns, f"({of.sql}){where}", of.time)

    def distinct(self, depth):
        of = self.table(depth)
        columns = self.choices.some(list(of.columns), 1)
        return Relation(f"SELECT DISTINCT {', '.join(columns)} FROM ({of.sql})", {name: of.columns[name] for name in columns})

    def aggregates(self, scope):
        """Some aggregates of the columns of a scope."""
        for _ in range(1 + self.choices.below(3)):
            call, of, given = self.choices.one(AGGREGATES)
            text = call.format(self.value(of, scope, 1)) if of else call
            if self.choices.below(4) == 3:
                start = text.rindex("(") if text.startswith(("COUNT", "SUM(", "MIN", "MAX", "AVG")) else -1
                text = f"{text} FILTER (WHERE {self.condition(scope)})" if start >= 0 else text
            yield text, given

    def grouped(self, depth):
        of = self.table(depth)
        keys = [name for name in of.columns if self.choices.below(4) == 1][:2]
        columns = {name: (name, of.columns[name]) for name in keys}
        columns |= {self.name("a"): aggregate for aggregate in self.aggregates(of.columns)}
        group = f" GROUP BY {', '.join(keys)}" if keys else ""
        having = f" HAVING COUNT(*) > {self.choices.below(3)}" if keys and self.choices.below(3) == 2 else ""
        return self.over(columns, f"({of.sql}){group}{having}")

    def pairs(self, one, other, least=1):
        """Columns of two relations under which they may be equal."""
        same = [(name, also) for name, of in one.columns.items() for also, own in other.columns.items()
                if of == own and of not in (TIME, BOOLEAN)]
        if not same:
            return []
        return [self.choices.one(same) for _ in range(least + (self.choices.below(4) == 3))]

    def on(self, one, other, x, y):
        """A condition under which rows of two relations belong together."""
        both = one.scope(x) | other.scope(y)
        found = [f"{x}.{name} = {y}.{also}" for name, also in self.pairs(one, other)]
        if not found or self.choices.below(3) == 2:
            found.append(self.value(BOOLEAN, both, 1))
        return " AND ".join(found)

    def sides(self, one, other, x, y):
        """Some columns of both sides under new names."""
        columns = {}
        for side, alias in ((one, x), (other, y)):
            for name in self.choices.some([name for name in side.columns if name != side.time], 1):
                columns[self.name("c")] = (f"{alias}.{name}", side.columns[name])
        return columns

    def joined(self, depth):
        kind, one, other = self.choices.one(JOINS), self.table(depth), self.table(depth)
        x, y = self.name("x"), self.name("y")
        on = self.on(one, other, x, y)
        return self.over(self.sides(one, other, x, y), f"({one.sql}) AS {x} {kind} ({other.sql}) AS {y} ON {on}")

    def exists(self, depth):
        one, other = self.table(depth), self.table(depth)
        x, y = self.name("x"), self.name("y")
        way = self.choices.one(["EXISTS", "NOT EXISTS", "IN"])
        pairs = self.pairs(one, other)
        if way == "IN" and pairs:
            (name, also), *rest = pairs
            where = "".join(f" WHERE {x}.{left} = {y}.{right}" for left, right in rest)
            test = f"{x}.{name} IN (SELECT {y}.{also} FROM ({other.sql}) AS {y}{where})"
        else:
            way = "EXISTS" if way == "IN" else way
            test = f"{way} (SELECT * FROM ({other.sql}) AS {y} WHERE {self.on(one, other, x, y)})"
        columns = {name: (f"{x}.{name}", of) for name, of in one.columns.items()}
        return self.over(columns, f"({one.sql}) AS {x} WHERE {test}")

    def order(self, of):
        """All columns of a relation, those first that are wanted, each up or down."""
        rest = list(of.columns)
        first = self.choices.one(rest)
        rest.remove(first)
        return ", ".join(name + self.choices.one(["", " DESC"]) for name in [first, *rest])

    def ranked(self, depth):
        return self.rank(self.table(depth), [])

    def rank(self, of, keys):
        """The first rows of each key."""
        keys = keys + [name for name in of.columns if name not in keys and self.choices.below(4) == 1][:2]
        part = f"PARTITION BY {', '.join(keys)} " if keys else ""
        # Not one row alone, which Flink 2.3 does not take back.
        number, limit = self.name("n"), 2 + self.choices.below(3)
        inner = f"SELECT *, ROW_NUMBER() OVER ({part}ORDER BY {self.order(of)}) AS {number} FROM ({of.sql})"
        columns = {name: (name, own) for name, own in of.columns.items()}
        if self.choices.below(2):
            columns[number] = (number, BIGINT)
        return self.over(columns, f"({inner}) WHERE {number} <= {limit}")

    def limited(self, depth):
        of = self.table(depth)
        limit = f"LIMIT {1 + self.choices.below(5)}"
        return Relation(f"SELECT * FROM ({of.sql}) ORDER BY {self.order(of)} {limit}", of.columns)

    def both(self, depth):
        """A set operation on columns of the same types."""
        one, other = self.table(depth), self.table(depth)
        kind = self.choices.one(["UNION ALL", "UNION", "INTERSECT", "EXCEPT"])
        return self.united(one, other, kind)

    def united(self, one, other, kind):
        names = self.choices.some([name for name in one.columns if name != one.time], 1)
        columns, also = {}, {}
        for name in names:
            of = one.columns[name]
            same = [own for own, their in other.columns.items() if their == of]
            columns[name] = (name, of)
            found = self.choices.one(same) if same else f"CAST(NULL AS {CAST[of]})"
            also[name] = (found, of)
        if one.time:
            columns[one.time], also[one.time] = (one.time, TIME), (other.time, TIME)
        other = f"SELECT {self.written(also)} FROM ({other.sql})"
        united = self.over(columns, f"({one.sql}) {kind} {other}", one.time)
        return replace(united, sql=f"SELECT * FROM ({united.sql})")

    def last(self, depth):
        """The last row of each key by time."""
        return self.dedup(self.source(), " DESC")

    def dedup(self, of, way):
        keys = self.choices.some([name for name in of.columns if of.columns[name] in (BIGINT, STRING, BOOLEAN)], 1)[:2]
        number = self.name("n")
        part = f"PARTITION BY {', '.join(keys)} ORDER BY {of.time}{way}"
        inner = f"SELECT *, ROW_NUMBER() OVER ({part}) AS {number} FROM ({of.sql})"
        columns = {name: (name, own) for name, own in of.columns.items()}
        columns[of.time] = (of.time, TIME) if not way else (f"CAST({of.time} AS TIMESTAMP(3))", TIMESTAMP)
        return self.over(columns, f"({inner}) WHERE {number} = 1", None if way else of.time)

    # What goes on by a time of its own, and takes nothing back.

    def stream(self, depth):
        """A relation with a time of its own."""
        if depth == 0:
            return self.source()
        ways = [self.source, self.windowed, self.windowed, self.sieved, self.merged, self.between, self.running, self.first,
                self.window_ranked]
        way = self.choices.one(ways)
        return way() if way == self.source else way(depth - 1)

    def source(self):
        return Relation(f"SELECT * FROM {self.choices.one(STREAMS)}", TYPES | {"ts": TIME}, "ts")

    def sieved(self, depth):
        return self.filter(self.stream(depth))

    def merged(self, depth):
        return self.united(self.stream(depth), self.stream(depth), "UNION ALL")

    def first(self, depth):
        return self.dedup(self.source(), "")

    def window(self, of, way=None):
        """A relation with its windows, and the keys of its sessions."""
        place = self.choices.below(len(WINDOWS) + 1) if way is None else way
        start, end, time = "window_start", "window_end", "window_time"
        inner = {name: own for name, own in of.columns.items() if name not in (start, end, time)}
        renamed = {name: self.name("c") for name in (start, end, time) if name in of.columns}
        if renamed:
            columns = {renamed.get(name, name): (name, own) for name, own in of.columns.items()}
            of = self.over(columns, f"({of.sql})", renamed.get(of.time, of.time))
            inner = of.columns
        if place < len(WINDOWS):
            call, keys = WINDOWS[place].format(f"({of.sql})", of.time), []
        else:
            keys = [name for name, own in inner.items() if own in (BIGINT, STRING)][: 1 + self.choices.below(2)]
            part = f" PARTITION BY ({', '.join(keys)})" if keys else ""
            call = f"SESSION(({of.sql}){part}, DESCRIPTOR({of.time}), INTERVAL '4' SECOND)"
        types = {name: TIMESTAMP if own == TIME else own for name, own in inner.items() if own != TIME}
        return Relation(f"TABLE({call})", types | {start: TIMESTAMP, end: TIMESTAMP}), keys

    def windowed(self, depth):
        """Aggregates of windows."""
        windows, keys = self.window(self.stream(depth))
        own = {name: of for name, of in windows.columns.items() if not name.startswith("window_")}
        if not keys:
            keys = [name for name in own if self.choices.below(4) == 1][:2]
        columns = {name: (name, own[name]) for name in keys}
        columns |= {name: (name, TIMESTAMP) for name in ("window_start", "window_end")}
        columns |= {self.name("a"): aggregate for aggregate in self.aggregates(own)}
        columns["window_time"] = ("window_time", TIME)
        group = ", ".join([*keys, "window_start", "window_end", "window_time"])
        having = " HAVING COUNT(*) > 1" if self.choices.below(4) == 3 else ""
        where = f" WHERE {self.condition(own)}" if self.choices.below(4) == 3 else ""
        return self.over(columns, f"{windows.sql}{where} GROUP BY {group}{having}", "window_time")

    def window_ranked(self, depth):
        """The first rows of each window."""
        of = self.windowed(depth)
        keys = ["window_start", "window_end"] + [name for name in of.columns if name != of.time and self.choices.below(8) == 1][:1]
        number, limit = self.name("n"), 1 + self.choices.below(3)
        others = Relation("", {name: own for name, own in of.columns.items() if name != of.time})
        inner = f"SELECT *, ROW_NUMBER() OVER (PARTITION BY {', '.join(dict.fromkeys(keys))} ORDER BY {self.order(others)}) AS {number}"
        columns = {name: (name, own) for name, own in of.columns.items()}
        return self.over(columns, f"({inner} FROM ({of.sql})) WHERE {number} <= {limit}", of.time)

    def window_joined(self, depth):
        """Rows of the same window, or those that have others there."""
        way = self.choices.below(len(WINDOWS))
        # Not of windows: Flink mixes up their columns with those of the new ones.
        of = lambda: self.filter(self.source()) if depth else self.source()
        (one, _), (other, _) = self.window(of(), way), self.window(of(), way)
        x, y = self.name("x"), self.name("y")
        bounds = " AND ".join(f"{x}.{name} = {y}.{name}" for name in ("window_start", "window_end"))
        own = lambda of: Relation(of.sql, {name: own for name, own in of.columns.items() if not name.startswith("window_")})
        equal = "".join(f" AND {x}.{name} = {y}.{also}" for name, also in self.pairs(own(one), own(other)))
        listed = lambda of: f"(SELECT {', '.join(of.columns)} FROM {of.sql})"
        kind = self.choices.one([*JOINS, "EXISTS", "NOT EXISTS"])
        if kind in JOINS:
            columns = self.sides(one, other, x, y)
            return self.over(columns, f"{listed(one)} AS {x} {kind} {listed(other)} AS {y} ON {bounds}{equal}")
        columns = {name: (f"{x}.{name}", of) for name, of in one.columns.items()}
        return self.over(columns, f"{listed(one)} AS {x} WHERE {kind} (SELECT * FROM {listed(other)} AS {y} WHERE {bounds}{equal})")

    def between(self, depth):
        return self.interval(depth, self.choices.one(JOINS[:3]))

    def full_interval(self, depth):
        return self.interval(depth, JOINS[3])

    def interval(self, depth, kind):
        """Rows whose times are near each other."""
        one, other = self.stream(depth), self.stream(depth)
        x, y = self.name("x"), self.name("y")
        equal = "".join(f"{x}.{name} = {y}.{also} AND " for name, also in self.pairs(one, other)[:1])
        before, after = self.choices.below(8), self.choices.below(8)
        near = f"{x}.{one.time} BETWEEN {y}.{other.time} - INTERVAL '{before}' SECOND AND {y}.{other.time} + INTERVAL '{after}' SECOND"
        columns, time = self.sides(one, other, x, y), None
        if kind != "FULL JOIN":
            time = self.name("t")
            columns[time] = (f"{y}.{other.time}" if kind == "RIGHT JOIN" else f"{x}.{one.time}", TIME)
        return self.over(columns, f"({one.sql}) AS {x} {kind} ({other.sql}) AS {y} ON {equal}{near}", time)

    def running(self, depth):
        """Aggregates of all rows before, of one table: rows of the same time are in the order in which they came."""
        of = self.filter(self.source()) if depth else self.source()
        keys = [name for name in of.columns if of.columns[name] in (BIGINT, STRING)][: self.choices.below(2)]
        part = f"PARTITION BY {', '.join(keys)} " if keys else ""
        unit = self.choices.one(["RANGE", "ROWS"])
        bound = f"{part}ORDER BY {of.time} {unit} BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
        columns = {name: (name, own) for name, own in of.columns.items()}
        for _ in range(1 + self.choices.below(2)):
            call, needs, given = self.choices.one([way for way in AGGREGATES if "AVG" not in way[0] and "CAST" not in way[0] and "DISTINCT" not in way[0]])
            value = call.format(self.value(needs, of.columns, 0)) if needs else call
            columns[self.name("a")] = (f"{value} OVER ({bound})", given)
        return self.over(columns, f"({of.sql})", of.time)


def generated(choices):
    """A query, by what is chosen."""
    return Generator(choices).query()


def smaller(taken, differs):
    """The fewest and smallest numbers that could be found of which `differs` says that their query still does."""
    best, size = list(taken), len(taken)

    def tried(numbers):
        nonlocal best
        choices = Choices(given=numbers)
        query = generated(choices)
        found = choices.taken
        while found and not found[-1]:
            found.pop()
        better = (len(found), found) < (len(best), best)
        if better and differs(query):
            best = found
            return True
        return False

    while size:
        at = 0
        while at < len(best):
            is_less = tried(best[:at] + best[at + size :]) or tried(best[:at] + [0] * size + best[at + size :])
            at += 0 if is_less else size
        size //= 2
    return best
