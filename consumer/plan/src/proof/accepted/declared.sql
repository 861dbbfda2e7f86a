CREATE TEMPORARY TABLE t (a INT) WITH ('connector' = 'datagen'); SELECT * FROM t
=> a INT
CREATE TABLE IF NOT EXISTS readings (a INT) WITH ('connector' = 'print');
CREATE TABLE IF NOT EXISTS readings WITH ('connector' = 'print') AS SELECT n FROM nothing;
CREATE TEMPORARY VIEW IF NOT EXISTS readings AS SELECT id FROM orders; SELECT sensor FROM readings
=> sensor STRING
CREATE TEMPORARY TABLE t (a INT) WITH ('connector' = 'datagen'); SELECT * FROM t
=> a INT
CREATE TABLE IF NOT EXISTS t (a INT) WITH ('connector' = 'datagen'); SELECT * FROM t
=> a INT
CREATE TABLE t (a BOOLEAN, b TINYINT, c SMALLINT, d INT, e INTEGER, f BIGINT, g FLOAT, h DOUBLE,
  i DOUBLE PRECISION, j DECIMAL, k DECIMAL(5), l DEC(5, 2), m NUMERIC(38, 18))
WITH ('connector' = 'brooklet', 'topic' = 't'); SELECT * FROM t
=> a BOOLEAN, b TINYINT, c SMALLINT, d INT, e INT, f BIGINT, g FLOAT, h DOUBLE, i DOUBLE, j DECIMAL(10, 0), k DECIMAL(5, 0), l DECIMAL(5, 2), m DECIMAL(38, 18)
CREATE TABLE t (a CHAR, b CHAR(3), c VARCHAR, d VARCHAR(3), e STRING, f BINARY, g BINARY(3), h VARBINARY(3),
  i BYTES) WITH ('connector' = 'brooklet', 'topic' = 't'); SELECT * FROM t
=> a STRING, b STRING, c STRING, d STRING, e STRING, f BYTES, g BYTES, h BYTES, i BYTES
CREATE TABLE t (a DATE, b TIME, c TIME(3), d TIMESTAMP, e TIMESTAMP(0), f TIMESTAMP(3), g TIMESTAMP(9),
  h TIMESTAMP WITHOUT TIME ZONE, i TIMESTAMP_LTZ, j TIMESTAMP_LTZ(3), k TIMESTAMP(3) WITH LOCAL TIME ZONE)
WITH ('connector' = 'brooklet', 'topic' = 't'); SELECT * FROM t
=> a DATE, b TIME, c TIME, d TIMESTAMP(6), e TIMESTAMP(3), f TIMESTAMP(3), g TIMESTAMP(9), h TIMESTAMP(6), i TIMESTAMP_LTZ(6), j TIMESTAMP_LTZ(3), k TIMESTAMP_LTZ(3)
CREATE TABLE t (a ROW<x INT, y STRING NOT NULL 'said of y'>, b ROW(x INT, y ROW<z DOUBLE>), c ARRAY<ARRAY<INT>>,
  d INT ARRAY, e MAP<STRING, ARRAY<ROW<x INT>>>, f ARRAY<INT NOT NULL> NOT NULL)
WITH ('connector' = 'brooklet', 'topic' = 't'); SELECT * FROM t
=> a ROW<x INT, y STRING>, b ROW<x INT, y ROW<z DOUBLE>>, c ARRAY<ARRAY<INT>>, d ARRAY<INT>, e MAP<STRING, ARRAY<ROW<x INT>>>, f ARRAY<INT>
CREATE TABLE t (a INT NOT NULL COMMENT 'a number', b STRING NULL, CONSTRAINT k PRIMARY KEY (a) NOT ENFORCED)
COMMENT 'a table' WITH ('connector' = 'brooklet', 'topic' = 't',); SELECT * FROM t
=> a INT, b STRING
CREATE TABLE t (a INT PRIMARY KEY NOT ENFORCED, b INT) WITH ('connector' = 'brooklet', 'topic' = 't');
SELECT * FROM t
=> a INT, b INT
CREATE TABLE t (a INT, b AS a + 1, c AS UPPER(d) COMMENT 'loud', d STRING, e AS PROCTIME())
WITH ('connector' = 'brooklet', 'topic' = 't'); SELECT * FROM t
=> a INT, b INT, c STRING, d STRING, e TIMESTAMP_LTZ(3)
CREATE TABLE t (a STRING METADATA FROM 'stream' VIRTUAL, `offset` STRING METADATA VIRTUAL,
  `timestamp` TIMESTAMP_LTZ(3) METADATA) WITH ('connector' = 'brooklet', 'stream' = 't'); SELECT * FROM t
=> a STRING, offset STRING, timestamp TIMESTAMP_LTZ(3)
CREATE TABLE t (a STRING, `offset` STRING METADATA VIRTUAL) WITH ('connector' = 'brooklet', 'topic' = 't');
INSERT INTO t SELECT sensor FROM readings
=> a STRING
CREATE TABLE t (millis BIGINT, ts AS TO_TIMESTAMP_LTZ(millis, 3), WATERMARK FOR ts AS ts - INTERVAL '1' MINUTE)
WITH ('connector' = 'brooklet', 'topic' = 't'); SELECT ts FROM t
=> ts TIMESTAMP_LTZ(3)
CREATE TABLE t (text STRING, ts AS TO_TIMESTAMP(text), WATERMARK FOR ts AS ts)
WITH ('connector' = 'brooklet', 'topic' = 't'); SELECT ts FROM t
=> ts TIMESTAMP(3)
CREATE TABLE t WITH ('connector' = 'print') AS SELECT sensor, n + 1 AS m FROM readings
=> sensor STRING, m INT
CREATE TABLE t WITH ('connector' = 'print', 'print-identifier' = 'p') AS SELECT sensor, COUNT(*) AS m FROM readings GROUP BY sensor
=> sensor STRING, m BIGINT
CREATE TABLE t (a INT) WITH ('connector' = 'brooklet', 'url' = 'http://producer:8080', 'stream' = 't',
  'scan.startup.mode' = 'latest-offset', 'scan.bounded.mode' = 'latest-offset', 'format' = 'json',
  'json.fail-on-missing-field' = 'true', 'json.timestamp-format.standard' = 'ISO-8601'); SELECT a FROM t
=> a INT
CREATE TABLE t (a INT) WITH ('connector' = 'http', 'url' = 'https://example.org/x', 'format' = 'json'); SELECT a FROM t
=> a INT
CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = 'file:///tmp/*.csv', 'format' = 'csv',
  'source.monitor-interval' = '1 s', 'csv.field-delimiter' = '\t', 'csv.quote-character' = '''',
  'csv.null-literal' = 'n/a', 'csv.allow-comments' = 'true', 'csv.ignore-parse-errors' = 'true'); SELECT a FROM t
=> a INT
CREATE TABLE t (a INT, b STRING, c BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '5',
  'number-of-rows' = '10', 'fields.a.kind' = 'sequence', 'fields.a.start' = '1', 'fields.a.end' = '5',
  'fields.b.length' = '3', 'fields.c.min' = '1', 'fields.c.max' = '9'); SELECT * FROM t
=> a INT, b STRING, c BIGINT
