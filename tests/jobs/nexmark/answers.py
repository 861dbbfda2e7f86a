"""What each query here comes to, by DuckDB, over all bids of a file at once.

    python3 answers.py BIDS EVENTS FOLDER

Reads BIDS and EVENTS, lines of JSON, and side_input.csv beside BIDS, and writes FOLDER/QUERY.ndjson for each
query, a line a row, in no order.
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
    "q13": (
        ["auction", "bidder", "price", "dateTime"],
        """
        select auction, bidder, price, "dateTime", side_input."value" as "value"
        from bid join side_input on auction % 10000 = key
        """,
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

# What the queries over persons, auctions and bids come to.
EVENT_ANSWERS = {
    "q3": """
        select name, city, state, auction.id as id from auction join person on seller = person.id
        where category = 10 and state in ('OR', 'ID', 'CA')
        """,
    # An average of whole numbers is one, rounded towards zero.
    "q4": """
        select category, sum(final) // count(*) as final from (
            select max(price) as final, category from auction join bid
                on id = bid.auction and bid."dateTime" between auction."dateTime" and expires
            group by id, category
        ) group by category
        """,
    "q5_hot": """
        with hops as (
            select auction, starttime: time_bucket(interval 2 second, "dateTime", timestamp '1970-01-01')
                - to_seconds(2 * back)
            from bid, range(5) as hop(back)
        ), counts as (select auction, count(*) as num, starttime from hops group by all)
        select auction, num, starttime from counts
        qualify num = max(num) over (partition by starttime)
        """,
    # A bid at the very end of a window may be as great as the greatest of that window.
    "q7": f"""
        with most as (select {tumbling('starttime')} as endtime, max(price) as maxprice from bid group by all)
        select auction, price, bidder, "dateTime", channel from bid join most
            on price = maxprice and "dateTime" between endtime - interval 10 second and endtime
        """,
    "q8": f"""
        with p as (select distinct id, name, {tumbling('starttime')} as endtime from person),
        a as (select distinct seller, {tumbling('starttime')} as endtime from auction)
        select id, name, p.starttime as starttime from p join a on id = seller and p.starttime = a.starttime
        """,
    "q9": """
        select id, "itemName", expires, seller, bidder, price, bid."dateTime" as "bidTime" from auction join bid
            on id = bid.auction and bid."dateTime" between auction."dateTime" and expires
        qualify row_number() over (partition by id order by price desc, bid."dateTime") = 1
        """,
    "q18": """
        select auction, bidder, price, channel, "dateTime" from bid
        qualify row_number() over (partition by bidder, auction order by "dateTime" desc) = 1
        """,
    "q19": """
        select auction, bidder, price, "dateTime",
            row_number() over (partition by auction order by price desc, "dateTime") as place
        from bid qualify place <= 10
        """,
    "q20": """
        select auction, bidder, price, channel, bid."dateTime" as "bidTime", "itemName", "initialBid", reserve,
            auction."dateTime" as "dateTime", expires, seller
        from bid join auction on bid.auction = auction.id where category = 10
        """,
}

TIME = "TIMESTAMP"
KINDS = {
    "person": {"id": "BIGINT", "name": "VARCHAR", "city": "VARCHAR", "state": "VARCHAR", "dateTime": TIME},
    "auction": {
        "id": "BIGINT", "itemName": "VARCHAR", "initialBid": "BIGINT", "reserve": "BIGINT", "dateTime": TIME,
        "expires": TIME, "seller": "BIGINT", "category": "BIGINT",
    },
    "bid": {"auction": "BIGINT", "bidder": "BIGINT", "price": "BIGINT", "channel": "VARCHAR", "dateTime": TIME},
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


def write(database, query, path):
    """Writes what a query comes to."""
    columns = database.execute(f"describe {query}").fetchall()
    columns = ", ".join(told(column, of) for column, of, *_ in columns)
    database.execute(f"copy (select {columns} from ({query})) to '{path}' (format json)")


def main(bids, events, folder):
    """Writes all answers."""
    of_bids(bids, folder)
    of_events(events, folder)


def of_events(events, folder):
    """Writes the answers over persons, auctions and bids."""
    found = {kind: [] for kind in KINDS}
    for line in events.read_bytes().split(b"\n"):
        try:
            event = json.loads(line.decode())
        except ValueError:
            continue
        if isinstance(event, dict) and type(event.get("event_type")) is int:
            kind = list(KINDS)[event["event_type"]]
            found[kind].append(event[kind])
    database = duckdb.connect()
    for kind, types in KINDS.items():
        path = folder / f"clean-{kind}.ndjson"
        path.write_text("".join(json.dumps(one) + "\n" for one in found[kind]))
        read = f"read_json('{path}', format = 'newline_delimited', columns = {types})"
        database.execute(f"create table {kind} as from {read}")
    for name, query in EVENT_ANSWERS.items():
        write(database, query, folder / f"{name}.ndjson")


def of_bids(bids, folder):
    """Writes the answers over bids alone."""
    clean = folder / "clean.ndjson"
    clean.write_text("".join(json.dumps(found) + "\n" for found in objects(bids)))
    types = {field: "BIGINT" for field in NUMBERS} | {field: "VARCHAR" for field in TEXTS}
    types |= {"dateTime": "TIMESTAMP", "wrong": "VARCHAR[]"}
    database = duckdb.connect()
    read = f"read_json('{clean}', format = 'newline_delimited', columns = {types})"
    database.execute(f"create table found as from {read}")
    database.execute("create table side_input (key BIGINT, value VARCHAR)")
    sides = (line.split(",") for line in (bids.parent / "side_input.csv").read_text().splitlines())
    database.executemany("insert into side_input values (?, ?)", [side for side in sides if len(side) == 2])
    for name, (fields, query) in ANSWERS.items():
        database.execute(f"create or replace view bid as from found where not list_has_any(wrong, {fields})")
        write(database, query, folder / f"{name}.ndjson")


main(*map(Path, sys.argv[1:]))
