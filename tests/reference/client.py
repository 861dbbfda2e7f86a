"""A client written from producer/README.md alone: appends each record once, and reads each once,
whatever happens to the connection or to the producer. Needs nothing but Python.

    client.py URL RECORDS
"""

import json
import sys
import threading
import time
import urllib.error
import urllib.request

# How many records an append has.
BATCH = 10

# How often something was asked again.
again = 0


def ask(method, url, headers=None, body=None):
    """The answer, however often it takes: what cannot be repeated carries producer headers."""
    global again
    while True:
        request = urllib.request.Request(url, body, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as refused:
            problem = json.loads(refused.read())
            if not problem["retryable"]:
                sys.exit(f"{method} {url}: {problem}")
            time.sleep(int(refused.headers["Retry-After"]))
        except OSError:
            time.sleep(0.02)
        except Exception as broken:  # http.client's own
            print(f"{method}: {broken!r}", file=sys.stderr)
        again += 1


def append(url, records):
    said = {"Content-Type": "application/json", "Producer-Id": "client", "Producer-Epoch": "0"}
    for number, first in enumerate(range(0, records, BATCH)):
        body = json.dumps([{"id": id} for id in range(first, min(first + BATCH, records))])
        ask("POST", url, {**said, "Producer-Seq": str(number)}, body.encode())
    ask("POST", url, {"Stream-Closed": "true"}, b"")


def read(url):
    offset, is_closed = "-1", False
    while not is_closed:
        status, headers, body = ask("GET", f"{url}?live=long-poll&offset={offset}")
        yield from json.loads(body) if status == 200 else []
        offset = headers["Stream-Next-Offset"]
        is_closed = headers["Stream-Closed"] == "true"


url, records = sys.argv[1], int(sys.argv[2])
ask("PUT", url, {"Content-Type": "application/json"})
threading.Thread(target=append, args=(url, records), daemon=True).start()
expected = 0
for record in read(url):
    if record != {"id": expected}:
        sys.exit(f"record {expected} is {record}")
    expected += 1
    if expected % 100 == 0:
        print(f"read {expected}", flush=True)
print(f"{expected} records, asked again {'often' if again else 'never'}")
