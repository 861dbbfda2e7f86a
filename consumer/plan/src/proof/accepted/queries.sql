SELECT * FROM readings
=> sensor STRING, reading DOUBLE, n INT, ts TIMESTAMP_LTZ(3)
SELECT *, n + 1 FROM readings
=> sensor STRING, reading DOUBLE, n INT, ts TIMESTAMP_LTZ(3), EXPR$1 INT
SELECT r.* FROM readings AS r
=> sensor STRING, reading DOUBLE, n INT, ts TIMESTAMP_LTZ(3)
SELECT n + 1, sensor, UPPER(sensor) FROM readings
=> EXPR$0 INT, sensor STRING, EXPR$2 STRING
SELECT DISTINCT sensor FROM readings
=> sensor STRING
SELECT sensor, COUNT(*), SUM(n), AVG(n), MIN(reading), MAX(reading) FROM readings GROUP BY sensor
=> sensor STRING, EXPR$1 BIGINT, EXPR$2 INT, EXPR$3 INT, EXPR$4 DOUBLE, EXPR$5 DOUBLE
SELECT COUNT(*) AS c FROM readings
=> c BIGINT
SELECT COUNT(*) FILTER (WHERE n > 1) AS a, COUNT(DISTINCT sensor) AS b, SUM(DISTINCT n) AS c,
  COUNT(DISTINCT sensor) FILTER (WHERE n > 1) AS d FROM readings
=> a BIGINT, b BIGINT, c INT, d BIGINT
SELECT UPPER(sensor) AS s, COUNT(*) AS c FROM readings GROUP BY UPPER(sensor) HAVING COUNT(*) > 1 AND MAX(n) < 9
=> s STRING, c BIGINT
SELECT sensor FROM readings UNION ALL SELECT buyer FROM orders
=> sensor STRING
SELECT n FROM readings UNION ALL SELECT id FROM orders
=> n BIGINT
SELECT n FROM readings UNION SELECT id FROM orders
=> n BIGINT
SELECT s, c FROM (SELECT sensor AS s, COUNT(*) AS c FROM readings GROUP BY sensor) AS x WHERE c > 1
=> s STRING, c BIGINT
SELECT MAX(c) AS m FROM (SELECT sensor, COUNT(*) AS c FROM readings GROUP BY sensor)
=> m BIGINT
WITH a AS (SELECT sensor, n FROM readings), b AS (SELECT n FROM a WHERE n > 1) SELECT n FROM b
=> n INT
SELECT SUM(n) OVER (ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s FROM readings
=> s INT
SELECT sensor, AVG(reading) OVER (PARTITION BY sensor ORDER BY ts RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s
FROM readings
=> sensor STRING, s DOUBLE
SELECT COUNT(*) OVER (ORDER BY ts) AS a, SUM(n) OVER (ORDER BY ts) AS b FROM readings
=> a BIGINT, b INT
SELECT COUNT(*) OVER w AS a, SUM(n) OVER w AS b FROM readings WINDOW w AS (PARTITION BY sensor ORDER BY ts)
=> a BIGINT, b INT
SELECT COUNT(*) OVER w AS c, (SELECT MAX(c) FROM (SELECT COUNT(*) OVER v AS c FROM orders WINDOW v AS (ORDER BY now))) AS m FROM readings WINDOW w AS (ORDER BY ts)
=> c BIGINT, m BIGINT
SELECT COUNT(*) OVER w AS c, (SELECT MAX(c) FROM (SELECT COUNT(*) OVER w AS c FROM orders WINDOW w AS (ORDER BY now))) AS m FROM readings WINDOW w AS (ORDER BY ts)
=> c BIGINT, m BIGINT
SELECT COUNT(*) OVER (ORDER BY ts ROWS UNBOUNDED PRECEDING) AS a FROM readings
=> a BIGINT
SELECT FIRST_VALUE(n) OVER (PARTITION BY sensor ORDER BY ts) AS a,
  LAST_VALUE(sensor) OVER (ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS b FROM readings
=> a INT, b STRING
SELECT COUNT(*) OVER (ORDER BY now) AS a FROM orders
=> a BIGINT
SELECT item.name, item.tags[1], attributes['a'], orders.item.name AS whole FROM orders
=> name STRING, EXPR$1 STRING, EXPR$2 INT, whole STRING
SELECT id FROM orders WHERE price BETWEEN 1 AND 2 OR buyer IN ('a', 'b') AND buyer IS NOT NULL
=> id BIGINT
SELECT CASE WHEN n > 1 THEN 'a' ELSE 'b' END AS a, CASE n WHEN 1 THEN 1 END AS b FROM readings
=> a STRING, b INT
SELECT CAST(n AS STRING) AS a, TRY_CAST(sensor AS INT) AS b, CAST(ts AS TIMESTAMP(3)) AS c FROM readings
=> a STRING, b INT, c TIMESTAMP(3)
SELECT DATE '2024-01-01' AS a, TIMESTAMP '2024-01-01 00:00:00' AS b, TIME '12:00:00' AS c FROM readings
=> a DATE, b TIMESTAMP(6), c TIME
SELECT STDDEV_POP(reading) AS a, VAR_SAMP(reading) AS b, FIRST_VALUE(n) AS c, LAST_VALUE(sensor) AS d FROM readings
=> a DOUBLE, b DOUBLE, c INT, d STRING
# More than Flink takes.
SELECT SUM(n) OVER (ORDER BY ts), SUM(n) OVER (PARTITION BY sensor ORDER BY ts) FROM readings
=> EXPR$0 INT, EXPR$1 INT
SELECT * FROM (SELECT sensor, n AS sensor FROM readings)
=> sensor STRING, sensor0 INT
SELECT n, n, r.n, sensor AS n FROM readings AS r
=> n INT, n0 INT, n1 INT, n2 STRING
# What is planned in a view is as it would be without.
SELECT price / 3 AS q, price * price AS p, price + price AS s, FLOOR(price) AS f, TRUNCATE(price, 1) AS t, CAST(id AS INT) AS i, CAST(at AS TIMESTAMP_LTZ(3)) AS l, MAX(price) AS m FROM orders GROUP BY price, id, at
=> q DECIMAL(21, 13), p DECIMAL(21, 4), s DECIMAL(11, 2), f DECIMAL(9, 0), t DECIMAL(10, 1), i INT, l TIMESTAMP_LTZ(3), m DECIMAL(10, 2)
CREATE VIEW v AS SELECT price / 3 AS q, price * price AS p, price + price AS s, FLOOR(price) AS f, TRUNCATE(price, 1) AS t, CAST(id AS INT) AS i, CAST(at AS TIMESTAMP_LTZ(3)) AS l, MAX(price) AS m FROM orders GROUP BY price, id, at;
CREATE VIEW w AS SELECT * FROM v; CREATE TABLE t WITH ('connector' = 'print') AS SELECT * FROM w
=> q DECIMAL(21, 13), p DECIMAL(21, 4), s DECIMAL(11, 2), f DECIMAL(9, 0), t DECIMAL(10, 1), i INT, l TIMESTAMP_LTZ(3), m DECIMAL(10, 2)
SELECT SUM(n) FILTER (WHERE NULL) AS a, COUNT(*) FILTER (WHERE n > 1) AS b FROM readings
=> a INT, b BIGINT
SELECT reading AS a FROM readings UNION ALL SELECT price FROM orders UNION ALL SELECT 0.5 FROM orders
=> a DOUBLE
SELECT a + 1 AS b, s FROM (SELECT 0.5 AS a, sensor AS s FROM readings UNION SELECT reading, sensor FROM readings)
=> b DOUBLE, s STRING
# A cast is another column than what is cast.
SELECT AVG(n), AVG(CAST(n AS DOUBLE)), AVG(TRY_CAST(n AS DOUBLE)), AVG(CAST(n AS FLOAT)) FROM readings
=> EXPR$0 INT, EXPR$1 DOUBLE, EXPR$2 DOUBLE, EXPR$3 FLOAT
SELECT ts, CAST(ts AS DATE), COUNT(*) FROM readings GROUP BY ts, CAST(ts AS DATE)
=> ts TIMESTAMP_LTZ(3), EXPR$1 DATE, EXPR$2 BIGINT
SELECT CAST(readings.n AS INTEGER) + 1 AS m FROM readings GROUP BY CAST(n AS INT) HAVING CAST(n AS INT) > 1
=> m INT
SELECT SUM(n) OVER (ORDER BY ts), SUM(CAST(n AS DOUBLE)) OVER (ORDER BY ts) FROM readings
=> EXPR$0 INT, EXPR$1 DOUBLE
# A name that SELECT gives hides no column from GROUP BY and HAVING.
SELECT MAX(n) AS n, COUNT(*) AS reading FROM readings GROUP BY reading HAVING MAX(n) > 1
=> n INT, reading BIGINT
SELECT SUM(s) AS t FROM (SELECT DISTINCT UPPER(sensor) AS name, MIN(n) AS n, COUNT(*) AS s FROM readings GROUP BY sensor, n HAVING n > 1)
=> t BIGINT
# Joins, of rows that are added and of rows that change.
SELECT r.sensor, o.id, o.price FROM readings AS r JOIN orders AS o ON r.n = o.id
=> sensor STRING, id BIGINT, price DECIMAL(10, 2)
SELECT r.sensor, o.id FROM readings r LEFT OUTER JOIN orders o ON r.n = o.id AND o.price > r.n
=> sensor STRING, id BIGINT
SELECT sensor, id FROM readings, orders WHERE n = id
=> sensor STRING, id BIGINT
SELECT sensor, buyer FROM readings FULL JOIN (SELECT buyer, COUNT(*) AS n FROM orders GROUP BY buyer) AS o ON readings.n = o.n
=> sensor STRING, buyer STRING
SELECT a.n, b.reading FROM readings a JOIN readings b USING (sensor)
=> n INT, reading DOUBLE
SELECT a.n FROM readings a CROSS JOIN orders b
=> n INT
SELECT sensor FROM readings WHERE n IN (SELECT id FROM orders)
=> sensor STRING
SELECT sensor FROM readings WHERE EXISTS (SELECT 1 FROM orders WHERE id = n) AND NOT EXISTS (SELECT 1 FROM orders WHERE buyer = sensor)
=> sensor STRING
SELECT sensor FROM readings WHERE n NOT IN (SELECT id FROM orders WHERE buyer <> sensor) AND NOT (n IN (SELECT id FROM orders))
=> sensor STRING
SELECT n FROM readings INTERSECT SELECT CAST(id AS INT) FROM orders
=> n INT
SELECT n FROM readings INTERSECT ALL SELECT id FROM orders
=> n BIGINT
SELECT * FROM readings EXCEPT ALL SELECT * FROM readings WHERE n > 1
=> sensor STRING, reading DOUBLE, n INT, ts TIMESTAMP_LTZ(3)
SELECT sensor FROM readings ORDER BY n OFFSET 1 ROW FETCH NEXT 3 ROWS ONLY
=> sensor STRING
SELECT n FROM readings FETCH FIRST ROW ONLY
=> n INT
SELECT (SELECT MAX(id) FROM orders) AS most, (SELECT COUNT(*) FROM orders WHERE id = n) AS many FROM readings
=> most BIGINT, many BIGINT
SELECT n FROM (SELECT n, ROW_NUMBER() OVER (ORDER BY one) AS place FROM (SELECT n, 1 AS one FROM readings)) WHERE place = 1
=> n INT
SELECT n FROM readings WHERE n > (SELECT MAX(id) FROM orders)
=> n INT
SELECT * FROM (SELECT n FROM readings INTERSECT ALL SELECT CAST(NULL AS INT) FROM orders)
=> n INT
SELECT sensor, COUNT(*) AS c FROM readings GROUP BY sensor HAVING COUNT(*) > (SELECT id FROM orders ORDER BY id LIMIT 1)
=> sensor STRING, c BIGINT
SELECT n FROM readings WHERE n IN (SELECT id FROM orders) OR NOT EXISTS (SELECT 1 FROM orders WHERE buyer = sensor)
=> n INT
SELECT n FROM readings WHERE EXISTS (SELECT 1 FROM orders WHERE id = n LIMIT 0)
=> n INT
SELECT n FROM readings EXCEPT SELECT CAST(id AS INT) FROM orders
=> n INT
# The first in an order.
SELECT sensor, place FROM (SELECT sensor, ROW_NUMBER() OVER (PARTITION BY sensor ORDER BY n DESC) AS place FROM readings) WHERE place <= 3
=> sensor STRING, place BIGINT
SELECT sensor FROM (SELECT sensor, ROW_NUMBER() OVER (PARTITION BY sensor ORDER BY ts DESC) AS place FROM readings) WHERE place = 1
=> sensor STRING
SELECT sensor, n FROM (SELECT sensor, n, ROW_NUMBER() OVER (PARTITION BY sensor ORDER BY n DESC, reading) AS place FROM readings) WHERE place = 1
=> sensor STRING, n INT
SELECT n, place FROM (SELECT n, ROW_NUMBER() OVER (ORDER BY n) AS place FROM (SELECT DISTINCT r.n FROM readings r FULL JOIN orders o ON r.n = o.id)) WHERE place <= 2
=> n INT, place BIGINT
SELECT n, place FROM (SELECT n, ROW_NUMBER() OVER (ORDER BY 1) AS place FROM readings) WHERE place <= 2
=> n INT, place BIGINT
SELECT sensor, n FROM readings ORDER BY n DESC, sensor LIMIT 3
=> sensor STRING, n INT
SELECT sensor FROM readings LIMIT 3 OFFSET 2
=> sensor STRING
# Counted once, however often it is named.
SELECT n, n AS m, COUNT(*) AS c FROM readings GROUP BY n, n
=> n INT, m INT, c BIGINT
SELECT COUNT(*) AS c FROM (SELECT SUM(n) AS s FROM readings)
=> c BIGINT
SELECT COUNT(*) AS c FROM readings WHERE 1 = 2
=> c BIGINT
SELECT sensor, c FROM (SELECT sensor, COUNT(*) AS c FROM readings GROUP BY sensor) ORDER BY c, sensor LIMIT 2 OFFSET 1
=> sensor STRING, c BIGINT
SELECT sensor AS s FROM readings UNION ALL SELECT LEFT(sensor, 1) FROM readings UNION ALL SELECT MD5(sensor) FROM readings
=> s STRING
SELECT id FROM orders WHERE ROUND(price, 1) < price AND price <> ROUND(price, 0)
=> id BIGINT
SELECT sensor, n FROM readings ORDER BY 2 DESC, 1 LIMIT 3
=> sensor STRING, n INT
# Files take rows that are added, and nothing else: so do joins of rows of one time and the first rows by the clock.
CREATE TABLE t WITH ('connector' = 'filesystem', 'path' = 't', 'format' = 'json') AS
SELECT r.sensor, b.n FROM readings AS r LEFT JOIN readings AS b ON r.sensor = b.sensor AND r.ts = b.ts
=> sensor STRING, n INT
CREATE TABLE t WITH ('connector' = 'filesystem', 'path' = 't', 'format' = 'json') AS
SELECT sensor, n FROM (SELECT sensor, n, ROW_NUMBER() OVER (PARTITION BY sensor ORDER BY PROCTIME()) AS place FROM readings) WHERE place = 1
=> sensor STRING, n INT
# No column of an aggregate of all rows is wanted.
SELECT r.n FROM readings AS r JOIN (SELECT MAX(id) AS m FROM orders) AS o ON r.n > 1
=> n INT
SELECT n, COALESCE(NULLIF(DATE '2025-12-31', DATE '2026-01-01'), NULLIF(DATE '2025-12-31', DATE '2025-12-31')) AS d FROM readings
=> n INT, d DATE
SELECT sensor, a.n, b.n AS m, c.reading FROM readings AS a JOIN readings AS b USING (sensor) LEFT JOIN readings AS c USING (sensor)
WHERE a.sensor > 'a'
=> sensor STRING, n INT, m INT, reading DOUBLE
SELECT sensor, n, COUNT(*) AS c, MAX(y) AS y FROM readings JOIN (SELECT sensor, n, 1 AS x FROM readings) AS b USING (sensor, n)
JOIN (SELECT sensor, n, 2 AS y FROM readings) AS c USING (n, sensor) JOIN (SELECT sensor, n FROM readings) AS d USING (sensor, n)
GROUP BY sensor, n HAVING n > 1
=> sensor STRING, n INT, c BIGINT, y INT
