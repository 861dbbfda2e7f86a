// The whole public suite against the server at CONFORMANCE_URL, which waits for LONG_POLL_MS.
import { runConformanceTests } from "@durable-streams/server-conformance-tests"

runConformanceTests({
  baseUrl: process.env.CONFORMANCE_URL,
  longPollTimeoutMs: Number(process.env.LONG_POLL_MS),
  subscriptions: true,
})
