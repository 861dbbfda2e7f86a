-- Which ten products sold best in each minute? For sales that come up to five seconds out of order;
-- of products that sold alike, the first by name counts as the better one.
SET 'table.exec.source.idle-timeout' = '10 s';

CREATE TABLE sales (
  product STRING, quantity INT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector' = 'brooklet', 'stream' = 'sales');

SELECT window_start, place, product, sold FROM (
  SELECT *, ROW_NUMBER() OVER (
    PARTITION BY window_start, window_end ORDER BY sold DESC, product
  ) AS place
  FROM (
    SELECT window_start, window_end, product, SUM(quantity) AS sold
    FROM TABLE(TUMBLE(TABLE sales, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
    GROUP BY window_start, window_end, product
  )
) WHERE place <= 10;
