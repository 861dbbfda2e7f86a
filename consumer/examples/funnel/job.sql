-- How many visitors viewed a product, put it into the cart within an hour, and bought it within
-- another? Hour by hour, for actions that come up to a minute out of order.
SET 'table.exec.source.idle-timeout' = '10 s';

CREATE TABLE actions (
  visitor STRING, product STRING, kind STRING, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '1' MINUTE
) WITH ('connector' = 'brooklet', 'stream' = 'actions');

-- When the visitor has last viewed the product of an action.
CREATE VIEW seen AS
SELECT *, MAX(CASE WHEN kind = 'view' THEN ts END)
  OVER (PARTITION BY visitor, product ORDER BY ts) AS viewed
FROM actions;

-- And when it was last put into the cart, by an action that counts.
CREATE VIEW carts AS
SELECT *, MAX(CASE WHEN kind = 'cart' AND ts <= viewed + INTERVAL '1' HOUR THEN ts END)
  OVER (PARTITION BY visitor, product ORDER BY ts) AS carted
FROM seen;

SELECT window_start,
  COUNT(DISTINCT visitor) FILTER (WHERE kind = 'view') AS viewed,
  COUNT(DISTINCT visitor) FILTER (WHERE kind = 'cart' AND ts = carted) AS carted,
  COUNT(DISTINCT visitor) FILTER (WHERE kind = 'buy' AND ts <= carted + INTERVAL '1' HOUR) AS bought
FROM TABLE(TUMBLE(TABLE carts, DESCRIPTOR(ts), INTERVAL '1' HOUR))
GROUP BY window_start, window_end;
