"""What queries come to, by DuckDB: one after another, as long as there are any.

Each line that is read is {"tables": {NAME: [[k, v], …]}, "query": "SELECT …"}, with two whole numbers or
nulls a row. Each line that is written is the rows that the query comes to, or {"error": "…"}.
"""

import json
import sys

import duckdb

database = duckdb.connect()
# What its optimizer makes of a query is not always the same: 2.0.1 finds no rows where a join that is read twice
# compares other columns than it gives.
database.execute("PRAGMA disable_optimizer")
database.execute("SET default_null_order = 'nulls_first_on_asc_last_on_desc'")
for line in sys.stdin:
    asked = json.loads(line)
    try:
        for name, rows in asked["tables"].items():
            database.execute(f"CREATE OR REPLACE TEMP TABLE {name} (k BIGINT, v BIGINT)")
            if rows:
                database.executemany(f"INSERT INTO {name} VALUES (?, ?)", rows)
        answer = database.execute(asked["query"]).fetchall()
        answer = [[None if value is None else int(value) for value in row] for row in answer]
    except duckdb.Error as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
