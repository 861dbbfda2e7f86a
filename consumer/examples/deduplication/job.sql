-- Each event once, as soon as it comes: for events that are sent again until somebody has
-- acknowledged them. They are written to a stream, from which others read. An event is known for a
-- day after it came first, so what is kept does not grow for ever.
SET 'table.exec.state.ttl' = '1 d';

CREATE TABLE events (id STRING, body STRING, seen AS PROCTIME())
WITH ('connector' = 'brooklet', 'stream' = 'events');

CREATE TABLE events_once (id STRING, body STRING)
WITH ('connector' = 'brooklet', 'stream' = 'events_once');

INSERT INTO events_once
SELECT id, body FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY seen) AS n FROM events
) WHERE n = 1;
