-- Which share of each service's requests failed, in the last five minutes, every minute? For a log
-- of requests that comes up to ten seconds out of order.
SET 'table.exec.source.idle-timeout' = '10 s';

CREATE TABLE requests (
  service STRING, status INT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '10' SECOND
) WITH ('connector' = 'brooklet', 'stream' = 'requests');

SELECT service, window_end, COUNT(*) AS requests, AVG(IF(status >= 500, 1e0, 0e0)) AS error_rate
FROM TABLE(HOP(TABLE requests, DESCRIPTOR(ts), INTERVAL '1' MINUTE, INTERVAL '5' MINUTES))
GROUP BY service, window_start, window_end;
