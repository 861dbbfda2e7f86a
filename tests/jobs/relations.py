"""What a query is put together of: relations, values of their columns, and aggregates: for queries.py."""

from dataclasses import dataclass

from expressions import AGGREGATES, BIGINT, BOOLEAN, CALLS, INSIDE, LITERALS, STRING, TIME, TIMESTAMP, placed


@dataclass
class Relation:
    """A query with the types of its columns; by the time of one of them, if it has that, streams go on."""

    sql: str
    columns: dict
    time: str | None = None

    def scope(self, alias=None):
        """The columns as they are written, with their types."""
        return {f"{alias}.{name}" if alias else name: of for name, of in self.columns.items()}

    def flat(self):
        """The columns that have nothing inside."""
        return [name for name, of in self.columns.items() if of not in INSIDE]

    def of_types(self, *types):
        """The columns of some types."""
        return [name for name, of in self.columns.items() if of in types]

    def apart(self, *names):
        """Its columns without some of them."""
        return {name: own for name, own in self.columns.items() if name not in names}


class Relations:
    """Chooses values and parts of queries."""

    def __init__(self, choices):
        self.choices, self.names = choices, 0

    def name(self, letter):
        """A name that there is not yet."""
        self.names += 1
        return f"{letter}{self.names}"

    def noted(self, form):
        """A form, which is counted."""
        self.choices.forms[form] += 1
        return form

    def one_of(self, forms):
        """One of some forms, which is counted."""
        return self.noted(self.choices.one(forms))

    def value(self, of, scope, depth=2):
        """What comes to a value of a type, of the columns in a scope."""
        columns = [name if own == of else f"CAST({name} AS TIMESTAMP(3))" for name, own in scope.items()
                   if own == of or (of, own) == (TIMESTAMP, TIME)]
        way = self.choices.below(6)
        if columns and (way < 3 or not depth or of not in CALLS):
            return self.choices.one(columns)
        if of == BOOLEAN and not depth:
            return f"({self.choices.one(list(scope))} IS NOT NULL)"
        if of in LITERALS and (way < 4 or not depth):
            return self.choices.one(LITERALS[of])
        is_there = lambda place: place not in INSIDE or place in scope.values()
        call, *places = self.choices.one([call for call in CALLS[of] if all(map(is_there, call[1:]))])
        self.noted(f"f {call}")
        values = [self.value(place, scope, depth - 1) for place in places]
        # An expression of constants is folded, which is another matter: the cases of values are about it.
        return f"({call.format(*values)})"

    def condition(self, scope):
        return self.value(BOOLEAN, scope)

    def aggregate(self, scope, ways, depth=1, behind=""):
        """An aggregate of the columns of a scope, with its type."""
        call, of, given = self.choices.one(ways)
        self.noted(f"f {call}")
        return placed(call, self.value(of, scope, depth) if of else "", behind), given

    def aggregates(self, scope, ways=AGGREGATES):
        """Some aggregates."""
        for _ in range(1 + self.choices.below(3)):
            behind = f" {self.noted('FILTER')} (WHERE {self.condition(scope)})" if self.choices.seldom(4) else ""
            yield self.aggregate(scope, ways, 1, behind)

    def having(self, scope, bound=4):
        """A condition on groups, or none."""
        if not self.choices.seldom(bound):
            return ""
        value, of = self.aggregate(scope, [way for way in AGGREGATES if way[2] in LITERALS])
        return f" {self.noted('HAVING')} {value} {self.choices.one(['>', '<>', '<='])} {self.choices.one(LITERALS[of])}"

    def written(self, columns):
        """A list of SELECT."""
        return ", ".join(text if text == name else f"{text} AS {name}" for name, (text, _) in columns.items())

    def over(self, columns, rest, time=None):
        """A query of columns, and what stands behind them."""
        types = {name: of for name, (_, of) in columns.items()}
        return Relation(f"SELECT {self.written(columns)} FROM {rest}", types, time)

    def kept(self, of, names=None):
        """Columns as they are."""
        return {name: (name, own) for name, own in of.columns.items() if names is None or name in names}

    def flattened(self, of):
        """A relation without columns that have something inside."""
        return of if len(of.flat()) == len(of.columns) else self.over(self.kept(of, of.flat()), f"({of.sql})", of.time)

    def selected(self, of, least=1):
        """Columns of a relation as they are selected, some of them computed."""
        columns = self.kept(of, self.choices.some([name for name in of.columns if name != of.time], least))
        for _ in range(self.choices.below(3)):
            kind = self.choices.one([kind for kind in CALLS if kind not in INSIDE])
            columns[self.name("c")] = (self.value(kind, of.columns), kind)
        if of.time:
            columns[of.time] = (of.time, TIME)
        return columns

    def filter(self, of):
        columns = self.selected(of)
        where = f" WHERE {self.condition(of.columns)}" if self.choices.below(2) else ""
        return self.over(columns, f"({of.sql}){where}", of.time)

    def keys(self, of, least=0, types=None, most=2):
        """Some columns to group by."""
        names = [name for name in of.flat() if name != of.time and (types is None or of.columns[name] in types)]
        found = [name for name in names if self.choices.below(4) == 1][:most]
        return found if len(found) >= least else names[:least]

    def named_keys(self, of):
        """What DISTINCT rows of a table are told apart by."""
        return self.choices.some(of.of_types(BIGINT, STRING, BOOLEAN), 1)[:2]

    def pairs(self, one, other, least=1):
        """Columns of two relations under which they may be equal."""
        same = [(name, also) for name, of in one.columns.items() for also, own in other.columns.items()
                if of == own and of not in (TIME, BOOLEAN, *INSIDE)]
        if not same:
            return []
        return [self.choices.one(same) for _ in range(least + self.choices.seldom(4))]

    def sides(self, one, other, x, y):
        """Some columns of both sides under new names."""
        columns = {}
        for side, alias in ((one, x), (other, y)):
            for name in self.choices.some([name for name in side.columns if name != side.time], 1):
                columns[self.name("c")] = (f"{alias}.{name}", side.columns[name])
        return columns

    def order(self, of):
        """All columns of a relation, those first that are wanted, each up or down."""
        rest = list(of.columns)
        first = self.choices.one(rest)
        rest.remove(first)
        return ", ".join(name + self.choices.one(["", " DESC"]) for name in [first, *rest])

    def bound(self, number, least):
        """Which places of a rank are kept."""
        most = least + self.choices.below(3)
        return self.choices.one([f"{number} <= {most}", f"{number} < {most + 1}", f"{number} BETWEEN 2 AND {most + 1}"])
