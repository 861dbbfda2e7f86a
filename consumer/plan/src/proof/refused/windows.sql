SELECT * FROM TABLE(TUMBEL(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
=> job.sql:1:21: there is no function TUMBEL; did you mean 'TUMBLE'?
SELECT * FROM TUMBLE(TABLE reading, DESCRIPTOR(ts), INTERVAL '1' MINUTE)
=> job.sql:1:28: there is no table 'reading'; did you mean 'readings'?
SELECT * FROM TUMBLE(readings, DESCRIPTOR(ts), INTERVAL '1' MINUTE)
=> job.sql:1:15: TUMBLE is TUMBLE(TABLE t, DESCRIPTOR(time), size [, offset])
SELECT * FROM TUMBLE(TABLE readings, ts, INTERVAL '1' MINUTE)
=> job.sql:1:15: TUMBLE is TUMBLE(TABLE t, DESCRIPTOR(time), size [, offset])
SELECT * FROM TUMBLE(TABLE readings, DESCRIPTOR(tz), INTERVAL '1' MINUTE)
=> job.sql:1:49: there is no column 'tz'; there is sensor, reading, n, ts
SELECT * FROM TUMBLE(TABLE readings, DESCRIPTOR(n), INTERVAL '1' MINUTE)
=> job.sql:1:49: TUMBLE needs a time with a watermark, and 'n' is none; declare WATERMARK FOR n AS … in its table, and pass the column on as it is
SELECT * FROM TUMBLE(TABLE orders, DESCRIPTOR(at), INTERVAL '1' MINUTE)
=> job.sql:1:47: TUMBLE needs a time with a watermark, and 'at' is none; declare WATERMARK FOR at AS … in its table, and pass the column on as it is
SELECT * FROM TUMBLE((SELECT NOW() AS t FROM orders), DESCRIPTOR(t), INTERVAL '1' MINUTE)
=> job.sql:1:66: TUMBLE needs a time with a watermark, and 't' is none; declare WATERMARK FOR t AS … in its table, and pass the column on as it is
SELECT * FROM TUMBLE(TABLE readings, DESCRIPTOR(ts, n), INTERVAL '1' MINUTE)
=> job.sql:1:15: TUMBLE is TUMBLE(TABLE t, DESCRIPTOR(time), size [, offset])
SELECT * FROM TUMBLE(TABLE readings, DESCRIPTOR(ts))
=> job.sql:1:15: TUMBLE is TUMBLE(TABLE t, DESCRIPTOR(time), size [, offset])
SELECT * FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), 60)
=> job.sql:1:54: expected an interval such as INTERVAL '10' SECOND
SELECT * FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '0' MINUTE)
=> job.sql:1:63: TUMBLE needs a SIZE above zero
SELECT * FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '-1' MINUTE)
=> job.sql:1:63: TUMBLE needs a SIZE above zero
SELECT * FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' MONTH)
=> job.sql:1:63: an interval in MONTH is not supported; write one number and one unit, from SECOND to WEEK
SELECT * FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '1:30' MINUTE TO SECOND)
=> job.sql:1:63: an interval of several units, or of none is not supported; write one number and one unit, from SECOND to WEEK
SELECT * FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL 'one' MINUTE)
=> job.sql:1:63: this interval is not supported; there is INTERVAL '1' YEAR, MONTH, WEEK, DAY, HOUR, MINUTE or SECOND
SELECT * FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' MINUTE, INTERVAL '1' SECOND, 3)
=> job.sql:1:15: TUMBLE is TUMBLE(TABLE t, DESCRIPTOR(time), size [, offset])
SELECT * FROM TUMBLE(DATA => TABLE readings, TIMECOL => DESCRIPTOR(ts), SICE => INTERVAL '1' MINUTE)
=> job.sql:1:73: TUMBLE has no argument SICE; did you mean 'SIZE'?
SELECT * FROM TUMBLE(DATA => TABLE readings, SIZE => INTERVAL '1' MINUTE)
=> job.sql:1:15: TUMBLE is TUMBLE(TABLE t, DESCRIPTOR(time), size [, offset])
SELECT * FROM TUMBLE(TABLE readings PARTITION BY sensor, DESCRIPTOR(ts), INTERVAL '1' MINUTE)
=> job.sql:1:22: TUMBLE has no PARTITION BY; group by the columns instead
SELECT * FROM HOP(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' MINUTE)
=> job.sql:1:15: HOP is HOP(TABLE t, DESCRIPTOR(time), slide, size [, offset])
SELECT * FROM HOP(TABLE readings, DESCRIPTOR(ts), INTERVAL '2' MINUTE, INTERVAL '5' MINUTE)
=> job.sql:1:81: HOP needs a SIZE that is a multiple of SLIDE
SELECT * FROM HOP(TABLE readings, DESCRIPTOR(ts), INTERVAL '5' MINUTE, INTERVAL '1' MINUTE)
=> job.sql:1:81: HOP needs a SIZE that is a multiple of SLIDE
SELECT * FROM CUMULATE(TABLE readings, DESCRIPTOR(ts), INTERVAL '2' MINUTE, INTERVAL '5' MINUTE)
=> job.sql:1:86: CUMULATE needs a SIZE that is a multiple of STEP
SELECT * FROM SESSION(TABLE readings PARTITION BY senser, DESCRIPTOR(ts), INTERVAL '1' MINUTE)
=> job.sql:1:51: there is no column 'senser'; did you mean 'sensor'?
SELECT sensor, COUNT(*) FROM SESSION(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' MINUTE)
GROUP BY sensor, window_start, window_end
=> job.sql:2:10: grouping sessions by other columns than those they are partitioned by is not supported; group by window_start, window_end and the columns of PARTITION BY
SELECT * FROM TUMBLE((SELECT window_start, ts FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' MINUTE)),
  DESCRIPTOR(ts), INTERVAL '1' MINUTE)
=> job.sql:1:15: TUMBLE is of rows that have a column window_start already; give it another name by AS
SELECT window_begin FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' MINUTE)
=> job.sql:1:8: there is no column 'window_begin'; did you mean 'window_end'?
CREATE VIEW v AS SELECT ts + INTERVAL '1' HOUR AS ts FROM readings;
SELECT * FROM TUMBLE(TABLE v, DESCRIPTOR(ts), INTERVAL '1' MINUTE)
=> job.sql:2:42: TUMBLE needs a time with a watermark, and 'ts' is none; declare WATERMARK FOR ts AS … in its table, and pass the column on as it is
CREATE VIEW v AS SELECT MAX(ts) AS ts FROM readings GROUP BY sensor;
SELECT * FROM TUMBLE(TABLE v, DESCRIPTOR(ts), INTERVAL '1' MINUTE)
=> job.sql:2:42: TUMBLE needs a time with a watermark, and 'ts' is none; declare WATERMARK FOR ts AS … in its table, and pass the column on as it is
CREATE VIEW v AS SELECT a.ts FROM readings AS a JOIN readings AS b
  ON a.n = b.n AND b.ts > a.ts;
SELECT * FROM TUMBLE(TABLE v, DESCRIPTOR(ts), INTERVAL '1' MINUTE)
=> job.sql:3:42: TUMBLE needs a time with a watermark, and behind a join 'ts' is none; put the window before the join
SELECT TUMBLE_START(ts, INTERVAL '1' MINUTE) FROM readings GROUP BY TUMBLE(ts, INTERVAL '1' MINUTE)
=> job.sql:1:8: a window in GROUP BY is not supported; write FROM TUMBLE(TABLE t, DESCRIPTOR(time), size), and window_start
# Upon windows of processing time there are changes, and beside nulls there is no window.
CREATE TABLE folder (sensor STRING, n BIGINT) WITH ('connector' = 'filesystem', 'path' = 'f', 'format' = 'json');
INSERT INTO folder SELECT 'all', SUM(c) FROM (
  SELECT id, window_start AS s, window_end AS e, COUNT(*) AS c
  FROM TUMBLE(TABLE orders, DESCRIPTOR(now), INTERVAL '1' MINUTE) GROUP BY id, window_start, window_end
) GROUP BY s, e
=> job.sql:2:13: 'folder' ('filesystem') doesn't support consuming update changes, which GROUP BY or DISTINCT without a window gives; write them to a stream ('brooklet') or to 'print', or aggregate by a window
CREATE TABLE folder (sensor STRING, n BIGINT) WITH ('connector' = 'filesystem', 'path' = 'f', 'format' = 'json');
CREATE VIEW v AS SELECT sensor, window_start AS s, window_end AS e
FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' MINUTE);
INSERT INTO folder SELECT 'all', COUNT(*) FROM (
  SELECT y.s, y.e FROM v AS x LEFT JOIN v AS y ON x.s = y.s AND x.e = y.e AND x.sensor < y.sensor
) GROUP BY s, e
=> job.sql:4:13: 'folder' ('filesystem') doesn't support consuming update changes, which GROUP BY or DISTINCT without a window gives; write them to a stream ('brooklet') or to 'print', or aggregate by a window
# The first row by event time is one that an earlier one may take the place of.
SELECT window_start, COUNT(*) AS c FROM TUMBLE((SELECT sensor, ts FROM (SELECT sensor, ts, ROW_NUMBER() OVER (PARTITION BY sensor ORDER BY ts) AS place FROM readings) WHERE place = 1), DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end
=> job.sql:1:1: a window of rows that change is not supported; put the rows into windows first, and group by window_start and window_end
SELECT COUNT(*) FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '99999999' DAY) GROUP BY window_start, window_end
=> job.sql:1:70: an interval of this length is not supported; a window has up to 11574074 days
SELECT COUNT(*) FROM SESSION(TABLE readings, DESCRIPTOR(ts), INTERVAL '99999999' DAY) GROUP BY window_start, window_end
=> job.sql:1:71: an interval of this length is not supported; a window has up to 11574074 days
