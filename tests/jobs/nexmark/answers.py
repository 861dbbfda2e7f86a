"""What each query here comes to, by DuckDB, over all bids of a file at once.

    python3 answers.py BIDS FOLDER

Reads BIDS, lines of JSON, and writes FOLDER/QUERY.ndjson for each query, a line a row, in no order.
It is made from what the queries mean and shares nothing with the consumer, so that both are wrong in
the same way only by chance. A line that is no JSON object is no bid; nor is one to a query that reads
a field of it that has a wrong type.
"""

import json
import sys
from datetime import datetime
from pathlib import Path

import duckdb

NUMBERS = ["auction", "bidder", "price"]
TEXTS = ["channel", "url", "extra"]
ALL = [*NUMBERS, *TEXTS, "dateTime"]

RANKS = {
    "total": "true",
    "rank1": "price < 10000",
    "rank2": "price between 10000 and 999999",
    "rank3": "price > 999999",
}
PRICE_RANKS = ", ".join(f"count(*) filter (where {which}) as {rank}_bids" for rank, which in RANKS.items())
MEMBER_RANKS = ", ".join(
    f"count(distinct case when {which} then {member} end) as {rank}_{member}s"
    for member in ["bidder", "auction"]
    for rank, which in RANKS.items()
)
DAY = """strftime("dateTime", '%Y-%m-%d')"""


def tumbling(column):
    """The window of 10 seconds from the epoch on that a time is in."""
    start = f"""time_bucket(interval 10 second, "dateTime", timestamp '1970-01-01')"""
    return f"{start} as {column}, {start} + interval 10 second"


# The fields that each query reads, and what it comes to.
ANSWERS = {
    "q0": (ALL, 'select auction, bidder, price, channel, url, "dateTime", extra from bid'),
    "q1": (
        ["auction", "bidder", "price", "dateTime", "extra"],
        'select auction, bidder, price * 0.908 as price, "dateTime", extra from bid',
    ),
    "q2": (["auction", "price"], "select auction, price from bid where auction % 123 = 0"),
    # The five windows that a bid is in begin at the even second before it, and 2, 4, 6, 8 s earlier.
    "q5": (
        ["auction", "dateTime"],
        """
        with hops as (
            select auction, starttime: time_bucket(interval 2 second, "dateTime", timestamp '1970-01-01')
                - to_seconds(2 * back)
            from bid, range(5) as hop(back)
        )
        select auction, count(*) as num, starttime, starttime + interval 10 second as endtime
        from hops group by all
        """,
    ),
    # A session is over 10 s after its last bid; one that comes at that very moment still joins it.
    "q11": (
        ["bidder", "dateTime"],
        """
        with rests as (
            select bidder, "dateTime" as made,
                lag(made) over (partition by bidder order by made) < made - interval 10 second as begins
            from bid
        ), numbered as (
            select bidder, made, count(*) filter (begins) over (partition by bidder order by made) as number
            from rests
        )
        select bidder, count(*) as bid_count, min(made) as starttime,
            max(made) + interval 10 second as endtime
        from numbered group by bidder, number
        """,
    ),
    # Of the clock on the wall, only what all windows come to together is known.
    "q12": (["bidder"], "select bidder, count(*) as bid_count from bid group by bidder"),
    "q12_event_time": (
        ["bidder", "dateTime"],
        f"select bidder, count(*) as bid_count, {tumbling('starttime')} as endtime from bid group by all",
    ),
    "q14": (
        ["auction", "bidder", "price", "dateTime", "extra"],
        """
        select auction, bidder, price * 0.908 as price,
            if(hour("dateTime") in (7, 19), 'otherTime',
                if(hour("dateTime") between 8 and 18, 'dayTime', 'nightTime')) as "bidTimeType",
            "dateTime", extra, len(list_filter(string_split(extra, ''), lambda letter: letter = 'c')) as c_counts
        from bid where price * 908 > 1000000000 and price * 908 < 50000000000
        """,
    ),
    "q15": (
        ["auction", "bidder", "price", "dateTime"],
        f"select {DAY} as day, {PRICE_RANKS}, {MEMBER_RANKS} from bid group by day",
    ),
    "q16": (
        ["auction", "bidder", "price", "channel", "dateTime"],
        f"""
        select channel, {DAY} as day, strftime(max("dateTime"), '%H:%M') as minute, {PRICE_RANKS}, {MEMBER_RANKS}
        from bid group by channel, day
        """,
    ),
    "q17": (
        ["auction", "price", "dateTime"],
        f"""
        select auction, {DAY} as day, {PRICE_RANKS}, min(price) as min_price, max(price) as max_price,
            sum(price) // count(*) as avg_price, sum(price) as sum_price
        from bid group by auction, day
        """,
    ),
    "q21": (
        ["auction", "bidder", "price", "channel", "url"],
        """
        with known(channel, id) as (values ('apple', '0'), ('google', '1'), ('facebook', '2'), ('baidu', '3')),
        found as (
            select *, list_filter(string_split(url, '&'), lambda part: part.starts_with('channel_id='))[1] as part from bid
        )
        select auction, bidder, price, found.channel, coalesce(id, part[length('channel_id=') + 1:]) as channel_id
        from found left join known on known.channel = lower(found.channel)
        where channel_id is not null
        """,
    ),
    "q22": (
        ["auction", "bidder", "price", "channel", "url"],
        """
        select auction, bidder, price, channel, parts[4] as dir1, parts[5] as dir2, parts[6] as dir3
        from (select *, string_split(url, '/') as parts from bid)
        """,
    ),
    "tumbling": (
        ["auction", "price", "dateTime"],
        f"""
        select auction, {tumbling('window_start')} as window_end, count(*) as bids, sum(price) / count(*) as mean_price
        from bid group by all
        """,
    ),
}


def is_right(field, value):
    """Whether the value has the type of its field."""
    if field in NUMBERS:
        return type(value) is int and -(2**63) <= value < 2**63
    if field in TEXTS:
        return type(value) is str
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True


def objects(path):
    """The lines that are JSON objects; what has a wrong type is null in them, and named in `wrong`."""
    for line in path.read_bytes().split(b"\n"):
        try:
            found = json.loads(line.decode())
        except ValueError:
            continue
        if isinstance(found, dict):
            wrong = [field for field in ALL if not is_right(field, found.get(field))]
            yield {field: found.get(field) for field in ALL if field not in wrong} | {"wrong": wrong}


def told(column, of):
    """A column as the consumer's JSON has it: of the parts of a second as many as there are."""
    if of == "TIMESTAMP":
        return f"""rtrim(rtrim(strftime("{column}", '%Y-%m-%d %H:%M:%S.%g'), '0'), '.') as "{column}\""""
    return f"\"{column}\""


def main(bids, folder):
    """Writes all answers."""
    clean = folder / "clean.ndjson"
    clean.write_text("".join(json.dumps(found) + "\n" for found in objects(bids)))
    types = {field: "BIGINT" for field in NUMBERS} | {field: "VARCHAR" for field in TEXTS}
    types |= {"dateTime": "TIMESTAMP", "wrong": "VARCHAR[]"}
    database = duckdb.connect()
    read = f"read_json('{clean}', format = 'newline_delimited', columns = {types})"
    database.execute(f"create table found as from {read}")
    for name, (fields, query) in ANSWERS.items():
        database.execute(f"create or replace view bid as from found where not list_has_any(wrong, {fields})")
        columns = database.execute(f"describe {query}").fetchall()
        columns = ", ".join(told(column, of) for column, of, *_ in columns)
        database.execute(f"copy (select {columns} from ({query})) to '{folder / name}.ndjson' (format json)")


main(Path(sys.argv[1]), Path(sys.argv[2]))
