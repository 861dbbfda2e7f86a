INSERT INTO prnted SELECT sensor, 1 FROM readings
=> job.sql:1:13: there is no table 'prnted'; did you mean 'printed'?
INSERT INTO printed SELECT sensor FROM readings
=> job.sql:1:13: the query gives 1 columns, and 'printed' takes 2: sensor, n
INSERT INTO printed SELECT sensor, n, n FROM readings
=> job.sql:1:13: the query gives 3 columns, and 'printed' takes 2: sensor, n
INSERT INTO printed SELECT n, n FROM readings
=> job.sql:1:13: the column 'sensor' is STRING, and the query gives INT; write CAST(… AS STRING)
INSERT INTO printed SELECT sensor, reading FROM readings
=> job.sql:1:13: the column 'n' is BIGINT, and the query gives DOUBLE; write CAST(… AS BIGINT)
INSERT INTO printed SELECT sensor, sensor FROM readings
=> job.sql:1:13: the column 'n' is BIGINT, and the query gives STRING; write CAST(… AS BIGINT)
INSERT INTO printed (sensor, m) SELECT sensor, n FROM readings
=> job.sql:1:30: 'printed' has no column 'm'; there is sensor, n
INSERT INTO printed (sensor, sensor) SELECT sensor, sensor FROM readings
=> job.sql:1:30: the column 'sensor' is given twice
INSERT INTO printed (sensor) SELECT sensor, n FROM readings
=> job.sql:1:13: the query gives 2 columns, and 'printed' takes 1: sensor
INSERT INTO kept (n) SELECT n FROM readings
=> job.sql:1:13: the column 'sensor' may not be null, so it has to be given
CREATE TABLE files (sensor STRING, n BIGINT) WITH ('connector' = 'filesystem', 'path' = 'f', 'format' = 'json');
INSERT INTO files SELECT sensor, CAST(n AS BIGINT) FROM readings EXCEPT ALL SELECT buyer, id FROM orders
=> job.sql:2:13: 'files' ('filesystem') doesn't support consuming delete changes, which INTERSECT or EXCEPT with ALL gives; write them to a stream ('brooklet') or to 'print', or aggregate by a window
CREATE TABLE files (sensor STRING, n BIGINT) WITH ('connector' = 'filesystem', 'path' = 'f', 'format' = 'json');
INSERT INTO files SELECT DISTINCT sensor, CAST(n AS BIGINT) FROM readings
=> job.sql:2:13: 'files' ('filesystem') doesn't support consuming update changes, which GROUP BY or DISTINCT without a window gives; write them to a stream ('brooklet') or to 'print', or aggregate by a window
CREATE TABLE files (sensor STRING, n BIGINT) WITH ('connector' = 'filesystem', 'path' = 'f', 'format' = 'json');
INSERT INTO files SELECT sensor, COUNT(*) FROM (SELECT sensor, n, COUNT(*) FROM readings GROUP BY sensor, n) GROUP BY sensor
=> job.sql:2:13: 'files' ('filesystem') doesn't support consuming update and delete changes, which GROUP BY or DISTINCT without a window gives; write them to a stream ('brooklet') or to 'print', or aggregate by a window
CREATE TABLE files (sensor STRING, n INT, PRIMARY KEY (sensor) NOT ENFORCED) WITH ('connector' = 'filesystem', 'path' = 'f', 'format' = 'json');
INSERT INTO files SELECT a.sensor, b.n FROM readings a LEFT JOIN readings b ON a.sensor = b.sensor AND a.n < b.n
=> job.sql:2:13: 'files' ('filesystem') doesn't support consuming delete changes, which the join gives; write them to a stream ('brooklet') or to 'print', or aggregate by a window
CREATE TABLE files (sensor STRING, n INT) WITH ('connector' = 'filesystem', 'path' = 'f', 'format' = 'json');
INSERT INTO files SELECT sensor, n FROM (SELECT sensor, n, ROW_NUMBER() OVER (PARTITION BY sensor ORDER BY n) AS r FROM readings) WHERE r = 1
=> job.sql:2:13: 'files' ('filesystem') doesn't support consuming update changes, which ROW_NUMBER gives; write them to a stream ('brooklet') or to 'print', or aggregate by a window
CREATE TABLE files (n INT) WITH ('connector' = 'filesystem', 'path' = 'f', 'format' = 'json');
INSERT INTO files SELECT n FROM readings ORDER BY n LIMIT 3
=> job.sql:2:13: 'files' ('filesystem') doesn't support consuming delete changes, which ORDER BY with LIMIT gives; write them to a stream ('brooklet') or to 'print', or aggregate by a window
CREATE VIEW v AS SELECT sensor FROM readings;
INSERT INTO v SELECT sensor FROM readings
=> job.sql:2:13: writing to a view is not supported; there is 'brooklet', 'filesystem', 'print' and 'blackhole'
CREATE TABLE web (sensor STRING) WITH ('connector' = 'http', 'url' = 'http://example.org/');
INSERT INTO web SELECT sensor FROM readings
=> job.sql:2:13: writing to a table of connector 'http' is not supported; there is 'brooklet', 'filesystem', 'print' and 'blackhole'
CREATE TABLE t (a STRING METADATA FROM 'offset') WITH ('connector' = 'brooklet', 'topic' = 't');
INSERT INTO t SELECT sensor FROM readings
=> job.sql:2:13: writing the metadata 'a' is not supported; declare it VIRTUAL
CREATE TABLE lines (sensor STRING) WITH ('connector' = 'filesystem', 'path' = 'f', 'format' = 'csv');
INSERT INTO lines SELECT sensor FROM readings
=> job.sql:2:13: writing CSV is not supported; write 'format' = 'json'
CREATE TABLE folder (sensor STRING, n BIGINT) WITH ('connector' = 'filesystem', 'path' = 'f', 'format' = 'json');
INSERT INTO folder SELECT sensor, COUNT(*) FROM readings GROUP BY sensor
=> job.sql:2:13: 'folder' ('filesystem') doesn't support consuming update changes, which GROUP BY or DISTINCT without a window gives; write them to a stream ('brooklet') or to 'print', or aggregate by a window
INSERT INTO printed SELECT sensor, SUM(n) OVER (ORDER BY ts)
FROM (SELECT sensor, ts, COUNT(*) AS n FROM readings GROUP BY sensor, ts)
=> job.sql:1:58: OVER of rows that change is not supported; there is OVER ([PARTITION BY …] ORDER BY time [ROWS|RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW])
CREATE TABLE late_ones (ts TIMESTAMP_LTZ(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'brooklet', 'topic' = 't', 'late.table' = 'lost');
SELECT COUNT(*) FROM TUMBLE(TABLE late_ones, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end
=> job.sql:2:63: there is no table 'lost'; there is kept, late_ones, nowhere, orders, printed, readings
INSERT INTO orders SELECT * FROM readings
=> job.sql:1:13: writing to a table of connector 'datagen' is not supported; there is 'brooklet', 'filesystem', 'print' and 'blackhole'
INSERT INTO printed SELECT sensor, CAST(UNIX_TIMESTAMP() AS INT) FROM (SELECT sensor, COUNT(*) FROM readings GROUP BY sensor)
=> job.sql:1:41: UNIX_TIMESTAMP of rows that change is not supported; what is taken back would not be what was given: compute it of rows that are only added, or write to a stream ('brooklet') whose PRIMARY KEY does not come from it
CREATE VIEW counts AS SELECT sensor, COUNT(*) AS n, CURRENT_ROW_TIMESTAMP() AS t FROM readings GROUP BY sensor;
SELECT sensor, t FROM counts
=> job.sql:1:53: CURRENT_ROW_TIMESTAMP of rows that change is not supported; what is taken back would not be what was given: compute it of rows that are only added, or write to a stream ('brooklet') whose PRIMARY KEY does not come from it
CREATE TABLE times (t TIMESTAMP_LTZ(3), n BIGINT, PRIMARY KEY (t) NOT ENFORCED) WITH ('connector' = 'brooklet', 'stream' = 's');
INSERT INTO times SELECT NOW(), COUNT(*) FROM readings GROUP BY sensor
=> job.sql:2:26: NOW of rows that change is not supported; what is taken back would not be what was given: compute it of rows that are only added, or write to a stream ('brooklet') whose PRIMARY KEY does not come from it
CREATE TABLE times (n BIGINT, t TIMESTAMP_LTZ(3), PRIMARY KEY (n) NOT ENFORCED) WITH ('connector' = 'brooklet', 'stream' = 's');
INSERT INTO times SELECT COUNT(*), NOW() FROM readings GROUP BY sensor
=> job.sql:2:36: NOW of rows that change is not supported; what is taken back would not be what was given: compute it of rows that are only added, or write to a stream ('brooklet') whose PRIMARY KEY does not come from it
SELECT MAX(t) FROM (SELECT CURRENT_TIMESTAMP AS t, COUNT(*) FROM readings GROUP BY sensor)
=> job.sql:1:28: CURRENT_TIMESTAMP of rows that change is not supported; what is taken back would not be what was given: compute it of rows that are only added, or write to a stream ('brooklet') whose PRIMARY KEY does not come from it
SELECT sensor, c FROM (SELECT sensor, COUNT(*) AS c FROM readings GROUP BY sensor) WHERE c > UNIX_TIMESTAMP()
=> job.sql:1:94: UNIX_TIMESTAMP of rows that change is not supported; what is taken back would not be what was given: compute it of rows that are only added, or write to a stream ('brooklet') whose PRIMARY KEY does not come from it
SELECT c.sensor FROM (SELECT sensor, COUNT(*) AS n FROM readings GROUP BY sensor) AS c JOIN orders ON n = id AND c.n > UNIX_TIMESTAMP() + price
=> job.sql:1:120: UNIX_TIMESTAMP of rows that change is not supported; what is taken back would not be what was given: compute it of rows that are only added, or write to a stream ('brooklet') whose PRIMARY KEY does not come from it
SELECT sensor, t FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY sensor ORDER BY n DESC) AS r FROM (SELECT sensor, COUNT(*) AS n, LOCALTIMESTAMP AS t FROM readings GROUP BY sensor)) WHERE r <= 2
=> job.sql:1:131: LOCALTIMESTAMP of rows that change is not supported; what is taken back would not be what was given: compute it of rows that are only added, or write to a stream ('brooklet') whose PRIMARY KEY does not come from it
