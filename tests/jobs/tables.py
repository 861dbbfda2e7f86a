"""Tables with rows by chance: for queries.py.

No row is late; sums of DOUBLE are exact, as each is a few binary places, and there is no -0.0. Two tables have a
time of their own, one has none, and one says what was valid when, by its key.
"""

import json
import random
from datetime import datetime, timedelta

from expressions import ARRAY, BIGINT, BOOLEAN, DECIMAL, DOUBLE, MAP, ROW, STRING, TIMESTAMP, WRITTEN

# What a table has, and what else can be selected of it.
PLAIN = {"id": BIGINT, "k": BIGINT, "s": STRING, "d": DOUBLE, "b": BOOLEAN, "m": DECIMAL, "ts": TIMESTAMP}
NESTED = {"r": ROW, "l": ARRAY, "a": MAP}
# Those with a time of their own, by which rows may be this late; one without; one with versions.
STREAMS, TABLES, VERSIONS = ["bids", "asks"], ["items"], "rates"
DELAY_SECONDS = 10


def rows(seed, count):
    """For each table the lines of its rows, in an order in which none is late."""
    tables = {}
    for name in [*STREAMS, *TABLES, VERSIONS]:
        chance = random.Random(f"rows {seed} {name}")
        maybe = lambda value: None if chance.random() < 0.1 else value
        at, timed = datetime(2026, 1, 1), []
        for number in range(count):
            at += timedelta(milliseconds=chance.choice([0, 1, 500, 1000, 2500, 4000]))
            key = chance.randrange(-1, 5)
            row = {
                "id": number,
                "k": key if name == VERSIONS else maybe(key),
                "s": maybe(chance.choice(["a", "b", "abc", "aB c", "", " 7", "12", "ü"])),
                "d": maybe(chance.randrange(-8, 16) / 4),
                "b": maybe(chance.random() < 0.5),
                "m": maybe(chance.randrange(-500, 1000) / 100),
                "ts": at.isoformat(" ", "milliseconds"),
                "r": maybe({"x": maybe(chance.randrange(4)), "y": maybe(chance.choice("abc"))}),
                "l": maybe([maybe(chance.randrange(4)) for _ in range(chance.randrange(4))]),
                "a": maybe({key: maybe(chance.randrange(4)) for key in "pq" if chance.random() < 0.6}),
            }
            came = at + timedelta(seconds=chance.choice([0, 0, chance.uniform(0, DELAY_SECONDS - 1)]))
            timed.append((came, number, row))
        timed.sort(key=lambda one: one[:2])
        tables[name] = [json.dumps(row | {"p": place}, ensure_ascii=False) for place, (*_, row) in enumerate(timed)]
    return tables


def declared(folder, came="p AS PROCTIME()"):
    """The statements that declare them, with their lines in files. When a row came is its place there where no time goes on."""
    for name in [*STREAMS, *TABLES, VERSIONS]:
        columns = [f"{column} {WRITTEN[of]}" for column, of in (PLAIN | NESTED).items()]
        columns += [f"WATERMARK FOR ts AS ts - INTERVAL '{DELAY_SECONDS}' SECOND"] if name not in TABLES else []
        columns += ["PRIMARY KEY (k) NOT ENFORCED"] if name == VERSIONS else [came]
        path = f"'connector' = 'filesystem', 'path' = '{folder}/{name}.ndjson', 'format' = 'json'"
        yield f"CREATE TABLE {name} ({', '.join(columns)}) WITH ({path})"
