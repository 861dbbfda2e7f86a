SELECT sensor FROM readings FOR SYSTEM_TIME AS OF ts
=> job.sql:1:29: FOR SYSTEM_TIME AS OF without JOIN is not supported; there is [LEFT] JOIN t FOR SYSTEM_TIME AS OF o.time ON o.key = t.key
SELECT o.id FROM orders AS o RIGHT JOIN customers FOR SYSTEM_TIME AS OF o.now AS c ON o.id = c.id
=> job.sql:1:51: FOR SYSTEM_TIME AS OF in such a join is not supported; there is [LEFT] JOIN t FOR SYSTEM_TIME AS OF o.time ON o.key = t.key
SELECT o.id FROM orders AS o, customers FOR SYSTEM_TIME AS OF o.now AS c WHERE o.id = c.id
=> job.sql:1:41: FOR SYSTEM_TIME AS OF without JOIN is not supported; there is [LEFT] JOIN t FOR SYSTEM_TIME AS OF o.time ON o.key = t.key
SELECT o.id FROM orders AS o JOIN customers FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP AS c ON o.id = c.id
=> job.sql:1:45: FOR SYSTEM_TIME AS OF what is no column is not supported; write the time of the rows before JOIN: FOR SYSTEM_TIME AS OF o.proc_time
SELECT o.id FROM orders AS o JOIN customers FOR SYSTEM_TIME AS OF o.at AS c ON o.id = c.id
=> job.sql:1:67: FOR SYSTEM_TIME AS OF wants a time of the rows before JOIN, and 'o.at' is no such time; write a column AS PROCTIME(), or one with a WATERMARK, that is passed on as it is
SELECT o.id FROM orders AS o JOIN customers FOR SYSTEM_TIME AS OF o.then AS c ON o.id = c.id
=> job.sql:1:67: FOR SYSTEM_TIME AS OF wants a time of the rows before JOIN, and 'o.then' is none of their columns; write a column AS PROCTIME(), or one with a WATERMARK, that is passed on as it is
SELECT o.id FROM orders AS o JOIN customers FOR SYSTEM_TIME AS OF o.now AS c ON o.id < c.id
=> job.sql:1:67: FOR SYSTEM_TIME AS OF a time of processing wants a key to look for: write ON o.key = t.key
SELECT o.id FROM orders AS o JOIN places FOR SYSTEM_TIME AS OF o.now AS c ON o.buyer = c.sensor
=> job.sql:1:42: FOR SYSTEM_TIME AS OF a time of processing in a table of connector 'brooklet' is not supported; there is a table of connector 'filesystem', or a time with a watermark
SELECT o.id FROM orders AS o JOIN (SELECT * FROM customers) FOR SYSTEM_TIME AS OF o.now AS c ON o.id = c.id
=> job.sql:1:65: expected: one of UPDATE or SHARE, found: SYSTEM_TIME
SELECT o.c FROM (SELECT id, COUNT(*) AS c, PROCTIME() AS p FROM orders GROUP BY id) AS o
JOIN customers FOR SYSTEM_TIME AS OF o.p AS c ON o.id = c.id
=> job.sql:2:16: FOR SYSTEM_TIME AS OF a time of processing of rows that change is not supported; what was found before could not be taken back when they are: leave 'lookup.full-cache.periodic-reload.interval' out, or join before it
SELECT r.n FROM readings AS r JOIN customers FOR SYSTEM_TIME AS OF r.ts AS c ON r.n = c.id
=> job.sql:1:68: FOR SYSTEM_TIME AS OF a time with a watermark wants versions with one: a table with PRIMARY KEY and WATERMARK, or the last rows by ROW_NUMBER() OVER (PARTITION BY key ORDER BY time DESC)
SELECT r.n FROM readings AS r JOIN readings FOR SYSTEM_TIME AS OF r.ts AS c ON r.n = c.n
=> job.sql:1:45: FOR SYSTEM_TIME AS OF an event time in a table without PRIMARY KEY is not supported; there is a table with PRIMARY KEY and WATERMARK, or the last rows by ROW_NUMBER() OVER (PARTITION BY key ORDER BY time DESC)
SELECT r.n FROM readings AS r JOIN places FOR SYSTEM_TIME AS OF r.ts AS p ON r.sensor = p.place
=> job.sql:1:43: FOR SYSTEM_TIME AS OF an event time without the key of a version is not supported; ON has o.key = t.key for each column of the PRIMARY KEY, or of PARTITION BY
SELECT r.n FROM readings AS r JOIN places FOR SYSTEM_TIME AS OF r.ts AS p ON r.sensor <> p.sensor
=> job.sql:1:43: FOR SYSTEM_TIME AS OF an event time without the key of a version is not supported; ON has o.key = t.key for each column of the PRIMARY KEY, or of PARTITION BY
SELECT r.n FROM readings AS r JOIN places FOR SYSTEM_TIME AS OF r.ts AS p ON r.n = CAST(p.sensor AS INT)
=> job.sql:1:43: FOR SYSTEM_TIME AS OF an event time without the key of a version is not supported; ON has o.key = t.key for each column of the PRIMARY KEY, or of PARTITION BY
CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = 'a', 'format' = 'csv',
  'lookup.cache' = 'PARTIAL')
=> job.sql:2:20: 'lookup.cache' is 'FULL': it is read whole, not 'PARTIAL'
CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = 'a', 'format' = 'csv',
  'lookup.full-cache.reload-strategy' = 'TIMED')
=> job.sql:2:41: 'lookup.full-cache.reload-strategy' is 'PERIODIC', not 'TIMED'
CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = 'a', 'format' = 'csv',
  'lookup.full-cache.reload-strategy' = 'PERIODIC')
=> job.sql:2:3: the option 'lookup.full-cache.periodic-reload.interval' is missing
CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = 'a', 'format' = 'csv',
  'lookup.full-cache.periodic-reload.interval' = '0 s')
=> job.sql:2:50: 'lookup.full-cache.periodic-reload.interval' is a duration such as '5 s', above zero, not '0 s'
CREATE TABLE t (a INT) WITH ('connector' = 'brooklet', 'topic' = 'a', 'lookup.cache' = 'FULL')
=> job.sql:1:71: there is no option 'lookup.cache'; there is connector, url, stream, topic, scan.startup.mode, scan.bounded.mode, format, json.fail-on-missing-field, json.ignore-parse-errors, json.timestamp-format.standard, late.table
CREATE TABLE there (sensor STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'datagen');
SELECT l.sensor FROM there AS l JOIN places FOR SYSTEM_TIME AS OF l.ts AS p ON l.sensor = p.sensor
=> job.sql:2:67: FOR SYSTEM_TIME AS OF a TIMESTAMP(3) wants versions with such a time, and not TIMESTAMP_LTZ(3)
