# Each is told at the word that it is about.
SELECT TOP 3 sensor FROM readings
=> job.sql:1:8: TOP is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT sensor
FROM readings
FOR UPDATE
=> job.sql:3:1: FOR UPDATE is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT sensor INTO t FROM readings
=> job.sql:1:15: INTO in SELECT is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT sensor FROM readings LATERAL VIEW EXPLODE(sensor) t AS x
=> job.sql:1:29: LATERAL VIEW is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT sensor FROM readings SORT BY sensor
=> job.sql:1:29: SORT BY is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT sensor FROM readings CLUSTER BY sensor
=> job.sql:1:29: CLUSTER BY is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT sensor FROM readings DISTRIBUTE BY sensor
=> job.sql:1:29: DISTRIBUTE BY is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT sensor FROM readings
WHERE n > 1 AND COUNT(*) > 1
=> job.sql:2:17: COUNT in WHERE is not supported; there is HAVING, and a sub-query in FROM
SELECT sensor FROM readings WHERE SUM(n) OVER (ORDER BY ts) > 1
=> job.sql:1:35: OVER in WHERE is not supported; there is HAVING, and a sub-query in FROM
SELECT COUNT(*) FROM readings GROUP BY MAX(n)
=> job.sql:1:40: MAX in GROUP BY is not supported; there is a sub-query in FROM
SELECT SUM(n + MAX(n)) FROM readings
=> job.sql:1:16: MAX in SUM is not supported; there is a sub-query in FROM
SELECT SUM(n) FILTER (WHERE MAX(n) > 1) FROM readings
=> job.sql:1:29: MAX in SUM is not supported; there is a sub-query in FROM
SELECT SUM(SUM(n) OVER (ORDER BY ts)) FROM readings
=> job.sql:1:12: OVER in SUM is not supported; there is a sub-query in FROM
SELECT sensor FROM readings GROUP BY sensor HAVING SUM(n) OVER (ORDER BY sensor) > 1
=> job.sql:1:56: HAVING has 'readings.n', which is neither in GROUP BY nor in an aggregate function
SELECT sensor FROM readings WHERE n > (SELECT id FROM orders)
=> job.sql:1:47: a sub-query of several rows as a value is not supported; aggregate them all, as by MAX(x), or write LIMIT 1
SELECT sensor FROM (
  SELECT sensor, ts FROM readings WHERE n
)
=> job.sql:2:41: a condition is BOOLEAN, and this is INT; write a comparison
SELECT sensor FROM readings GROUP BY sensor HAVING COUNT(*)
=> job.sql:1:52: a condition is BOOLEAN, and this is BIGINT; write a comparison
SELECT sensor FROM readings WHERE n > 1 ORDER BY sensor
=> job.sql:1:41: ORDER BY without LIMIT is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT sensor FROM readings
OFFSET 3 ROWS
=> job.sql:2:1: OFFSET is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT SUM(n) OVER (ORDER BY ts) FROM readings
ORDER BY ts
=> job.sql:2:1: ORDER BY without LIMIT is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT sensor FROM readings OFFSET 2 ROWS
=> job.sql:1:29: OFFSET is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT sensor FROM readings FETCH NEXT ROW WITH TIES
=> job.sql:1:29: FETCH with PERCENT, with WITH TIES, or beside LIMIT is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT CASE WHEN n > 1 THEN n ED FROM readings
=> job.sql:1:31: expected: END, found: ED
SELECT n FROM readings GROUP BY ALL
=> job.sql:1:24: GROUP BY ALL is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
SELECT n FROM readings WHERE n BETWEEN 1
=> job.sql:1:41: expected: AND, found the end of the text
SELECT sensor FROM readings UNION SELECT DISTINCT sensor FROM readings MINUS SELECT sensor FROM printed
=> job.sql:1:72: MINUS is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
CREATE TABLE folder (sensor STRING, n BIGINT) WITH ('connector' = 'filesystem', 'path' = 'f', 'format' = 'json');
EXECUTE STATEMENT SET BEGIN
INSERT INTO printed SELECT sensor, 1 FROM readings;
INSERT INTO folder SELECT sensor, COUNT(*) FROM readings GROUP BY sensor;
END
=> job.sql:4:13: 'folder' ('filesystem') doesn't support consuming update changes, which GROUP BY or DISTINCT without a window gives; write them to a stream ('brooklet') or to 'print', or aggregate by a window
SELECT
  item.name.x FROM orders
=> job.sql:2:3: only a ROW has fields, and 'item.name.x' is in none
SELECT
  sensor LIKE n FROM readings
=> job.sql:2:3: LIKE is of texts, and these are STRING and INT; write CAST
SELECT
  SUBSTRING(n FROM 2) FROM readings
=> job.sql:2:13: SUBSTRING is SUBSTRING(text, from [, length])
SELECT
  TRIM(n) FROM readings
=> job.sql:2:8: TRIM does not take INT
SELECT
  POSITION(1 IN sensor) FROM readings
=> job.sql:2:12: POSITION does not take INT
SELECT
  CAST(sensor AS FOO) FROM readings
=> job.sql:2:18: the type FOO in an expression is not supported; there are numbers, STRING, BYTES, DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ
SELECT sensor, COUNT(*)
FROM readings
GROUP BY sensor
HAVING n > 1
=> job.sql:4:8: HAVING has 'readings.n', which is neither in GROUP BY nor in an aggregate function
INSERT INTO printed
SELECT sensor, SUM(n) OVER (ORDER BY n) FROM readings
=> job.sql:2:20: OVER in the order of a column that is no time is not supported; there is OVER ([PARTITION BY …] ORDER BY time [ROWS|RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW])
SELECT n FROM readings;
SELECT sensor FROM (SELECT sensor, n AS a b FROM readings)
=> job.sql:2:43: expected ')', found 'b'
SELECT sensor FROM (
  SELECT sensor FROM (SELECT sensor FROM readings GRUP BY n) AS a
) AS b WHERE
=> job.sql:2:56: expected ')', found 'BY'
SELECT sensor FROM (SELECT sensor FROM readings
=> job.sql:1:48: expected ')', found the end of the text
SELECT sensor FROM (SELECT FROM readings);
SELECT sensor FROM (SELECT sensor,)
=> job.sql:1:33: expected an expression, found: FROM
SELECT
  r.* FROM readings
=> job.sql:2:3: there is no table 'r' in FROM
SELECT sensor FROM readings WHERE (SELECT n) > (
=> job.sql:1:49: expected: an expression, found the end of the text
# What is written as a number or a text has no place of its own: it is that of what chooses from them.
SELECT n,
  LEFT(sensor, 'a') FROM readings
=> job.sql:2:3: LEFT is of so many characters, INT, and this is STRING; write CAST
SELECT n,
  UPPER(RIGHT(sensor, sensor)) FROM readings
=> job.sql:2:23: RIGHT is of so many characters, INT, and this is STRING; write CAST
SELECT CASE WHEN n > 0 THEN 1 ELSE 2 END,
  CASE WHEN n > 0 THEN 1 ELSE 'a' END FROM readings
=> job.sql:2:3: what a result is chosen from is of one type, and these are INT and STRING; write CAST
SELECT IF(n > 0, 'a', 'b'),
  IF(n > 0, 1, 'a') FROM readings
=> job.sql:2:3: what a result is chosen from is of one type, and these are INT and STRING; write CAST
# What plans a query does not know where its constants are.
SELECT sensor,
  LOCATE('a', 5) FROM readings
=> job.sql:2:3: POSITION does not take INT
SELECT sensor,
  LOCATE('a', n) FROM readings
=> job.sql:2:3: POSITION does not take INT
SELECT sensor,
  n + INSTR(5, 'a') FROM readings
=> job.sql:2:7: POSITION does not take INT
SELECT sensor,
  CHR('a') FROM readings
=> job.sql:2:3: STRING % INT is not computed; write CAST
SELECT sensor,
  MOD('a', 2) FROM readings
=> job.sql:2:3: STRING % INT is not computed; write CAST
SELECT sensor FROM readings
WHERE n > 1 AND NOT 5
=> job.sql:2:21: a condition is BOOLEAN, and this is INT; write a comparison
SELECT sensor,
  2 - 'a' FROM readings
=> job.sql:2:3: INT - STRING is not computed; write CAST
CREATE TABLE t (a INT, b AS
  LOCATE('a', 5)) WITH ('connector' = 'datagen')
=> job.sql:2:3: POSITION does not take INT
SELECT n FROM readings WHERE EXISTS (
  SELECT 1 FROM orders WHERE id = n AND EXISTS (
    SELECT 1 FROM orders AS o WHERE o.id = readings.n))
=> job.sql:3:44: 'readings.n', a column of a query further out, is not supported; a sub-query looks at its own columns and those of the query right around it: write both sub-queries as one, with a JOIN
SELECT n FROM readings WHERE n IN (
  SELECT id FROM orders WHERE id > (SELECT MAX(o.id) FROM orders AS o WHERE o.id = n))
=> job.sql:2:84: 'readings.n', a column of a query further out, is not supported; a sub-query looks at its own columns and those of the query right around it: write both sub-queries as one, with a JOIN
SELECT n FROM readings AS r WHERE n IN (
  SELECT id FROM orders WHERE id IN (SELECT o.id FROM orders AS o WHERE o.id = r.m))
=> job.sql:2:80: there is no column 'r.m'; there is id, price, buyer, at, item, attributes, now
