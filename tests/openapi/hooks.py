"""What schemathesis cannot know of a producer's document: which requests never end, and which parts
of a request need or exclude one another. Three of four requests are made to make sense; the others
stay as they are, but for what would never end, or would take away what all need. See
tests/scenarios/openapi.rs, which makes the streams named here.
"""

import itertools

import schemathesis

# The streams that are there, by the type of what can be appended to them.
THERE = {
    "application/json": "orders",
    "application/x-ndjson": "orders",
    "text/plain": "text",
    "application/octet-stream": "bytes",
}

# A stream that is closed: a live read of it ends.
CLOSED = "closed"

TOPIC = "clicks"

# A subscription to `orders`, whose work is claimed.
SUBSCRIPTION = "kitchen"

# Where webhooks lead: nowhere, for nobody else is to be called.
NOWHERE = "https://webhook.invalid/"

PRODUCER = ("Producer-Id", "Producer-Epoch", "Producer-Seq")

requests = itertools.count()


@schemathesis.serializer("application/x-ndjson")
def lines(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def before_call(ctx, case, kwargs):
    number = next(requests)
    case.query = case.query or {}
    if number % 4:
        make_sense(case, number)
    path, query, headers = case.path_parameters or {}, case.query, case.headers or {}
    if query.get("live") in ("sse", "ndjson"):
        path["name"] = CLOSED
    if "wait" in query:
        query["wait"] = "10ms"
    if case.operation.path == "/stream" and case.method == "GET":
        end(query)
    webhook = case.body.get("webhook") if isinstance(case.body, dict) else None
    if isinstance(webhook, dict) and str(webhook.get("url")).startswith("https:"):
        webhook["url"] = NOWHERE
    if case.method == "DELETE" or headers.get("Stream-Closed", "").lower() == "true":
        keep(path)


def make_sense(case, number):
    path, query, headers = case.path_parameters or {}, case.query, case.headers or {}
    if "name" in path and (case.method != "PUT" or number % 2):
        path["name"] = THERE.get(case.media_type) or [*THERE.values(), CLOSED][number % 5]
    if "topic" in path and case.method != "PUT":
        path["topic"] = TOPIC
    if "id" in path and number % 3:
        path["id"] = SUBSCRIPTION
    only_one(query, ("offset", "since", "tail"))
    only_one(headers, ("Stream-TTL", "Stream-Expires-At"))
    producer = headers and number % 3 == 0
    for part, value in zip(PRODUCER, (f"p{number // 6}", "0", "0")):
        headers.pop(part, None)
        if producer and case.method == "POST":
            headers[part] = value
    if number % 8 < 6:
        for part in ("Stream-Match-Offset", "Stream-Seq", "Stream-Forked-From", "Stream-Closed"):
            headers.pop(part, None)
    if "Stream-Forked-From" in headers:
        headers["Stream-Forked-From"] = "/v1/stream/orders"
    else:
        headers.pop("Stream-Fork-Offset", None)
        headers.pop("Stream-Fork-Sub-Offset", None)


def end(query):
    """The first record is there, and after it the answer ends."""
    if query.get("limit", "1") != "0":
        query["limit"] = "1"
    begun = [part for part in ("offset", "since", "tail") if part in query]
    if len(begun) == 1 and query.get("offset") != "":
        del query[begun[0]]


def only_one(all, parts):
    for part in [part for part in parts if part in all][1:]:
        del all[part]


def keep(path):
    """Leaves alone what all requests need."""
    name = path.get("name", path.get("topic"))
    if path.get("id") == SUBSCRIPTION:
        path["id"] = "another"
    if name in (*THERE.values(), CLOSED, TOPIC, "default") or str(name).startswith(TOPIC):
        path["name" if "name" in path else "topic"] = "another"
