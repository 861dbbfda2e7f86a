// The Durable Streams client for TypeScript, as its documents say to use it, with a server that
// comes and goes: node durable.mjs append|produce|sse|long-poll URL [COUNT]
import { setTimeout } from "node:timers/promises"
import { DurableStream, IdempotentProducer, stream } from "@durable-streams/client"

const [how, url, count] = process.argv.slice(2)
const EACH = 1000

const say = (lines) => process.stdout.write(lines + "\n")
const record = (number) => JSON.stringify({ number })

// Appends what `send` sends, some at a time, and says how many are acknowledged.
async function write(send) {
  for (let first = 0; first < Number(count); first += EACH) {
    const numbers = Array.from({ length: EACH }, (_, at) => first + at)
    await send(numbers.map(record))
    say(`acknowledged ${first + EACH}`)
  }
}

// The client asks again by itself, for ever; it sends nothing by which a repeat could be known.
function append() {
  const handle = new DurableStream({ url, contentType: "application/json" })
  return write((records) => Promise.all(records.map((record) => handle.append(record))))
}

// This one sends what makes repeats harmless, and leaves it to its user's `fetch` to ask again.
function produce() {
  const handle = new DurableStream({ url, contentType: "application/json" })
  const producer = new IdempotentProducer(handle, "npm", {
    fetch: persistent,
    maxBatchBytes: 2048,
    onError: (error) => {
      throw error
    },
  })
  return write((records) => {
    for (const record of records) producer.append(record)
    return producer.flush()
  })
}

async function persistent(...request) {
  for (;;) {
    try {
      return await fetch(...request)
    } catch {
      await setTimeout(20)
    }
  }
}

// Reads to the end of the stream. The client may give up when a connection breaks; who uses it goes
// on from the offset that came with the last batch. `closed` can be told before the last batch that was
// read is given: what comes later than that belongs to a reading that is over, and comes again.
async function read(live) {
  let [offset, closed] = ["-1", false]
  while (!closed) {
    let over = false
    try {
      const reading = await stream({ url, offset, live, json: true })
      await new Promise((end, broken) => {
        reading.subscribeJson((batch) => {
          if (over) return
          if (batch.items.length) say(batch.items.map((item) => `read ${item.number}`).join("\n"))
          offset = batch.offset
          closed = batch.streamClosed
          if (closed) end()
        })
        reading.closed.then(() => setTimeout(200)).then(broken, broken)
      })
    } catch {
      over = true
      await setTimeout(20)
    }
  }
}

await { append, produce, sse: () => read("sse"), "long-poll": () => read("long-poll") }[how]()
