"""What schemathesis cannot know of a producer's document: which requests never end, and which parts
of a request exclude one another. See tests/scenarios/openapi.rs, which makes the streams named here.
"""

import re

import schemathesis

# A stream that is closed: a live read of it ends.
CLOSED = "closed"

# Streams that are there, so that not every request is answered 404.
THERE = ["orders", "text", "bytes", CLOSED, "clicks/0"]

NAME = re.compile("[A-Za-z0-9][A-Za-z0-9._~/-]*")


@schemathesis.serializer("application/x-ndjson")
def lines(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def before_call(ctx, case, kwargs):
    name(case.path_parameters or {}, case.query or {}, case.method)
    where(case.query or {})
    producer(case.headers or {})


def name(path, query, method):
    text = path.get("name")
    if not isinstance(text, str):
        return
    if query.get("live") in ("sse", "ndjson"):
        path["name"] = CLOSED
    elif method == "DELETE" and text in (CLOSED, "default"):
        path["name"] = "another"
    elif NAME.fullmatch(text) and sum(map(ord, text)) % 2:
        kept = [name for name in THERE if (method, name) != ("DELETE", CLOSED)]
        path["name"] = kept[len(text) % len(kept)]


def where(query):
    """One of what says where to begin, for most requests; and no long wait."""
    if "wait" in query:
        query["wait"] = "10ms"
    begun = [part for part in ("offset", "since", "tail") if part in query]
    if len(begun) < 3:
        for part in begun[1:]:
            del query[part]


def producer(headers):
    """All of a producer's headers, where most are."""
    if sum(part in headers for part in ("Producer-Id", "Producer-Epoch", "Producer-Seq")) == 2:
        headers.setdefault("Producer-Id", "p")
        headers.setdefault("Producer-Epoch", "0")
        headers.setdefault("Producer-Seq", "0")
