-- What was ordered, by name and price? For orders, and a stream of products in which the newest row
-- of each counts: an order is told when its product is known, and anew whenever that changes.
CREATE TABLE orders (id BIGINT, product_id BIGINT, quantity INT)
WITH ('connector' = 'brooklet', 'stream' = 'orders');

CREATE TABLE products (
  id BIGINT, name STRING, price DECIMAL(10, 2), ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts
) WITH ('connector' = 'brooklet', 'stream' = 'products');

CREATE VIEW newest AS
SELECT id, name, price FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY ts DESC) AS n FROM products
) WHERE n = 1;

SELECT o.id, p.name, o.quantity * p.price AS total
FROM orders AS o JOIN newest AS p ON o.product_id = p.id;
