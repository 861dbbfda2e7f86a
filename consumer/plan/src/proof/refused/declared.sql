CREATE TABLE t (a INT)
=> job.sql:1:1: the option 'connector' is missing
CREATE TABLE t (a INT) WITH ('topic' = 'a')
=> job.sql:1:24: the option 'connector' is missing
CREATE TABLE t (a INT) WITH ('connector' = 'kafka')
=> job.sql:1:44: there is no connector 'kafka'; there is brooklet, http, filesystem, datagen, print, blackhole
CREATE TABLE t (a INT) WITH ('connector' = 'brocklet', 'topic' = 'a')
=> job.sql:1:44: there is no connector 'brocklet'; did you mean 'brooklet'?
CREATE TABLE t (a INT) WITH ('connector' = 'brooklet')
=> job.sql:1:24: the option 'topic' is missing
CREATE TABLE t (a INT) WITH ('connector' = 'brooklet', 'topic' = 'a', 'stream' = 'b')
=> job.sql:1:56: there is a stream or a topic, not both
CREATE TABLE t (a INT) WITH ('connector' = 'brooklet', 'topic' = 'a',
  'scan.startup.mod' = 'latest-offset')
=> job.sql:2:3: there is no option 'scan.startup.mod'; did you mean 'scan.startup.mode'?
CREATE TABLE t (a INT) WITH ('connector' = 'brooklet', 'topic' = 'a',
  'scan.startup.mode' = 'timestamp')
=> job.sql:2:25: 'scan.startup.mode' is 'earliest-offset' or 'latest-offset', not 'timestamp'
CREATE TABLE t (a INT) WITH ('connector' = 'brooklet', 'topic' = 'a', 'scan.bounded.mode' = 'now')
=> job.sql:1:93: 'scan.bounded.mode' is 'unbounded' or 'latest-offset', not 'now'
CREATE TABLE t (a INT) WITH ('connector' = 'brooklet', 'topic' = 'a', 'url' = 'localhost:8080')
=> job.sql:1:79: 'url' is a URL such as 'http://127.0.0.1:8080', not 'localhost:8080'
CREATE TABLE t (a INT) WITH ('connector' = 'http')
=> job.sql:1:24: the option 'url' is missing
CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'format' = 'json')
=> job.sql:1:24: the option 'path' is missing
CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = 'a')
=> job.sql:1:24: the option 'format' is missing
CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = '', 'format' = 'json')
=> job.sql:1:67: the path is empty
CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = 'a', 'format' = 'parquet')
=> job.sql:1:83: there is no format 'parquet'; there is json, csv
CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = 'a', 'format' = 'jsn')
=> job.sql:1:83: there is no format 'jsn'; did you mean 'json'?
CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = 'a', 'format' = 'json',
  'json.ignore-parse-errors' = 'yes')
=> job.sql:2:32: 'json.ignore-parse-errors' is true or false, not 'yes'
CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = 'a', 'format' = 'json',
  'json.ignore-parse-errors' = 'true', 'json.fail-on-missing-field' = 'true')
=> job.sql:2:3: 'json.fail-on-missing-field' and 'json.ignore-parse-errors' exclude each other
CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = 'a', 'format' = 'csv',
  'csv.field-delimiter' = ';;')
=> job.sql:2:27: 'csv.field-delimiter' is one character of ASCII, not ';;'
CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = 'a', 'format' = 'csv',
  'csv.quote-character' = '→')
=> job.sql:2:27: 'csv.quote-character' is one character of ASCII, not '→'
CREATE TABLE t (a ARRAY<INT>) WITH ('connector' = 'filesystem', 'path' = 'a', 'format' = 'csv')
=> job.sql:1:17: ARRAY<INT> in 'csv' is not supported; 'json' has all types, with a MAP's keys as STRING; 'csv' has no ROW, ARRAY or MAP
CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = 'a', 'format' = 'csv',
  'csv.array-element-delimiter' = ';')
=> job.sql:2:3: there is no option 'csv.array-element-delimiter'; there is connector, path, source.monitor-interval, lookup.cache, lookup.full-cache.reload-strategy, lookup.full-cache.periodic-reload.interval, sink.rolling-policy.file-size, sink.rolling-policy.rollover-interval, format, csv.field-delimiter, csv.quote-character, csv.disable-quote-character, csv.escape-character, csv.null-literal, csv.allow-comments, csv.ignore-parse-errors, late.table
CREATE TABLE t (a INT) WITH ('connector' = 'print', 'standard-error' = 'true')
=> job.sql:1:53: there is no option 'standard-error'; there is connector, print-identifier, late.table
CREATE TABLE t (a INT, b MAP<INT, STRING>) WITH ('connector' = 'filesystem', 'path' = 'a', 'format' = 'json')
=> job.sql:1:24: MAP<INT, STRING> in 'json' is not supported; 'json' has all types, with a MAP's keys as STRING; 'csv' has no ROW, ARRAY or MAP
CREATE TABLE t (a INT, b ROW<c INT>) WITH ('connector' = 'filesystem', 'path' = 'a', 'format' = 'csv')
=> job.sql:1:24: ROW<c INT> in 'csv' is not supported; 'json' has all types, with a MAP's keys as STRING; 'csv' has no ROW, ARRAY or MAP
CREATE TABLE t (a INT) WITH ('connector' = 'datagen', 'fields.b.kind' = 'sequence')
=> job.sql:1:55: there is no option 'fields.b.kind'; did you mean 'fields.a.kind'?
CREATE TABLE t (a INT) WITH ('connector' = 'datagen', 'fields.a.kind' = 'sequence')
=> job.sql:1:24: the option 'fields.a.start' is missing
CREATE TABLE t (a INT) WITH ('connector' = 'datagen', 'rows-per-second' = 'many')
=> job.sql:1:75: 'rows-per-second' is a number, not 'many'
CREATE TABLE t (a INT) WITH (connector = 'print')
=> job.sql:1:30: expected a text in single quotes, found 'connector'
CREATE TABLE t WITH ('connector' = 'print')
=> job.sql:1:14: a table has columns, or is made AS SELECT …
CREATE TABLE t () WITH ('connector' = 'print')
=> job.sql:1:17: expected a column, WATERMARK or PRIMARY KEY, found ')'
CREATE TABLE t (a INT, a BIGINT) WITH ('connector' = 'print')
=> job.sql:1:24: there are two columns 'a'
CREATE TABLE readings (a INT) WITH ('connector' = 'print')
=> job.sql:1:14: there is already a table or view 'readings'
CREATE VIEW readings AS SELECT id FROM orders
=> job.sql:1:13: there is already a table or view 'readings'
CREATE TABLE t (a INTT) WITH ('connector' = 'print')
=> job.sql:1:19: there is no type INTT; did you mean 'INT'?
CREATE TABLE t (a MULTISET<INT>) WITH ('connector' = 'print')
=> job.sql:1:19: the type MULTISET is not supported; there are numbers, STRING, BYTES, times, ROW, ARRAY and MAP
CREATE TABLE t (a TIMESTAMP(12)) WITH ('connector' = 'print')
=> job.sql:1:19: a timestamp's precision is from 0 to 9, not 12
CREATE TABLE t (a TIMESTAMP(3) WITH TIME ZONE) WITH ('connector' = 'print')
=> job.sql:1:19: TIMESTAMP WITH TIME ZONE is not supported; write TIMESTAMP(3) or TIMESTAMP_LTZ(3)
CREATE TABLE t (a DECIMAL(39, 2)) WITH ('connector' = 'print')
=> job.sql:1:19: a DECIMAL has from 1 to 38 digits, and no more of them behind the point
CREATE TABLE t (a DECIMAL(3, 4)) WITH ('connector' = 'print')
=> job.sql:1:19: a DECIMAL has from 1 to 38 digits, and no more of them behind the point
CREATE TABLE t (a MAP<INT>) WITH ('connector' = 'print')
=> job.sql:1:22: this type is made of 2 types
CREATE TABLE t (a ARRAY<INT, INT>) WITH ('connector' = 'print')
=> job.sql:1:24: this type is made of 1 types
CREATE TABLE t (a INT, PRIMARY KEY (a)) WITH ('connector' = 'print')
=> job.sql:1:39: a key that is enforced is not supported; write PRIMARY KEY (…) NOT ENFORCED
CREATE TABLE t (a INT PRIMARY KEY) WITH ('connector' = 'print')
=> job.sql:1:34: a key that is enforced is not supported; write PRIMARY KEY (…) NOT ENFORCED
CREATE TABLE t (a INT, PRIMARY KEY (b) NOT ENFORCED) WITH ('connector' = 'print')
=> job.sql:1:37: there is no column 'b'; there is a
CREATE TABLE t (a INT, PRIMARY KEY () NOT ENFORCED) WITH ('connector' = 'print')
=> job.sql:1:37: expected: identifier, found: )
CREATE TABLE t (a INT, b AS c + 1) WITH ('connector' = 'datagen')
=> job.sql:1:29: there is no column 'c'; there is a
CREATE TABLE t (a STRING, b AS UPER(a)) WITH ('connector' = 'datagen')
=> job.sql:1:32: there is no function UPER; did you mean 'UPPER'?
CREATE TABLE t (a INT, b AS COUNT(a)) WITH ('connector' = 'datagen')
=> job.sql:1:29: a function of many rows in a table's own column is not supported; write it in a SELECT
CREATE TABLE t (a INT, o BIGINT METADATA FROM 'offset') WITH ('connector' = 'brooklet', 'topic' = 't')
=> job.sql:1:24: metadata 'offset' as BIGINT is not supported; it is STRING
CREATE TABLE t (a INT, `timestamp` TIMESTAMP(3) METADATA) WITH ('connector' = 'brooklet', 'topic' = 't')
=> job.sql:1:24: metadata 'timestamp' as TIMESTAMP(3) is not supported; it is TIMESTAMP_LTZ(3)
CREATE TABLE t (a INT, p STRING METADATA FROM 'partition') WITH ('connector' = 'brooklet', 'topic' = 't')
=> job.sql:1:24: there is no metadata 'partition'; there is stream, offset, timestamp
CREATE TABLE t (a INT, ts TIMESTAMP(3), WATERMARK FOR tz AS ts) WITH ('connector' = 'datagen')
=> job.sql:1:55: there is no column 'tz'; there is a, ts
CREATE TABLE t (a INT, ts TIMESTAMP(3), WATERMARK FOR a AS a) WITH ('connector' = 'datagen')
=> job.sql:1:55: a watermark is of a TIMESTAMP(3) or TIMESTAMP_LTZ(3), and 'a' is INT
CREATE TABLE t (a INT, ts TIMESTAMP(6), WATERMARK FOR ts AS ts) WITH ('connector' = 'datagen')
=> job.sql:1:55: a watermark is of a TIMESTAMP(3) or TIMESTAMP_LTZ(3), and 'ts' is TIMESTAMP(6)
CREATE TABLE t (a INT, ts TIMESTAMP(3), WATERMARK FOR ts AS a) WITH ('connector' = 'datagen')
=> job.sql:1:55: the watermark of a TIMESTAMP(3) is of that type too, and not INT
CREATE TABLE t (a INT, p AS PROCTIME(), WATERMARK FOR p AS p) WITH ('connector' = 'datagen')
=> job.sql:1:55: a watermark is of a TIMESTAMP(3) or TIMESTAMP_LTZ(3), and 'p' is TIMESTAMP_LTZ(3)
CREATE TABLE t (ts TIMESTAMP(3), WATERMARK FOR ts AS ts, WATERMARK FOR ts AS ts) WITH ('connector' = 'datagen')
=> job.sql:1:58: a table has one WATERMARK
CREATE TABLE t (a INT) PARTITIONED BY (a) WITH ('connector' = 'print')
=> job.sql:1:24: PARTITIONED BY is not supported; there is CREATE TABLE t (…) WITH (…) and … AS SELECT
CREATE TABLE t LIKE readings
=> job.sql:1:16: LIKE is not supported; there is CREATE TABLE t (…) WITH (…) and … AS SELECT
CREATE TABLE t (a INT) WITH ('connector' = 'print') AS SELECT n FROM readings
=> job.sql:1:14: columns with AS SELECT is not supported; write the columns in the SELECT
CREATE TABLE t WITH ('connector' = 'datagen') AS SELECT n FROM readings
=> job.sql:1:14: writing to a table of connector 'datagen' is not supported; there is 'brooklet', 'filesystem', 'print' and 'blackhole'
CREATE VIEW v (a, b) AS SELECT n FROM readings
=> job.sql:1:13: the query gives 1 columns, and the view has 2
CREATE VIEW v AS SELECT n, n FROM readings
=> job.sql:1:1: there is nothing to do; write INSERT INTO … SELECT, or SELECT
CREATE OR REPLACE TABLE t WITH ('connector' = 'print') AS SELECT sensor FROM readings
=> job.sql:1:8: CREATE OR REPLACE is not supported; a job begins without tables: write CREATE
CREATE TABLE t (a INT) WITH ('connector' = 'datagen', 'fields.a.min' = '5', 'fields.a.max' = '1')
=> job.sql:1:94: 'fields.a.max' is 1, which is below 'fields.a.min'
CREATE TABLE t (a INT) WITH ('connector' = 'datagen', 'fields.a.kind' = 'sequence', 'fields.a.start' = '5', 'fields.a.end' = '1')
=> job.sql:1:126: 'fields.a.end' is 1, which is below 'fields.a.start'
CREATE TABLE t (a DOUBLE) WITH ('connector' = 'datagen', 'fields.a.min' = 'inf')
=> job.sql:1:75: 'fields.a.min' is a number, not 'inf'
# What a made up column's type cannot hold.
CREATE TABLE t (a TINYINT) WITH ('connector' = 'datagen', 'fields.a.min' = '300')
=> job.sql:1:76: 'fields.a.min' is 300, and 'a' is TINYINT
CREATE TABLE t (a DECIMAL(3, 2)) WITH ('connector' = 'datagen', 'fields.a.max' = '10')
=> job.sql:1:82: 'fields.a.max' is 10, and 'a' is DECIMAL(3, 2)
CREATE TABLE t (a STRING) WITH ('connector' = 'datagen', 'fields.a.min' = '3')
=> job.sql:1:58: 'fields.a.min' is a number, and 'a' is STRING
CREATE TABLE t (a TINYINT) WITH ('connector' = 'datagen', 'fields.a.kind' = 'sequence', 'fields.a.start' = '120', 'fields.a.end' = '130')
=> job.sql:1:132: 'fields.a.end' is 130, and 'a' is TINYINT
CREATE TABLE t (a BOOLEAN) WITH ('connector' = 'datagen', 'fields.a.kind' = 'sequence', 'fields.a.start' = '1', 'fields.a.end' = '2')
=> job.sql:1:89: 'fields.a.start' is a number, and 'a' is BOOLEAN
CREATE TABLE t (a STRING) WITH ('connector' = 'datagen', 'fields.a.length' = '99999999999')
=> job.sql:1:78: 'fields.a.length' is a number up to 1048576, not '99999999999'
# Tables for late rows: whether or not there is a window.
CREATE TABLE t (a INT) WITH ('connector' = 'datagen', 'late.table' = 'nope');
SELECT a FROM t
=> job.sql:1:70: there is no table 'nope'; there is kept, nowhere, orders, printed, readings, t
CREATE TABLE t (a INT) WITH ('connector' = 'datagen', 'late.table' = 'readin');
SELECT sensor FROM readings
=> job.sql:1:70: there is no table 'readin'; did you mean 'readings'?
CREATE TABLE t (a INT) WITH ('connector' = 'datagen', 'late.table' = 'orders');
SELECT a FROM t
=> job.sql:1:70: writing to a table of connector 'datagen' is not supported; there is 'brooklet', 'filesystem', 'print' and 'blackhole'
CREATE TABLE t (a INT) WITH ('connector' = 'brooklet', 'stream' = 't', 'late.table' = 't');
SELECT a FROM t
=> job.sql:1:87: the late rows of 't' would come back to it
# Its columns are those of late rows, by name, with the casts of an INSERT and no others.
CREATE TABLE t (a STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'datagen', 'late.table' = 'late');
CREATE TABLE late (a INT, ts TIMESTAMP(3)) WITH ('connector' = 'print');
SELECT COUNT(*) FROM TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end
=> job.sql:1:114: the column 'a' of 'late' is INT, and that of late rows is STRING; declare it STRING
CREATE TABLE t (a STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'datagen', 'late.table' = 'late');
CREATE TABLE late (b STRING, ts TIMESTAMP(3)) WITH ('connector' = 'print');
SELECT COUNT(*) FROM TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end
=> job.sql:1:114: 'late' has a column 'b', and late rows have none; there is a, ts
# What one of several tables has not is null in its late rows.
CREATE TABLE t (a STRING, b INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'datagen', 'late.table' = 'late');
CREATE TABLE u (a STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'datagen', 'late.table' = 'late');
CREATE TABLE late (b BIGINT NOT NULL, ts TIMESTAMP(3)) WITH ('connector' = 'print');
CREATE VIEW v AS SELECT a, ts FROM t UNION ALL SELECT a, ts FROM u;
SELECT COUNT(*) FROM TUMBLE(TABLE v, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end
=> job.sql:1:121: the column 'b' of 'late' may not be null, and the window is over rows without it
# A late row does not know from which of several tables it is.
CREATE TABLE t (a STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'datagen');
CREATE TABLE u (a STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'datagen', 'late.table' = 'late');
CREATE TABLE late (a STRING) WITH ('connector' = 'print');
CREATE VIEW v AS SELECT a, ts FROM t UNION ALL SELECT a, ts FROM u;
SELECT COUNT(*) FROM TUMBLE(TABLE v, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end
=> job.sql:2:114: 'late.table' is 'late' here, and another or none of 't', with which it is united before a window: write the same in both
CREATE TABLE t (a ROW<ts TIMESTAMP(3)>, WATERMARK FOR a.ts AS a.ts) WITH ('connector' = 'datagen')
=> job.sql:1:55: a watermark of a field is not supported; make it a column of its own: time AS a.ts
CREATE TABLE t (a INT, o STRING METADATA FROM 'offset') WITH ('connector' = 'datagen')
=> job.sql:1:24: metadata of 'datagen' is not supported; there is that of 'brooklet', 'http' and 'filesystem'
# JSON is what streams are read as where no format is said.
CREATE TABLE t (a INT) WITH ('connector' = 'brooklet', 'topic' = 'a', 'json.ignore-parse-errors' = 'yes')
=> job.sql:1:100: 'json.ignore-parse-errors' is true or false, not 'yes'
CREATE TABLE t (a INT) WITH ('connector' = 'brooklet', 'topic' = 'a', 'csv.ignore-parse-errors' = 'true')
=> job.sql:1:71: there is no option 'csv.ignore-parse-errors'; did you mean 'json.ignore-parse-errors'?
