-- What does each sensor read on average, every ten seconds? For readings that come up to five
-- seconds out of order; what comes later is printed as it is.
SET 'table.exec.source.idle-timeout' = '10 s';

CREATE TABLE readings (
  sensor STRING, `value` DOUBLE, ts TIMESTAMP_LTZ(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector' = 'brooklet', 'stream' = 'readings', 'late.table' = 'late');

CREATE TABLE late (sensor STRING, `value` DOUBLE, ts TIMESTAMP_LTZ(3))
WITH ('connector' = 'print', 'print-identifier' = 'late');

SELECT sensor, window_start, AVG(`value`) AS mean, COUNT(*) AS n
FROM TABLE(TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY sensor, window_start, window_end;
