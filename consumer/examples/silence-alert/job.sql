-- Which sensor has fallen silent, and since when? Told once for each silence, ten seconds after its
-- last reading by the time of the others'; readings come up to five seconds out of order.
SET 'table.exec.source.idle-timeout' = '10 s';

CREATE TABLE readings (
  sensor STRING, ts TIMESTAMP_LTZ(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector' = 'brooklet', 'stream' = 'readings');

SELECT sensor, MAX(ts) AS silent_since
FROM TABLE(SESSION(TABLE readings PARTITION BY sensor, DESCRIPTOR(ts), INTERVAL '10' SECONDS))
GROUP BY sensor, window_start, window_end;
