SELECT sensr FROM readings
=> job.sql:1:8: there is no column 'sensr'; did you mean 'sensor'?
SELECT x.sensor FROM readings AS r
=> job.sql:1:8: there is no column 'x.sensor'; did you mean 'sensor'?
SELECT r.sensr FROM readings AS r
=> job.sql:1:8: there is no column 'r.sensr'; did you mean 'sensor'?
SELECT sensor
FROM readings
WHERE valu > 1
=> job.sql:3:7: there is no column 'valu'; there is sensor, reading, n, ts
SELECT sensor FROM reading
=> job.sql:1:20: there is no table 'reading'; did you mean 'readings'?
SELECT sensor FROM d.readings
=> job.sql:1:20: a catalog or database is not supported; write the name of the table alone
SELECT sensor FROM printed
=> job.sql:1:20: reading from a table of connector 'print' is not supported; there is 'brooklet', 'http', 'filesystem' and 'datagen'
SELECT sensor FROM nowhere
=> job.sql:1:20: reading from a table of connector 'blackhole' is not supported; there is 'brooklet', 'http', 'filesystem' and 'datagen'
SELECT UPER(sensor) FROM readings
=> job.sql:1:8: there is no function UPER; did you mean 'UPPER'?
SELECT my_function(sensor) FROM readings
=> job.sql:1:8: there is no function MY_FUNCTION
SELECT MAX(n), sensor FROM readings
=> job.sql:1:16: SELECT has 'readings.sensor', which is neither in GROUP BY nor in an aggregate function
SELECT sensor FROM readings GROUP BY n
=> job.sql:1:8: SELECT has 'readings.sensor', which is neither in GROUP BY nor in an aggregate function
SELECT sensor FROM readings WHERE COUNT(*) > 1
=> job.sql:1:35: COUNT in WHERE is not supported; there is HAVING, and a sub-query in FROM
SELECT sensor FROM readings HAVING n > 1
=> job.sql:1:36: HAVING has a column that is neither in GROUP BY nor in an aggregate function
SELECT sensor FROM readings ORDER BY sensor
=> job.sql:1:29: ORDER BY is not supported; there is SELECT … FROM … WHERE … GROUP BY … HAVING, and UNION [ALL]
SELECT sensor FROM readings LIMIT 3
=> job.sql:1:29: LIMIT is not supported; there is SELECT … FROM … WHERE … GROUP BY … HAVING, and UNION [ALL]
SELECT sensor FROM readings OFFSET 3
=> job.sql:1:29: OFFSET is not supported; there is SELECT … FROM … WHERE … GROUP BY … HAVING, and UNION [ALL]
SELECT sensor FROM readings FETCH FIRST 3 ROWS ONLY
=> job.sql:1:29: FETCH is not supported; there is SELECT … FROM … WHERE … GROUP BY … HAVING, and UNION [ALL]
SELECT sensor FROM readings WHERE n IN (SELECT id FROM orders)
=> job.sql:1:35: a sub-query in an expression is not supported; there are sub-queries in FROM
SELECT sensor FROM readings WHERE EXISTS (SELECT id FROM orders)
=> job.sql:1:43: a sub-query in an expression is not supported; there are sub-queries in FROM
SELECT (SELECT MAX(id) FROM orders) FROM readings
=> job.sql:1:9: a sub-query in an expression is not supported; there are sub-queries in FROM
SELECT r.sensor FROM readings AS r JOIN orders AS o ON r.n = o.id
=> job.sql:1:41: a join is not supported; there is SELECT … FROM … WHERE … GROUP BY … HAVING, and UNION [ALL]
SELECT r.sensor FROM readings AS r LEFT JOIN orders AS o ON r.n = o.id
=> job.sql:1:46: a join is not supported; there is SELECT … FROM … WHERE … GROUP BY … HAVING, and UNION [ALL]
SELECT sensor FROM readings, orders
=> job.sql:1:30: a join is not supported; there is SELECT … FROM … WHERE … GROUP BY … HAVING, and UNION [ALL]
SELECT sensor FROM readings CROSS JOIN UNNEST(ARRAY[1]) AS t (x)
=> job.sql:1:40: a join is not supported; there is SELECT … FROM … WHERE … GROUP BY … HAVING, and UNION [ALL]
SELECT sensor FROM readings FOR SYSTEM_TIME AS OF ts
=> job.sql:1:29: FOR SYSTEM_TIME AS OF is not supported; there is SELECT … FROM … WHERE … GROUP BY … HAVING, and UNION [ALL]
SELECT sensor FROM readings TABLESAMPLE BERNOULLI (10)
=> job.sql:1:29: TABLESAMPLE is not supported; there is SELECT … FROM … WHERE … GROUP BY … HAVING, and UNION [ALL]
SELECT n FROM readings INTERSECT SELECT id FROM orders
=> job.sql:1:24: INTERSECT is not supported; there is SELECT … FROM … WHERE … GROUP BY … HAVING, and UNION [ALL]
SELECT n FROM readings EXCEPT SELECT id FROM orders
=> job.sql:1:24: EXCEPT is not supported; there is SELECT … FROM … WHERE … GROUP BY … HAVING, and UNION [ALL]
SELECT sensor FROM readings UNION ALL SELECT buyer, id FROM orders
=> job.sql:1:29: UNION queries have different number of columns
SELECT sensor, COUNT(*) FROM readings GROUP BY ROLLUP (sensor)
=> job.sql:1:56: GROUPING SETS is not supported; there is SELECT … FROM … WHERE … GROUP BY … HAVING, and UNION [ALL]
SELECT sensor, COUNT(*) FROM readings GROUP BY GROUPING SETS ((sensor), ())
=> job.sql:1:64: GROUPING SETS is not supported; there is SELECT … FROM … WHERE … GROUP BY … HAVING, and UNION [ALL]
SELECT sensor, COUNT(*) FROM readings GROUP BY CUBE (sensor)
=> job.sql:1:54: GROUPING SETS is not supported; there is SELECT … FROM … WHERE … GROUP BY … HAVING, and UNION [ALL]
WITH RECURSIVE r AS (SELECT n FROM readings) SELECT n FROM r
=> job.sql:1:1: WITH RECURSIVE is not supported; there is SELECT … FROM … WHERE … GROUP BY … HAVING, and UNION [ALL]
SELECT 1
=> job.sql:1:1: SELECT without FROM is not supported; there is SELECT … FROM … WHERE … GROUP BY … HAVING, and UNION [ALL]
SELECT DISTINCT ON (sensor) sensor FROM readings
=> job.sql:1:8: DISTINCT ON is not supported; there is SELECT … FROM … WHERE … GROUP BY … HAVING, and UNION [ALL]
SELECT sensor FROM readings QUALIFY n > 1
=> job.sql:1:29: QUALIFY is not supported; there is SELECT … FROM … WHERE … GROUP BY … HAVING, and UNION [ALL]
SELECT SUM(*) FROM readings
=> job.sql:1:8: SUM(*) is not supported; there is COUNT(*)
SELECT SUM(sensor) FROM readings
=> job.sql:1:8: SUM is not of STRING
SELECT COUNT(DISTINCT n, sensor) FROM readings
=> job.sql:1:8: COUNT is of one argument
SELECT MAX(item) FROM orders
=> job.sql:1:8: MAX is not of ROW<name STRING, tags ARRAY<STRING>>
SELECT FIRST_VALUE(n) IGNORE NULLS FROM readings
=> job.sql:1:23: IGNORE or RESPECT NULLS is not supported; FIRST_VALUE and LAST_VALUE pass NULL over
SELECT LISTAGG(sensor) FROM readings
=> job.sql:1:8: LISTAGG is not supported; there is COUNT, SUM, AVG, MIN, MAX, FIRST_VALUE and LAST_VALUE
SELECT ROW_NUMBER() OVER (PARTITION BY sensor ORDER BY ts) FROM readings
=> job.sql:1:8: ROW_NUMBER is not supported; there is COUNT, SUM, AVG, MIN, MAX, FIRST_VALUE and LAST_VALUE
SELECT LAG(n) OVER (ORDER BY ts) FROM readings
=> job.sql:1:8: LAG is not supported; there is COUNT, SUM, AVG, MIN, MAX, FIRST_VALUE and LAST_VALUE
SELECT SUM(n) OVER (ORDER BY n) FROM readings
=> job.sql:1:12: OVER in the order of a column that is no time is not supported; there is OVER ([PARTITION BY …] ORDER BY time [ROWS|RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW])
SELECT SUM(n) OVER (ORDER BY ts DESC) FROM readings
=> job.sql:1:12: OVER in another order than that of time is not supported; there is OVER ([PARTITION BY …] ORDER BY time [ROWS|RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW])
SELECT SUM(n) OVER (PARTITION BY sensor) FROM readings
=> job.sql:1:12: OVER without ORDER BY one time is not supported; there is OVER ([PARTITION BY …] ORDER BY time [ROWS|RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW])
SELECT SUM(n) OVER (ORDER BY ts ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM readings
=> job.sql:1:15: OVER of some of the rows before is not supported; there is ROWS or RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
SELECT SUM(n) OVER (ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM readings
=> job.sql:1:15: OVER of some of the rows before is not supported; there is ROWS or RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
SELECT sensor FROM readings WHERE n
=> job.sql:1:35: a condition is BOOLEAN, and this is INT; write a comparison
SELECT sensor FROM readings WHERE sensor AND n > 1
=> job.sql:1:35: a condition is BOOLEAN, and this is STRING AND BOOLEAN; write a comparison
SELECT sensor + ts FROM readings
=> job.sql:1:8: cannot coerce arithmetic expression STRING + TIMESTAMP(3, "UTC") to valid types
SELECT item.nam FROM orders
=> job.sql:1:13: there is no field 'nam' in this ROW
SELECT ts + INTERVAL '1' FORTNIGHT FROM readings
=> job.sql:1:22: this interval is not supported; there is INTERVAL '1' YEAR, MONTH, WEEK, DAY, HOUR, MINUTE or SECOND
SELECT ts + INTERVAL '5 days' FROM readings
=> job.sql:1:22: this interval is not supported; there is INTERVAL '1' YEAR, MONTH, WEEK, DAY, HOUR, MINUTE or SECOND
SELECT CAST(sensor AS INTERVAL) FROM readings
=> job.sql:1:23: the type INTERVAL in an expression is not supported; there are numbers, STRING, BYTES, DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ
SELECT CAST(ts AS ROW<a INT>) FROM readings
=> job.sql:1:16: CAST to ROW is not supported; there are numbers, STRING, BYTES, DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ
SELECT DATE_FORMAT(n, 'yyyy') FROM readings
=> job.sql:1:8: DATE_FORMAT is DATE_FORMAT(timestamp, 'pattern')
SELECT TO_TIMESTAMP_LTZ(reading, 3) FROM readings
=> job.sql:1:8: TO_TIMESTAMP_LTZ is TO_TIMESTAMP_LTZ(number, precision), precision 0 or 3
SELECT UPPER() FROM readings
=> job.sql:1:8: 'upper' does not support zero arguments
SELECT UPPER(sensor, sensor) FROM readings
=> job.sql:1:8: function 'upper' expects 1 arguments but received 2
SELECT UPPER(text => sensor) FROM readings
=> job.sql:1:8: an argument by name is not supported; write the arguments in order
SELECT sensor FROM readings WHERE sensor ILIKE 'a%'
=> job.sql:1:42: ILIKE is not supported; there is LIKE, with LOWER
SELECT sensor FROM readings WHERE sensor RLIKE 'a.*'
=> job.sql:1:42: RLIKE is not supported; there is REGEXP(text, pattern)
SELECT sensor FROM readings WHERE sensor SIMILAR TO 'a%'
=> job.sql:1:42: SIMILAR TO is not supported; there is LIKE and REGEXP(text, pattern)
SELECT ts AT TIME ZONE 'UTC' FROM readings
=> job.sql:1:11: AT TIME ZONE is not supported; there is CAST, and SET 'table.local-time-zone'
SELECT sensor AS a, n AS a FROM readings GROUP BY a
=> job.sql:1:51: 'a' is a name that SELECT gives, and GROUP BY and HAVING know columns only; write its expression again
SELECT TUMBLE_START(ts, INTERVAL '1' MINUTE) FROM readings
=> job.sql:1:8: there is no function TUMBLE_START
SELECT COUNT(*) FROM readings GROUP BY TUMBLE(ts, INTERVAL '1' MINUTE)
=> job.sql:1:40: TUMBLE outside of FROM is not supported; write FROM TUMBLE(TABLE t, DESCRIPTOR(time), size)
SELECT sensor FROM readings MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS TRUE)
=> job.sql:1:29: expected the end of the statement, found 'MATCH_RECOGNIZE'
SELECT sensor, n, COUNT(*) AS c FROM readings GROUP BY 1, 2
=> job.sql:1:56: a number in GROUP BY is not supported; write the expression again
-- begins with a comment
select /* in between */ SENSOR from `readings` -- and ends with one
=> job.sql:2:25: there is no column 'SENSOR'; did you mean 'sensor'?
SELECT sensor FROM readings UNION ALL SELECT now FROM orders
=> job.sql:1:29: UNION of STRING and TIMESTAMP_LTZ(3) in 'sensor'; write CAST
SELECT *, sensor FROM readings
=> job.sql:1:1: there are two columns of one name; give one another by AS
SELECT ARRAY_CONTAINS(ARRAY[1], 1) FROM readings
=> job.sql:1:8: there is no function ARRAY_CONTAINS
SELECT COUNT(*),
  SUM(n) FILTER (WHERE sensor) FROM readings
=> job.sql:2:24: a condition is BOOLEAN, and this is STRING; write a comparison
SELECT COUNT(*) FILTER (WHERE 1 + n) FROM readings
=> job.sql:1:35: a condition is BOOLEAN, and this is INT; write a comparison
SELECT COUNT(*) FILTER (WHERE 'true') FROM readings
=> job.sql:1:1: a condition is BOOLEAN, and this is STRING; write a comparison
SELECT CASE WHEN n > 1 THEN 1 WHEN n THEN 2 END FROM readings
=> job.sql:1:36: a condition is BOOLEAN, and this is INT; write a comparison
SELECT IF(sensor, 1, 2) FROM readings
=> job.sql:1:11: a condition is BOOLEAN, and this is STRING; write a comparison
CREATE TABLE t (n INT, c AS CASE WHEN n THEN 1 END) WITH ('connector' = 'datagen')
=> job.sql:1:39: a condition is BOOLEAN, and this is INT; write a comparison
SELECT ts - ts FROM readings
=> job.sql:1:8: a time less another is not supported; there is TIMESTAMPDIFF(unit, from, to)
SELECT DATE '2024-01-02' - CAST(ts AS DATE) FROM readings
=> job.sql:1:1: a time less another is not supported; there is TIMESTAMPDIFF(unit, from, to)
# GROUP BY and HAVING know columns only.
SELECT UPPER(sensor) AS name, COUNT(*) FROM readings GROUP BY name
=> job.sql:1:63: 'name' is a name that SELECT gives, and GROUP BY and HAVING know columns only; write its expression again
SELECT sensor AS name, COUNT(*) FROM readings GROUP BY UPPER(name)
=> job.sql:1:62: 'name' is a name that SELECT gives, and GROUP BY and HAVING know columns only; write its expression again
SELECT sensor, COUNT(*) AS c FROM readings GROUP BY sensor HAVING c > 1
=> job.sql:1:67: 'c' is a name that SELECT gives, and GROUP BY and HAVING know columns only; write its expression again
SELECT UPPER(sensor) AS n, COUNT(*) FROM readings GROUP BY n
=> job.sql:1:14: SELECT has 'readings.sensor', which is neither in GROUP BY nor in an aggregate function
SELECT sensor, COUNT(*) FROM readings GROUP BY 1
=> job.sql:1:48: a number in GROUP BY is not supported; write the expression again
# What meets is of one kind.
SELECT n FROM readings WHERE sensor = n
=> job.sql:1:30: what is compared is of one type, and these are STRING and INT; write CAST
SELECT n FROM readings
WHERE n > 1 AND UPPER(sensor) <> 1
=> job.sql:2:23: what is compared is of one type, and these are STRING and INT; write CAST
