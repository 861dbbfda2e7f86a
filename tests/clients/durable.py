"""The Durable Streams client for Python, with a server that comes and goes:
durable.py plain|seq|producer|sse|long-poll URL [COUNT]

It never asks again by itself; who uses it does."""
import json, sys, time
import httpx
from durable_streams import DurableStream, SeqConflictError, stream

EACH = 100
how, url, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
requests = 0


def persistently(send):
    while True:
        try:
            return send()
        except httpx.TransportError:
            time.sleep(0.02)


def write(send):
    global requests
    for first in range(0, count, EACH):
        lines = "".join(json.dumps({"number": number}) + "\n" for number in range(first, first + EACH))
        persistently(lambda: send(lines))
        requests += 1
        print(f"acknowledged {first + EACH}", flush=True)


def append(headers=None, seq=None):
    handle = DurableStream(url, content_type="application/x-ndjson", headers=headers, batching=False)

    def send(lines):
        try:
            handle.append(lines, seq=seq and seq())
        except SeqConflictError:
            pass  # It was appended the time before, which had no answer.

    write(send)


def read(live):
    """Reads to the last record, from the offset of the last batch wherever a connection breaks."""
    offset, seen = "-1", 0
    while seen < count:
        try:
            with stream(url, offset=offset, live=live) as reading:
                for batch in reading.iter_events(mode="json_batches"):
                    print("\n".join(f"read {record['number']}" for record in batch.data), flush=True)
                    offset, seen = batch.next_offset, seen + len(batch.data)
                    if seen == count:
                        return
        except httpx.TransportError:
            time.sleep(0.02)


producer = {"Producer-Id": "pypi", "Producer-Epoch": "0", "Producer-Seq": lambda: str(requests)}
ways = {
    "plain": append,
    "seq": lambda: append(seq=lambda: f"{requests:08}"),
    "producer": lambda: append(headers=producer),
    "sse": lambda: read("sse"),
    "long-poll": lambda: read("long-poll"),
}
ways[how]()
