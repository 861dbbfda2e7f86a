"""Queries by chance: each is determined, so that two programs must come to the same.

What keeps an answer determined: rows are put in order by all of their columns; whatever depends on which row
came first stands on one table. What tables.py says of rows does the rest.
"""

from dataclasses import replace

from choices import smaller as smaller_numbers
from expressions import AGGREGATES, BIGINT, BOOLEAN, CAST, ORDERED, STRING, TIME, TIMESTAMP, WRITTEN
from relations import Relation
from streams import BOUNDS, JOINS, WINDOWS, Streams
from tables import NESTED, PLAIN, TABLES

DEPTH = 3
# What stands between the statements of a job.
END = ";\n"


class Generator(Streams):
    """Puts a query together."""

    def query(self):
        """The text of a job: a query, with its views or without, or several in a statement set."""
        if self.choices.seldom(12):
            return self.statement_set()
        of = self.table(DEPTH)
        if not self.views:
            return of.sql
        if self.one_of(["CREATE VIEW", "WITH"]) == "WITH":
            return f"WITH {', '.join(f'{name} AS ({view.sql})' for name, view in self.views.items())} {of.sql}"
        return END.join([*self.declared_views(), of.sql])

    def declared_views(self):
        return [f"CREATE VIEW {name} AS {view.sql}" for name, view in self.views.items()]

    def statement_set(self):
        """Several queries that are one job; what they come to is cast to the types of where it goes."""
        sinks, inserts = [], []
        for _ in range(2 + self.choices.below(2)):
            of, name = self.table(DEPTH - 1), self.name("sink")
            columns = ", ".join(f"{column} {WRITTEN[own]}" for column, own in of.columns.items())
            sinks.append(f"CREATE TABLE {name} ({columns}) WITH ('connector' = 'print', 'print-identifier' = '{name}')")
            inserts.append(f"INSERT INTO {name} {of.sql}")
        self.noted("EXECUTE STATEMENT SET")
        return END.join([*self.declared_views(), *sinks, f"EXECUTE STATEMENT SET BEGIN {'; '.join(inserts)}; END"])

    # What may change what it has given.

    def table(self, depth):
        """Any relation, without a time of its own."""
        if depth == 0:
            return self.choices.one([self.plain, lambda: self.untimed(0)])()
        ways = [self.plain, self.untimed, self.filtered, self.grouped, self.grouped, self.joined, self.joined, self.exists,
                self.ranked, self.ranked, self.both, self.limited, self.distinct, self.untimed, self.untimed, self.untimed,
                self.last, self.window_joined, self.full_interval, self.seen_table, self.by_arrival, self.firsts,
                self.window_matched, self.window_grouped, self.compared, self.valued, self.kept_by, self.exists, self.changing]
        way = self.choices.one(ways)
        return self.viewed(way(depth - 1))

    def plain(self, depth=0):
        columns = PLAIN | (NESTED if self.choices.seldom(4) else {})
        return Relation(f"SELECT {', '.join(columns)} FROM {self.choices.one(TABLES)}", columns)

    def seen_table(self, depth):
        found = self.seen(lambda of: True) or self.plain()
        return self.timeless(found) if found.time else found

    def timeless(self, stream):
        """A stream whose time is a column as any other."""
        columns = [name if own != TIME else f"CAST({name} AS TIMESTAMP(3)) AS {name}" for name, own in stream.columns.items()]
        types = {name: TIMESTAMP if own == TIME else own for name, own in stream.columns.items()}
        return Relation(f"SELECT {', '.join(columns)} FROM ({stream.sql})", types)

    def untimed(self, depth):
        return self.timeless(self.stream(depth))

    def filtered(self, depth):
        return self.filter(self.table(depth))

    def distinct(self, depth):
        of = self.table(depth)
        columns = self.choices.some(of.flat(), 1)
        self.noted("SELECT DISTINCT")
        return Relation(f"SELECT DISTINCT {', '.join(columns)} FROM ({of.sql})", {name: of.columns[name] for name in columns})

    def grouped(self, depth):
        """Running aggregates, by columns or by what is computed."""
        of = self.table(depth)
        columns = self.kept(of, self.keys(of))
        if self.choices.seldom(4):
            kind = self.choices.one([BIGINT, STRING, BOOLEAN])
            columns[self.name("c")] = (self.value(kind, of.columns, 1), kind)
            self.noted("GROUP BY of what is computed")
        group = ", ".join(text for text, _ in columns.values())
        columns |= {self.name("a"): aggregate for aggregate in self.aggregates(of.columns)}
        self.noted("GROUP BY" if group else "aggregates of all")
        behind = f" GROUP BY {group}{self.having(of.columns)}" if group else ""
        return self.over(columns, f"({of.sql}){behind}")

    def by_arrival(self, depth):
        """Aggregates that go by which row came first."""
        of = self.filter(self.timeless(self.source()) if self.choices.below(2) else self.plain())
        columns = self.kept(of, self.keys(of))
        group = f" GROUP BY {', '.join(columns)}" if columns else ""
        columns |= {self.name("a"): aggregate for aggregate in self.aggregates(of.columns, ORDERED + AGGREGATES[:1])}
        return self.over(columns, f"({of.sql}){group}")

    def on(self, one, other, x, y):
        """A condition under which rows of two relations belong together."""
        both = one.scope(x) | other.scope(y)
        found = [f"{x}.{name} = {y}.{also}" for name, also in self.pairs(one, other)]
        if not found or self.choices.seldom(3):
            found.append(self.value(BOOLEAN, both, 1))
        return " AND ".join(found)

    def joined(self, depth):
        kind, one, other = self.choices.one([*JOINS, ","]), self.table(depth), self.table(depth)
        x, y = self.name("x"), self.name("y")
        on, columns = self.on(one, other, x, y), self.sides(one, other, x, y)
        self.noted(kind)
        if kind == ",":
            return self.over(columns, f"({one.sql}) AS {x}, ({other.sql}) AS {y} WHERE {on}")
        return self.over(columns, f"({one.sql}) AS {x} {kind} ({other.sql}) AS {y} ON {on}")

    def exists(self, depth):
        """The rows of which there are others, by one test or two of them."""
        one, x = self.table(depth), self.name("x")
        test = self.tested(one, x, depth)
        if self.choices.seldom(4):
            test += f" {self.one_of(['AND', 'OR'])} {self.value(BOOLEAN, one.scope(x), 1)}"
        elif self.choices.seldom(3):
            both = self.noted(f"{self.choices.one(['AND', 'OR'])} of tests of others")
            test = f"{self.choices.one(['', 'NOT '])}({test} {both.split()[0]} {self.tested(one, x, depth)})"
        columns = {name: (f"{x}.{name}", of) for name, of in one.columns.items()}
        return self.over(columns, f"({one.sql}) AS {x} WHERE {test}")

    def tested(self, one, x, depth):
        """Whether there are others of a row."""
        other, y = self.table(depth), self.name("y")
        way = self.choices.one(["EXISTS", "NOT EXISTS", "IN", "NOT IN"])
        pairs = self.pairs(one, other)
        if way.endswith("IN") and pairs:
            self.noted(way)
            (name, also), *rest = pairs
            where = "".join(f" WHERE {x}.{left} = {y}.{right}" for left, right in rest)
            return f"{x}.{name} {way} (SELECT {y}.{also} FROM ({other.sql}) AS {y}{where})"
        way = self.noted(way.replace("IN", "EXISTS") if way.endswith("IN") else way)
        return f"{way} (SELECT * FROM ({other.sql}) AS {y} WHERE {self.on(one, other, x, y)})"

    def asked(self, one, x, depth):
        """A whole number of other rows, as a sub-query; maybe of those that belong to a row."""
        other, y = self.table(depth), self.name("y")
        number = self.choices.one(other.of_types(BIGINT) or ["1"])
        if self.choices.seldom(4):
            flat = self.flattened(other)
            self.noted("a sub-query with LIMIT as a value")
            return f"(SELECT {number} FROM ({flat.sql}) ORDER BY {self.order(flat)} LIMIT 1)"
        value = self.choices.one(["MAX({})", "MIN({})", "SUM({})", "COUNT({})"]).format(number)
        pairs = [f"{x}.{name} = {y}.{also}" for name, also in self.pairs(one, other)] if x else []
        where = f" WHERE {pairs[0]}" if pairs and self.choices.below(2) else ""
        # Of no rows Flink tells no count where nothing is asked of the row.
        if not where:
            value = value.replace("COUNT(", "MAX(")
        self.noted("a value of what belongs to a row" if where else "a value of others")
        return f"(SELECT {value} FROM ({other.sql}) AS {y}{where})"

    def compared(self, depth):
        """The rows that compare so with a value of others."""
        one, x = self.table(depth), self.name("x")
        own = self.choices.one([f"{x}.{name}" for name in one.of_types(BIGINT)] or ["2"])
        test = f"{own} {self.choices.one(['>', '<=', '<>'])} {self.asked(one, x, depth)}"
        columns = {name: (f"{x}.{name}", of) for name, of in one.columns.items()}
        return self.over(columns, f"({one.sql}) AS {x} WHERE {test}")

    def valued(self, depth):
        """Rows beside a value of others."""
        one, x = self.table(depth), self.name("x")
        columns = {name: (f"{x}.{name}", of) for name, of in one.columns.items()}
        columns[self.name("q")] = (self.asked(one, x, depth), BIGINT)
        self.noted("a sub-query in SELECT")
        return self.over(columns, f"({one.sql}) AS {x}")

    def kept_by(self, depth):
        """The groups that compare so with a value of others."""
        of = self.table(depth)
        columns = self.kept(of, self.keys(of, 1))
        group = ", ".join(columns)
        columns[self.name("a")] = ("COUNT(*)", BIGINT)
        self.noted("a sub-query in HAVING")
        having = f"COUNT(*) {self.choices.one(['>', '<=', '<>'])} {self.asked(of, None, depth)}"
        return self.over(columns, f"({of.sql}) GROUP BY {group} HAVING {having}")

    def changing(self, depth):
        """The first and the last of one row a key, which changes: so it is both."""
        of = self.table(depth)
        keys = self.keys(of, 1)
        inner = self.over(self.kept(of, keys) | {self.name("a"): one for one in self.aggregates(of.columns)}, f"({of.sql}) GROUP BY {', '.join(keys)}")
        columns = self.kept(inner, keys)
        for name, own in inner.apart(*keys).items():
            columns[self.name("a")] = (f"{self.choices.one(['FIRST_VALUE', 'LAST_VALUE'])}({name})", own)
        self.noted("FIRST_VALUE and LAST_VALUE of rows that change")
        return self.over(columns, f"({inner.sql}) GROUP BY {', '.join(keys)}")

    def ranked(self, depth):
        """The first rows of each key."""
        of = self.flattened(self.table(depth))
        keys = self.keys(of)
        part = f"PARTITION BY {', '.join(keys)} " if keys else ""
        number = self.name("n")
        inner = f"SELECT *, ROW_NUMBER() OVER ({part}ORDER BY {self.order(of)}) AS {number} FROM ({of.sql})"
        columns = self.kept(of)
        if self.choices.below(2):
            columns[number] = (number, BIGINT)
        self.noted("ROW_NUMBER with its number" if number in columns else "ROW_NUMBER")
        return self.over(columns, f"({inner}) WHERE {self.bound(number, 1)}")

    def limited(self, depth):
        of = self.flattened(self.table(depth))
        offset, count = self.choices.below(3) if self.choices.seldom(4) else 0, 1 + self.choices.below(5)
        if self.choices.seldom(3):
            form = self.noted("OFFSET FETCH" if offset else "FETCH FIRST")
            bound = (f"OFFSET {offset} ROWS " if offset else "") + f"FETCH {form.split()[-1].replace('FETCH', 'NEXT')} {count} ROWS ONLY"
        else:
            self.noted("LIMIT OFFSET" if offset else "LIMIT")
            bound = f"LIMIT {count}" + (f" OFFSET {offset}" if offset else "")
        return Relation(f"SELECT * FROM ({of.sql}) ORDER BY {self.order(of)} {bound}", of.columns)

    def both(self, depth):
        """A set operation on columns of the same types."""
        one, other = self.table(depth), self.table(depth)
        return self.united(one, other, self.one_of(["UNION ALL", "UNION", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL"]))

    def united(self, one, other, kind):
        names = self.choices.some([name for name in one.flat() if name != one.time], 1)
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

    # The first and the last of each key.

    def last(self, depth):
        """The last row of each key by time."""
        return self.dedup(self.source(), " DESC")

    def dedup(self, of, way):
        keys = self.named_keys(of)
        number = self.name("n")
        part = f"PARTITION BY {', '.join(keys)} ORDER BY {of.time}{way}"
        inner = f"SELECT *, ROW_NUMBER() OVER ({part}) AS {number} FROM ({of.sql})"
        columns = self.kept(of)
        columns[of.time] = (of.time, TIME) if not way else (f"CAST({of.time} AS TIMESTAMP(3))", TIMESTAMP)
        self.noted("the last by time" if way else "the first by time")
        return self.over(columns, f"({inner}) WHERE {number} = 1", None if way else of.time)

    def firsts(self, depth):
        """The first or last row of each key that came."""
        of = Relation("", dict(PLAIN))
        keys, way, number = self.named_keys(of), self.choices.one(["", " DESC"]), self.name("n")
        part = f"PARTITION BY {', '.join(keys)} ORDER BY p{way}"
        inner = f"SELECT *, ROW_NUMBER() OVER ({part}) AS {number} FROM {self.choices.one(TABLES)}"
        self.noted("the last that came" if way else "the first that came")
        return self.over(self.kept(of), f"({inner}) WHERE {number} = 1")

    # Of windows, without their time.

    def window_grouped(self, depth):
        """Aggregates of windows that go by something of them alone."""
        of = self.windowed(depth)
        return self.over(self.kept(of, list(of.apart(of.time))), f"({of.sql})")

    def window_joined(self, depth):
        """Rows of the same window, or those that have others there."""
        way = self.choices.below(len(WINDOWS))
        # Not of windows: Flink mixes up their columns with those of the new ones.
        of = lambda: self.filter(self.source()) if depth else self.source()
        (one, _), (other, _) = self.window(of(), way), self.window(of(), way)
        listed = lambda of: f"(SELECT {', '.join(of.columns)} FROM {of.sql})"
        return self.matched(one, other, listed(one), listed(other))

    def window_matched(self, depth):
        """Aggregates of the same windows, beside each other."""
        way = self.choices.below(len(WINDOWS))
        one, other = (self.timeless(self.windowed(max(depth - 1, 0), way)) for _ in "xy")
        return self.matched(one, other, f"({one.sql})", f"({other.sql})")

    def matched(self, one, other, left, right):
        x, y = self.name("x"), self.name("y")
        bounds = " AND ".join(f"{x}.{name} = {y}.{name}" for name in BOUNDS)
        own = lambda of: Relation(of.sql, of.apart(*BOUNDS, "window_time"))
        equal = "".join(f" AND {x}.{name} = {y}.{also}" for name, also in self.pairs(own(one), own(other)))
        kind = self.choices.one([*JOINS, "EXISTS", "NOT EXISTS"])
        self.noted(f"{kind} of windows")
        if kind in JOINS:
            columns = self.sides(one, other, x, y)
            return self.over(columns, f"{left} AS {x} {kind} {right} AS {y} ON {bounds}{equal}")
        columns = {name: (f"{x}.{name}", of) for name, of in one.columns.items()}
        return self.over(columns, f"{left} AS {x} WHERE {kind} (SELECT * FROM {right} AS {y} WHERE {bounds}{equal})")


def generated(choices):
    """A query, by what is chosen."""
    return Generator(choices).query()


def several(choices):
    """Several queries, each with its sink, by what is chosen."""
    return Generator(choices).statement_set()


def smaller(taken, differs):
    """The fewest and smallest numbers that could be found of which `differs` says that their query still does."""
    return smaller_numbers(taken, generated, differs)
