-- Which orders were paid within an hour, and which were not? For orders and payments that come up
-- to a minute out of order; each is told once, and one without a payment when the hour is over.
SET 'table.exec.source.idle-timeout' = '10 s';

CREATE TABLE orders (
  id BIGINT, amount DECIMAL(10, 2), ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '1' MINUTE
) WITH ('connector' = 'brooklet', 'stream' = 'orders');

CREATE TABLE payments (
  order_id BIGINT, paid_by STRING, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '1' MINUTE
) WITH ('connector' = 'brooklet', 'stream' = 'payments');

SELECT o.id, o.amount, p.paid_by, TIMESTAMPDIFF(SECOND, o.ts, p.ts) AS seconds
FROM orders AS o LEFT JOIN payments AS p
ON o.id = p.order_id AND p.ts BETWEEN o.ts AND o.ts + INTERVAL '1' HOUR;
