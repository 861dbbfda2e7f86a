"""aiohttp with a server that comes and goes: aio.py append|produce|ndjson URL COUNT"""
import asyncio, json, sys
import aiohttp

EACH = 100
how, url, count = sys.argv[1], sys.argv[2], int(sys.argv[3])


async def write(session, headers):
    for number, first in enumerate(range(0, count, EACH)):
        records = [{"number": number} for number in range(first, first + EACH)]
        await persistently(lambda: post(session, records, headers(number)))
        print(f"acknowledged {first + EACH}", flush=True)


async def post(session, records, headers):
    async with session.post(url, json=records, headers=headers) as answer:
        answer.raise_for_status()


async def persistently(send):
    while True:
        try:
            return await send()
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
            await asyncio.sleep(0.02)


class Reader:
    """Reads lines, and counts records and bytes: so it knows where to go on."""

    def __init__(self):
        self.record = self.byte = 0

    async def read(self, session):
        offset = f"{self.record:016}_{self.byte:016}"
        async with session.get(url, params={"live": "ndjson", "offset": offset}) as answer:
            answer.raise_for_status()
            async for line in answer.content:
                if not line.endswith(b"\n"):
                    return  # The connection was lost within it.
                if line.strip():
                    self.record, self.byte = self.record + 1, self.byte + len(line)
                    print(f"read {json.loads(line)['number']}", flush=True)


async def main():
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        if how == "append":
            await write(session, lambda number: {})
        elif how == "produce":
            producer = {"Producer-Id": "aiohttp", "Producer-Epoch": "0"}
            await write(session, lambda number: producer | {"Producer-Seq": str(number)})
        else:
            reader = Reader()
            while reader.record < count:
                await persistently(lambda: reader.read(session))


asyncio.run(main())
