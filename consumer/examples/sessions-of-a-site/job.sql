-- How long did each visit to a site last, and of how many pages was it? A visit ends when nothing
-- of the visitor is seen for half an hour; clicks come up to a minute out of order.
SET 'table.exec.source.idle-timeout' = '10 s';

CREATE TABLE clicks (
  visitor STRING, page STRING, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '1' MINUTE
) WITH ('connector' = 'brooklet', 'stream' = 'clicks');

SELECT visitor, MIN(ts) AS begun, TIMESTAMPDIFF(SECOND, MIN(ts), MAX(ts)) AS seconds,
  COUNT(*) AS clicks, COUNT(DISTINCT page) AS pages
FROM TABLE(SESSION(TABLE clicks PARTITION BY visitor, DESCRIPTOR(ts), INTERVAL '30' MINUTES))
GROUP BY visitor, window_start, window_end;
