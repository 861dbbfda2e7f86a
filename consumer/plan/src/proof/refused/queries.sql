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
=> job.sql:1:29: ORDER BY without LIMIT is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT sensor FROM readings ORDER BY sensor OFFSET 3 ROWS
=> job.sql:1:29: ORDER BY without LIMIT is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT sensor FROM readings OFFSET 3
=> job.sql:1:29: OFFSET is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT sensor FROM readings FETCH FIRST 3 PERCENT ROWS ONLY
=> job.sql:1:29: FETCH with PERCENT, with WITH TIES, or beside LIMIT is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT sensor FROM readings LIMIT 3 FETCH FIRST 3 ROWS ONLY
=> job.sql:1:37: FETCH with PERCENT, with WITH TIES, or beside LIMIT is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT (SELECT id FROM orders) FROM readings
=> job.sql:1:16: a sub-query of several rows as a value is not supported; aggregate them all, as by MAX(x), or write LIMIT 1
SELECT SUM((SELECT MAX(id) FROM orders)) FROM readings
=> job.sql:1:1: a sub-query as a value here, or of such a kind is not supported; there is (SELECT MAX(x) FROM …) in SELECT, WHERE and HAVING; where it looks at columns of the rows, it has no UNION and no LIMIT, and compares by =
SELECT n FROM readings WHERE n > (SELECT AVG(id) FROM orders WHERE id < n)
=> job.sql:1:30: a sub-query as a value here, or of such a kind is not supported; there is (SELECT MAX(x) FROM …) in SELECT, WHERE and HAVING; where it looks at columns of the rows, it has no UNION and no LIMIT, and compares by =
SELECT n FROM readings WHERE n > (SELECT SUM(id) FROM orders WHERE id = n HAVING COUNT(*) > 1)
=> job.sql:1:46: HAVING in a sub-query that is a value and looks at columns of the rows is not supported; join a sub-query with GROUP BY
SELECT n FROM readings WHERE n > (SELECT CASE WHEN COUNT(*) < 9 THEN 1 END FROM orders)
=> job.sql:1:52: a sub-query as a value that is one of no rows, and may be NULL of others is not supported; write COUNT(*) alone
SELECT n FROM readings WHERE sensor > (SELECT MAX(id) FROM orders)
=> job.sql:1:30: what is compared is of one type, and these are STRING and BIGINT; write CAST
SELECT n FROM readings WHERE n > (SELECT id, id FROM orders LIMIT 1)
=> job.sql:1:42: a sub-query as a value has one column
SELECT CASE WHEN n IN (SELECT id FROM orders) THEN 1 END FROM readings
=> job.sql:1:18: EXISTS or IN here, or of such a sub-query is not supported; there is [NOT] EXISTS and [NOT] IN (SELECT …) in WHERE and HAVING, with AND, OR and NOT between them; where the sub-query looks at columns of the rows, it has no UNION and no LIMIT, and none but = where it aggregates
SELECT n FROM readings WHERE n NOT IN (SELECT id FROM orders) OR n > 7
=> job.sql:1:30: beside OR, NOT IN of what may be null, and EXISTS or IN by other comparisons than = is not supported; there is [INNER | LEFT | RIGHT | FULL | CROSS] JOIN … ON, EXISTS and IN (SELECT …)
SELECT n FROM readings WHERE EXISTS (SELECT 1 FROM orders WHERE id > n) OR n > 7
=> job.sql:1:76: beside OR, NOT IN of what may be null, and EXISTS or IN by other comparisons than = is not supported; there is [INNER | LEFT | RIGHT | FULL | CROSS] JOIN … ON, EXISTS and IN (SELECT …)
SELECT n FROM readings WHERE (n IN (SELECT id FROM orders)) IS NULL
=> job.sql:1:31: EXISTS or IN within another expression is not supported; there is AND, OR and NOT between them
SELECT sensor FROM readings WHERE EXISTS (SELECT COUNT(*) FROM orders WHERE id = n)
=> job.sql:1:1: EXISTS, NOT IN, or COUNT, of an aggregate of what belongs to a row is not supported; join a sub-query with GROUP BY
SELECT sensor FROM readings WHERE 0 IN (SELECT COUNT(*) FROM orders WHERE id = n)
=> job.sql:1:1: EXISTS, NOT IN, or COUNT, of an aggregate of what belongs to a row is not supported; join a sub-query with GROUP BY
SELECT r.sensor FROM readings AS r NATURAL JOIN orders AS o
=> job.sql:1:49: NATURAL JOIN is not supported; there is [INNER | LEFT | RIGHT | FULL] JOIN … ON, [INNER | LEFT] JOIN … USING, and CROSS JOIN
SELECT sensor FROM readings RIGHT JOIN orders USING (sensor)
=> job.sql:1:40: RIGHT JOIN … USING is not supported; there is [INNER | LEFT | RIGHT | FULL] JOIN … ON, [INNER | LEFT] JOIN … USING, and CROSS JOIN
SELECT sensor FROM readings FULL OUTER JOIN orders USING (sensor)
=> job.sql:1:45: FULL JOIN … USING is not supported; there is [INNER | LEFT | RIGHT | FULL] JOIN … ON, [INNER | LEFT] JOIN … USING, and CROSS JOIN
SELECT * FROM readings JOIN orders USING (sensor)
=> job.sql:1:8: * of JOIN … USING is not supported; name its columns
SELECT sensor FROM readings JOIN orders
=> job.sql:1:34: JOIN without ON is not supported; there is [INNER | LEFT | RIGHT | FULL] JOIN … ON, [INNER | LEFT] JOIN … USING, and CROSS JOIN
SELECT sensor FROM readings LEFT JOIN (readings AS b INNER JOIN orders) ON b.n = readings.n
=> job.sql:1:65: JOIN without ON is not supported; there is [INNER | LEFT | RIGHT | FULL] JOIN … ON, [INNER | LEFT] JOIN … USING, and CROSS JOIN
SELECT sensor FROM readings LIMIT -1
=> job.sql:1:29: LIMIT or OFFSET below zero is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT sensor FROM readings ORDER BY n LIMIT 3 OFFSET -2
=> job.sql:1:40: LIMIT or OFFSET below zero is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT n FROM readings WHERE sensor IN (SELECT id FROM orders)
=> job.sql:1:30: what is compared is of one type, and these are STRING and BIGINT; write CAST
SELECT n FROM readings WHERE n > 1 AND ts NOT IN (SELECT buyer FROM orders)
=> job.sql:1:40: what is compared is of one type, and these are TIMESTAMP_LTZ(3) and STRING; write CAST
SELECT n FROM readings WHERE n IN (SELECT ts FROM readings)
=> job.sql:1:30: what is compared is of one type, and these are INT and TIMESTAMP_LTZ(3); write CAST
SELECT n FROM readings WHERE n = ANY (SELECT id FROM orders)
=> job.sql:1:34: ANY (SELECT …) is not supported; IN (SELECT …) does the same as = ANY
SELECT r.n FROM readings AS r, LATERAL (SELECT id FROM orders WHERE id = r.n) AS o
=> job.sql:1:41: this in FROM is not supported; there are tables, views, sub-queries and window functions
SELECT n FROM (SELECT n, ROW_NUMBER() OVER (ORDER BY n) AS place FROM readings) WHERE place = 1 OR place = 2
=> job.sql:1:26: ROW_NUMBER without a bound is not supported; there is WHERE n <= 10, or n = 1, on n of (SELECT …, ROW_NUMBER() OVER (PARTITION BY … ORDER BY …) AS n FROM …)
SELECT sensor FROM readings CROSS JOIN UNNEST(ARRAY[1]) AS t (x)
=> job.sql:1:40: there is no table function UNNEST; there is TUMBLE, HOP, CUMULATE, SESSION
SELECT sensor FROM readings TABLESAMPLE BERNOULLI (10)
=> job.sql:1:29: TABLESAMPLE is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT n FROM readings INTERSECT SELECT buyer FROM orders
=> job.sql:1:1: INTERSECT of INT and STRING in 'n'; write CAST
SELECT n FROM readings EXCEPT ALL SELECT buyer FROM orders
=> job.sql:1:1: EXCEPT of INT and STRING in 'n'; write CAST
SELECT n FROM readings MINUS SELECT id FROM orders
=> job.sql:1:24: MINUS is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT sensor FROM readings INTERSECT SELECT buyer, id FROM orders
=> job.sql:1:1: INTERSECT of queries that do not have as many columns as each other
SELECT n FROM readings WHERE n > (SELECT id FROM orders WHERE id = n LIMIT 1)
=> job.sql:1:1: a sub-query as a value that looks at columns of the rows aggregates all that belongs to one, as by MAX(x)
SELECT sensor FROM readings UNION ALL SELECT buyer, id FROM orders
=> job.sql:1:29: UNION of queries that do not have as many columns as each other
SELECT sensor, COUNT(*) FROM readings GROUP BY ROLLUP (sensor)
=> job.sql:1:56: GROUPING SETS is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT sensor, COUNT(*) FROM readings GROUP BY GROUPING SETS ((sensor), ())
=> job.sql:1:64: GROUPING SETS is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT sensor, COUNT(*) FROM readings GROUP BY CUBE (sensor)
=> job.sql:1:54: GROUPING SETS is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
WITH RECURSIVE r AS (SELECT n FROM readings) SELECT n FROM r
=> job.sql:1:1: WITH RECURSIVE is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT 1
=> job.sql:1:1: SELECT without FROM is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT DISTINCT ON (sensor) sensor FROM readings
=> job.sql:1:8: DISTINCT ON is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT sensor FROM readings QUALIFY n > 1
=> job.sql:1:29: QUALIFY is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
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
=> job.sql:1:8: ROW_NUMBER without a bound is not supported; there is WHERE n <= 10, or n = 1, on n of (SELECT …, ROW_NUMBER() OVER (PARTITION BY … ORDER BY …) AS n FROM …)
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
=> job.sql:1:8: STRING + TIMESTAMP_LTZ(3) is not computed; write CAST
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
=> job.sql:1:8: UPPER needs an argument
SELECT UPPER(sensor, sensor) FROM readings
=> job.sql:1:8: UPPER takes 1 argument, and these are 2
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
=> job.sql:1:8: a window in GROUP BY is not supported; write FROM TUMBLE(TABLE t, DESCRIPTOR(time), size), and window_start
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
# Columns are of types that can be written.
SELECT sensor,
  INTERVAL '1' DAY FROM readings
=> job.sql:2:12: a column of type INTERVAL is not supported; an interval is added to a time, or taken from one
SELECT CASE WHEN n > 1 THEN INTERVAL '1' DAY END FROM readings
=> job.sql:1:18: a column of type INTERVAL is not supported; an interval is added to a time, or taken from one
SELECT ts + d FROM (SELECT ts, INTERVAL '1' DAY AS d FROM readings)
=> job.sql:1:41: a column of type INTERVAL is not supported; an interval is added to a time, or taken from one
CREATE TABLE t (n INT, c AS INTERVAL '1' DAY) WITH ('connector' = 'datagen')
=> job.sql:1:38: a column of type INTERVAL is not supported; an interval is added to a time, or taken from one
SELECT n FROM readings WHERE n > 12345678901234567890123456789012345678901234
=> job.sql:1:34: a number of 44 digits is not supported; a DECIMAL has 38 at the most, and 1e40 is a DOUBLE
SELECT 0.123456789012345678901234567890123456789 FROM readings
=> job.sql:1:8: a number of 39 digits is not supported; a DECIMAL has 38 at the most, and 1e40 is a DOUBLE
# A constant that has no value is told where it is written.
SELECT sensor
FROM readings
WHERE n > 1 AND
  n < CAST('abc' AS INT) + 1
=> job.sql:4:12: CAST('abc' AS INT) has no value: 'abc' is no INT
SELECT 1 + 2 * (3 / 0) FROM readings
=> job.sql:1:17: 3 / 0 has no value: division by zero
CREATE TABLE t (n INT, c AS n + CAST('x' AS INT)) WITH ('connector' = 'datagen')
=> job.sql:1:38: CAST('x' AS INT) has no value: 'x' is no INT
SELECT SUM(n / CAST('' AS INT)) FROM readings
=> job.sql:1:21: CAST('' AS INT) has no value: '' is no INT
SELECT n FROM readings WHERE ts > TIMESTAMP '2024-13-01 00:00:00'
=> job.sql:1:45: TIMESTAMP '2024-13-01 00:00:00' has no value: '2024-13-01 00:00:00' is no TIMESTAMP(6)
SELECT CASE WHEN n > 1 THEN CAST('abc' AS DATE) END FROM readings
=> job.sql:1:34: CAST('abc' AS DATE) has no value: 'abc' is no DATE
SELECT IF(n > 1, CAST('abc' AS INT), 1 / 0) FROM readings
=> job.sql:1:23: CAST('abc' AS INT) has no value: 'abc' is no INT
SELECT COALESCE(ts, TIMESTAMP '2024-02-30 00:00:00') FROM readings
=> job.sql:1:31: TIMESTAMP '2024-02-30 00:00:00' has no value: '2024-02-30 00:00:00' is no TIMESTAMP(6)
SELECT ARRAY[1, 'a'] FROM readings
=> job.sql:1:14: what is in an ARRAY is of one type, and these are INT and STRING; write CAST
SELECT ARRAY[n, sensor] FROM readings
=> job.sql:1:14: what is in an ARRAY is of one type, and these are INT and STRING; write CAST
# What a function does not take of any row.
SELECT TO_TIMESTAMP_LTZ(1, 5) FROM readings
=> job.sql:1:8: TO_TIMESTAMP_LTZ(1, 5) has no value: TO_TIMESTAMP_LTZ is TO_TIMESTAMP_LTZ(number, precision), precision 0 or 3
SELECT n, TO_TIMESTAMP_LTZ(n, 5) FROM readings
=> job.sql:1:11: TO_TIMESTAMP_LTZ is TO_TIMESTAMP_LTZ(number, precision), precision 0 or 3
SELECT TO_TIMESTAMP_LTZ(n, n) FROM readings
=> job.sql:1:8: TO_TIMESTAMP_LTZ is TO_TIMESTAMP_LTZ(number, precision), precision 0 or 3
SELECT n, TIMESTAMPADD(FORTNIGHT, n, ts) FROM readings
=> job.sql:1:24: this unit is not supported; there is SECOND, MINUTE, HOUR, DAY, WEEK, MONTH, QUARTER and YEAR
SELECT TIMESTAMPDIFF(FORTNIGHT, ts, ts) FROM readings
=> job.sql:1:22: this unit is not supported; there is SECOND, MINUTE, HOUR, DAY, WEEK, MONTH, QUARTER and YEAR
SELECT CASE WHEN n > 1 THEN DATE_FORMAT(ts, 'EEEE') END FROM readings
=> job.sql:1:29: DATE_FORMAT: the pattern 'EEEE' has a letter that is not supported; there is y, M, d, D, H, h, m, s, S and a
# Times are no numbers, and numbers no times.
SELECT CAST(n AS TIMESTAMP(3)) FROM readings
=> job.sql:1:13: CAST of INT to TIMESTAMP(3) is not supported; there is TO_TIMESTAMP_LTZ(number, precision)
SELECT TRY_CAST(reading AS TIMESTAMP_LTZ(3)) FROM readings
=> job.sql:1:17: CAST of DOUBLE to TIMESTAMP_LTZ(3) is not supported; there is TO_TIMESTAMP_LTZ(number, precision)
SELECT sensor, CAST(ts AS BIGINT) FROM readings
=> job.sql:1:21: CAST of TIMESTAMP_LTZ(3) to BIGINT is not supported; there is EXTRACT(EPOCH FROM time), and TIMESTAMPDIFF(unit, from, to)
SELECT CAST(CAST(ts AS DATE) AS INT) FROM readings
=> job.sql:1:18: CAST of DATE to INT is not supported; there is EXTRACT(EPOCH FROM time), and TIMESTAMPDIFF(unit, from, to)
SELECT CAST(n AS DATE) FROM readings
=> job.sql:1:13: CAST of INT to DATE is not supported; there is TO_TIMESTAMP_LTZ(number, precision)
SELECT CAST(n AS BYTES) FROM readings
=> job.sql:1:13: CAST of INT to BYTES is not supported; CAST to STRING first, or write a comparison
SELECT CAST(reading AS BOOLEAN) FROM readings
=> job.sql:1:13: CAST of DOUBLE to BOOLEAN is not supported; CAST to STRING first, or write a comparison
CREATE TABLE t (n BIGINT, at AS CAST(n AS TIMESTAMP(3))) WITH ('connector' = 'datagen')
=> job.sql:1:38: CAST of BIGINT to TIMESTAMP(3) is not supported; there is TO_TIMESTAMP_LTZ(number, precision)
SELECT CAST(CAST(ts AS TIME) AS TIMESTAMP(3)) FROM readings
=> job.sql:1:18: CAST of TIME to TIMESTAMP(3) is not supported; there are casts of TIMESTAMP to DATE and TIME, and of DATE to TIMESTAMP
SELECT CAST(CAST(ts AS DATE) AS TIME) FROM readings
=> job.sql:1:18: CAST of DATE to TIME is not supported; there are casts of TIMESTAMP to DATE and TIME, and of DATE to TIMESTAMP
SELECT -ts FROM readings
=> job.sql:1:9: a time with a minus is not supported; there is TIMESTAMPDIFF(unit, from, to)
SELECT sensor, X'616' FROM readings
=> job.sql:1:16: X'616' is not supported; two digits from 0 to F are a byte
SELECT reading * 1e400 FROM readings
=> job.sql:1:18: the number 1e400 is not supported; a DOUBLE is below 1.8e308
SELECT CAST(item AS STRING) FROM orders
=> job.sql:1:13: CAST of ROW<name STRING, tags ARRAY<STRING>> to STRING is not supported; CAST what is in it, as item.name or tags[1]
SELECT CAST(ARRAY[n, NULL] AS STRING) FROM readings
=> job.sql:1:19: CAST of ARRAY<INT> to STRING is not supported; CAST what is in it, as item.name or tags[1]
# Elements of ARRAY and MAP, and fields of ROW.
SELECT id, attributes[1] FROM orders
=> job.sql:1:12: the keys of this MAP are STRING, and this is INT; write CAST
SELECT attributes[id] FROM orders
=> job.sql:1:8: the keys of this MAP are STRING, and this is BIGINT; write CAST
SELECT attributes['a'][1] FROM orders
=> job.sql:1:8: only an ARRAY and a MAP have elements, and this is INT
SELECT id, item.tags['x'] FROM orders
=> job.sql:1:12: an element of an ARRAY has a number, from 1, and this is STRING
SELECT id, item.tags[0] FROM orders
=> job.sql:1:12: the elements of an ARRAY are numbered from 1
SELECT id[1] FROM orders
=> job.sql:1:8: only an ARRAY and a MAP have elements, and this is BIGINT
SELECT id, (item).nam FROM orders
=> job.sql:1:19: there is no field 'nam' in this ROW; did you mean 'name'?
SELECT id, (attributes).a FROM orders
=> job.sql:1:25: only a ROW has fields, and this is MAP<STRING, INT>
SELECT id, attributes.a FROM orders
=> job.sql:1:12: only a ROW has fields, and 'attributes.a' is in none
SELECT id, (ARRAY[item])[1].nam FROM orders
=> job.sql:1:29: there is no field 'nam' in this ROW; did you mean 'name'?
SELECT id, item[1] FROM orders
=> job.sql:1:12: a ROW has fields, as in item.name
SELECT id, item.tags || item.tags FROM orders
=> job.sql:1:12: || of ARRAY<STRING> and ARRAY<STRING> is not supported; take what is in it, as item.name or tags[1]
SELECT id, item.tags = buyer FROM orders
=> job.sql:1:24: = of ARRAY<STRING> and STRING is not supported; take what is in it, as item.name or tags[1]
SELECT id, ARRAY[] FROM orders
=> job.sql:1:12: ARRAY[] is not supported; write one element at least: it says of which type they are
# Conditions of other types, and calls of no and of other arguments.
SELECT sensor, n IS TRUE FROM readings
=> job.sql:1:16: a condition is BOOLEAN, and this is INT; write a comparison
SELECT n FROM readings WHERE sensor IS NOT FALSE
=> job.sql:1:30: a condition is BOOLEAN, and this is STRING; write a comparison
SELECT sensor, COUNT(DISTINCT *) FROM readings GROUP BY sensor
=> job.sql:1:16: COUNT(DISTINCT *) is not supported; there is COUNT(DISTINCT column)
SELECT sensor, COALESCE() FROM readings
=> job.sql:1:16: COALESCE needs an argument
SELECT sensor, UPPER(sensor, sensor) FROM readings
=> job.sql:1:16: UPPER takes 1 argument, and these are 2
SELECT sensor, UPPER(n) FROM readings
=> job.sql:1:16: UPPER does not take INT
SELECT sensor, ts + INTERVAL '99999999999999999999' DAY FROM readings
=> job.sql:1:30: an interval of this length is not supported; there is INTERVAL '1' YEAR, MONTH, WEEK, DAY, HOUR, MINUTE or SECOND
SELECT sensor, ts + INTERVAL '999999999' YEAR FROM readings
=> job.sql:1:30: an interval of this length is not supported; there is INTERVAL '1' YEAR, MONTH, WEEK, DAY, HOUR, MINUTE or SECOND
# Patterns that are none.
SELECT sensor, REGEXP(sensor, '(a') FROM readings
=> job.sql:1:31: the pattern '(a' is not supported; unclosed group
SELECT CASE WHEN n > 1 THEN REGEXP_EXTRACT(sensor, '[a', 1) END FROM readings
=> job.sql:1:52: the pattern '[a' is not supported; unclosed character class
SELECT sensor, REGEXP_REPLACE(sensor, '(a)\1', 'b') FROM readings
=> job.sql:1:39: the pattern '(a)\1' is not supported; backreferences are not supported
# What cannot take a row back.
SELECT STDDEV(c) FROM (SELECT sensor, COUNT(*) AS c FROM readings GROUP BY sensor)
=> job.sql:1:8: STDDEV of rows that change is not supported; there is COUNT, SUM, AVG, MIN, MAX, FIRST_VALUE and LAST_VALUE
SELECT sensor, VAR_POP(c) FROM (SELECT sensor, n, COUNT(*) AS c FROM readings GROUP BY sensor, n) GROUP BY sensor
=> job.sql:1:16: VAR_POP of rows that change is not supported; there is COUNT, SUM, AVG, MIN, MAX, FIRST_VALUE and LAST_VALUE
# What functions do not take.
SELECT n, EXTRACT(HOUR FROM sensor) FROM readings
=> job.sql:1:29: EXTRACT is of times, and this is STRING; write CAST
SELECT n, YEAR(sensor) FROM readings
=> job.sql:1:16: EXTRACT is of times, and this is STRING; write CAST
SELECT CHAR_LENGTH(n), CASE WHEN n > 1 THEN REVERSE(n) END FROM readings
=> job.sql:1:20: CHAR_LENGTH is of STRING, and this is INT; write CAST
SELECT n, REGEXP(sensor, n) FROM readings
=> job.sql:1:26: REGEXP is of STRING, and this is INT; write CAST
SELECT n, ROUND(sensor, 2) FROM readings
=> job.sql:1:11: ROUND does not take STRING
SELECT n, ABS(sensor) FROM readings
=> job.sql:1:11: ABS does not take STRING
SELECT n, STARTSWITH(n, 'a') FROM readings
=> job.sql:1:11: STARTSWITH does not take INT
SELECT n, IF(n > 1, 2) FROM readings
=> job.sql:1:11: IF takes another number of arguments
SELECT n, MOD(n) FROM readings
=> job.sql:1:11: MOD takes another number of arguments
SELECT n, FLOOR(sensor) FROM readings
=> job.sql:1:17: FLOOR does not take (STRING)
SELECT NOT n FROM readings
=> job.sql:1:12: a condition is BOOLEAN, and this is INT; write a comparison
SELECT -sensor FROM readings
=> job.sql:1:9: only a number has a minus; write CAST
SELECT sensor, CURRENT_DATE + n FROM readings
=> job.sql:1:31: DATE + INT is not computed; write + INTERVAL '1' DAY
SELECT sensor, DATE '2024-01-02' - 1 FROM readings
=> job.sql:1:21: DATE - INT is not computed; write - INTERVAL '1' DAY
SELECT sensor, ts + INTERVAL '10' MINUTE * n FROM readings
=> job.sql:1:30: an interval times a number is not supported; there is TIMESTAMPADD(MINUTE, 10 * n, time)
SELECT sensor, ts - n * (INTERVAL '1' DAY) FROM readings
=> job.sql:1:21: an interval times a number is not supported; there is TIMESTAMPADD(MINUTE, 10 * n, time)
SELECT EXTRACT(YEAR FROM CAST(ts AS TIME)) FROM readings
=> job.sql:1:31: YEAR of a TIME, in EXTRACT, is not supported; a TIME has HOUR, MINUTE, SECOND and parts of it
SELECT DAYOFWEEK(CAST(ts AS TIME)) FROM readings
=> job.sql:1:23: DOW of a TIME, in EXTRACT, is not supported; a TIME has HOUR, MINUTE, SECOND and parts of it
SELECT COUNT(DISTINCT sensor, n) FROM readings
=> job.sql:1:8: COUNT is of one argument
SELECT n FROM readings WHERE n <> ALL (SELECT id FROM orders)
=> job.sql:1:35: ALL (SELECT …) is not supported; NOT IN (SELECT …) does the same as <> ALL
SELECT sensor FROM readings AS a JOIN readings AS b USING (sensor) JOIN readings AS c ON a.n = c.n
=> job.sql:1:8: the column 'sensor' could be one of several; write the name of its table before it
SELECT sensor FROM readings AS a JOIN readings AS b USING (sensor) WHERE sensor > 'a'
=> job.sql:1:74: the column 'sensor' could be one of several; write the name of its table before it
