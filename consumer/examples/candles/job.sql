-- At which prices was each stock traded, minute by minute? For trades that come up to two seconds
-- out of order: OVER gives them in order, as FIRST_VALUE and LAST_VALUE go by how rows come.
SET 'table.exec.source.idle-timeout' = '10 s';

CREATE TABLE trades (
  symbol STRING, price DECIMAL(10, 2), quantity BIGINT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '2' SECOND
) WITH ('connector' = 'brooklet', 'stream' = 'trades');

CREATE VIEW ordered AS
SELECT symbol, quantity, ts, LAST_VALUE(price) OVER (
  PARTITION BY symbol ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
) AS price
FROM trades;

SELECT symbol, window_start,
  FIRST_VALUE(price) AS `open`, MAX(price) AS high, MIN(price) AS low, LAST_VALUE(price) AS `close`,
  SUM(quantity) AS volume
FROM TABLE(TUMBLE(TABLE ordered, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
GROUP BY symbol, window_start, window_end;
