# What other dialects write.
SELECT
  n::STRING FROM readings
=> job.sql:2:4: '::' is not supported; write CAST(value AS type)
SELECT sensor FROM readings WHERE n == 1
=> job.sql:1:37: '==' is not supported; write =
SELECT sensor FROM readings WHERE n <=> 1
=> job.sql:1:37: '<=>' is not supported; write IS NOT DISTINCT FROM
SELECT ~n FROM readings
=> job.sql:1:8: '~' is not supported; there is =, <>, <, <=, >, >=, +, -, *, /, %, ||, AND, OR and NOT
SELECT n & 1 FROM readings
=> job.sql:1:10: '&' is not supported; there is =, <>, <, <=, >, >=, +, -, *, /, %, ||, AND, OR and NOT
SELECT n | 1 FROM readings
=> job.sql:1:10: '|' is not supported; there is =, <>, <, <=, >, >=, +, -, *, /, %, ||, AND, OR and NOT
SELECT n ^ 1 FROM readings
=> job.sql:1:10: '^' is not supported; there is =, <>, <, <=, >, >=, +, -, *, /, %, ||, AND, OR and NOT
SELECT n << 1 FROM readings
=> job.sql:1:10: '<<' is not supported; there is =, <>, <, <=, >, >=, +, -, *, /, %, ||, AND, OR and NOT
SELECT sensor FROM readings WHERE !(n > 1)
=> job.sql:1:35: '!' is not supported; there is =, <>, <, <=, >, >=, +, -, *, /, %, ||, AND, OR and NOT
SELECT sensor FROM readings WHERE n > 1 && n < 5
=> job.sql:1:41: '&&' is not supported; there is =, <>, <, <=, >, >=, +, -, *, /, %, ||, AND, OR and NOT
SELECT sensor FROM readings WHERE sensor ~ 'a'
=> job.sql:1:42: '~' is not supported; there is =, <>, <, <=, >, >=, +, -, *, /, %, ||, AND, OR and NOT
SELECT item->name FROM orders
=> job.sql:1:12: '->' is not supported; there is =, <>, <, <=, >, >=, +, -, *, /, %, ||, AND, OR and NOT
SELECT item:name FROM orders
=> job.sql:1:12: ':' is not supported; there is =, <>, <, <=, >, >=, +, -, *, /, %, ||, AND, OR and NOT
SELECT $$a$$ FROM readings
=> job.sql:1:8: $$…$$ is not supported; text stands in '…'
SELECT N'a' FROM readings
=> job.sql:1:8: N'…' is not supported; text stands in '…'
SELECT U&'\0041' FROM readings
=> job.sql:1:8: U&'…' is not supported; text stands in '…'
SELECT _UTF8'a' FROM readings
=> job.sql:1:8: a character set is not supported; all text is UTF-8; write '…' alone
SELECT ? FROM readings
=> job.sql:1:8: a parameter is not supported; write the value
SELECT {d '2024-01-02'} FROM readings
=> job.sql:1:8: {…} is not supported; write DATE '…', TIME '…' or TIMESTAMP '…', or the call alone
SELECT {fn UPPER(sensor)} FROM readings
=> job.sql:1:8: {…} is not supported; write DATE '…', TIME '…' or TIMESTAMP '…', or the call alone
SELECT 0xFF FROM readings
=> job.sql:1:8: '0xFF' is not supported; there are numbers such as 1000, 0.5 and 1e3
SELECT n + 1_000 FROM readings
=> job.sql:1:12: '1_000' is not supported; there are numbers such as 1000, 0.5 and 1e3
SELECT 1L FROM readings
=> job.sql:1:8: '1L' is not supported; there are numbers such as 1000, 0.5 and 1e3
SELECT n FROM readings WHERE n > 1 XOR n < 5
=> job.sql:1:36: XOR is not supported; compare the conditions by <>
SELECT CASE WHEN n > 1 XOR n < 5 THEN n DIV 2 END FROM readings
=> job.sql:1:24: XOR is not supported; compare the conditions by <>
SELECT n FROM (SELECT n DIV 2 AS n FROM readings)
=> job.sql:1:25: DIV is not supported; write /, which of whole numbers gives one
SELECT CONVERT(n, CHAR) FROM readings
=> job.sql:1:8: CONVERT is not supported; write CAST(value AS type)
SELECT n FROM (SELECT CONVERT(sensor USING utf8) AS n FROM readings)
=> job.sql:1:23: CONVERT is not supported; write CAST(value AS type)
SELECT SAFE_CAST(sensor AS INT) FROM readings
=> job.sql:1:8: SAFE_CAST is not supported; write TRY_CAST(value AS type)
SELECT CAST(sensor AS DATE FORMAT 'YYYY') FROM readings
=> job.sql:1:28: FORMAT in CAST is not supported; there is DATE_FORMAT and TO_TIMESTAMP
SELECT sensor FROM readings WHERE n = ANY(ARRAY[1, 2])
=> job.sql:1:39: ANY (…) is not supported; there is IN (value, …)
SELECT sensor FROM readings WHERE n > SOME(SELECT id FROM orders)
=> job.sql:1:39: SOME (SELECT …) is not supported; compare with (SELECT MIN(x) …) or (SELECT MAX(x) …)
SELECT sensor FROM readings WHERE n <> ALL(ARRAY[1, 2])
=> job.sql:1:40: ALL (…) is not supported; compare with each value, with AND
SELECT sensor FROM readings WHERE n IN UNNEST(ARRAY[1, 2])
=> job.sql:1:40: UNNEST is not supported; there is IN (value, …)
SELECT sensor FROM readings WHERE sensor LIKE 'a!%' ESCAPE '!!'
=> job.sql:1:60: this ESCAPE is not supported; it is one character
SELECT sensor FROM readings WHERE sensor LIKE 'a!%' ESCAPE ''
=> job.sql:1:60: this ESCAPE is not supported; it is one character
SELECT sensor FROM readings WHERE sensor LIKE ANY ('a', 'b')
=> job.sql:1:42: LIKE ANY is not supported; write LIKE of each pattern, with OR
SELECT sensor FROM readings WHERE sensor REGEXP 'a'
=> job.sql:1:42: REGEXP as an operator is not supported; there is REGEXP(text, pattern)
SELECT sensor FROM readings WHERE sensor IS NORMALIZED
=> job.sql:1:42: IS NORMALIZED is not supported; there is IS [NOT] NULL, TRUE and FALSE
SELECT sensor FROM readings WHERE sensor COLLATE x = 'a'
=> job.sql:1:42: COLLATE is not supported; texts are compared by their bytes
SELECT INT '5' FROM readings
=> job.sql:1:12: a literal of this type is not supported; there is DATE '…', TIME '…' and TIMESTAMP '…'; write CAST
SELECT [1, 2] FROM readings
=> job.sql:1:9: […] alone is not supported; write ARRAY[…]
SELECT (1, 2) FROM readings
=> job.sql:1:9: (…, …) as a value is not supported; write the values without brackets, and give each a column of its own
SELECT FLOOR(reading, 2) FROM readings
=> job.sql:1:14: a number of digits here is not supported; there is ROUND and TRUNCATE
SELECT ts + INTERVAL 5 DAY FROM readings
=> job.sql:1:22: an interval without quotes is not supported; there is INTERVAL '1' YEAR, MONTH, WEEK, DAY, HOUR, MINUTE or SECOND
SELECT ts + INTERVAL '5' DAY(3) FROM readings
=> job.sql:1:22: the precision of an interval is not supported; there is INTERVAL '1' YEAR, MONTH, WEEK, DAY, HOUR, MINUTE or SECOND
SELECT ts + INTERVAL '5' DAY TO MINUTE FROM readings
=> job.sql:1:22: this interval is not supported; there is INTERVAL '1 02:03' DAY TO MINUTE, a number for each unit
# What Flink has, and is not here.
SELECT JSON_VALUE(sensor, '$.a' RETURNING INT) FROM readings
=> job.sql:1:8: JSON_VALUE is not supported; no function reads JSON: declare the column as ROW, ARRAY or MAP in its table
SELECT sensor FROM readings WHERE JSON_EXISTS(sensor, '$.a')
=> job.sql:1:35: JSON_EXISTS is not supported; no function reads JSON: declare the column as ROW, ARRAY or MAP in its table
SELECT n FROM (SELECT JSON_QUERY(sensor, '$.a' WITH WRAPPER) AS n FROM readings)
=> job.sql:1:23: JSON_QUERY is not supported; no function reads JSON: declare the column as ROW, ARRAY or MAP in its table
SELECT JSON_OBJECT('a' VALUE n) FROM readings
=> job.sql:1:8: JSON_OBJECT is not supported; no function reads JSON: declare the column as ROW, ARRAY or MAP in its table
SELECT sensor FROM readings WHERE sensor IS JSON
=> job.sql:1:45: expected: [NOT] NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM after IS, found: JSON
SELECT ROW(1, 2) FROM readings
=> job.sql:1:8: ROW(…) is not supported; write the values without brackets, and give each a column of its own
SELECT MAP['a', 1] FROM readings
=> job.sql:1:8: MAP[…] is not supported; there is ARRAY[…], and MAP as the type of a column
SELECT OVERLAY(sensor PLACING 'x' FROM 2) FROM readings
=> job.sql:1:8: OVERLAY is not supported; there is LEFT, RIGHT, SUBSTRING and ||
SELECT CURRENT_TIME FROM readings
=> job.sql:1:8: CURRENT_TIME is not supported; write CAST(LOCALTIMESTAMP AS TIME)
SELECT LOCALTIME FROM readings
=> job.sql:1:8: LOCALTIME is not supported; write CAST(LOCALTIMESTAMP AS TIME)
SELECT COUNT(*) FROM readings GROUP BY ()
=> job.sql:1:31: GROUP BY () is not supported; leave GROUP BY out
EXPLAIN CHANGELOG_MODE, ESTIMATED_COST SELECT sensor FROM readings
=> job.sql:1:23: ',' as the begin of a statement is not supported; there is CREATE TABLE, CREATE VIEW, SET, INSERT INTO, EXECUTE STATEMENT SET, EXPLAIN and SELECT
EXPLAIN PLAN_ADVICE SELECT sensor FROM readings
=> job.sql:1:9: EXPLAIN PLAN_ADVICE is not supported; there is EXPLAIN of SELECT, INSERT INTO and STATEMENT SET
EXPLAIN ESTIMATED_COST, JSON_EXECUTION_PLAN SELECT sensor FROM readings
=> job.sql:1:9: EXPLAIN ESTIMATED_COST is not supported; there is EXPLAIN of SELECT, INSERT INTO and STATEMENT SET
SELECT CURRENT_DATE() FROM readings
=> job.sql:1:8: CURRENT_DATE(…) is not supported; write it without brackets
SELECT CAST(ts AS MAP<STRING, INT>) FROM readings
=> job.sql:1:16: CAST to MAP is not supported; there are numbers, STRING, BYTES, DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ
SELECT CAST(ts AS ARRAY<INT>) FROM readings
=> job.sql:1:19: the type ARRAY<INT> in an expression is not supported; there are numbers, STRING, BYTES, DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ
SELECT NOT n XOR n FROM readings
=> job.sql:1:14: XOR is not supported; compare the conditions by <>
SELECT n MATCH 1 FROM readings
=> job.sql:1:10: there is no operator MATCH
SELECT n OPERATOR(+) 1 FROM readings
=> job.sql:1:10: there is no operator OPERATOR
SELECT 'a' 'b' FROM readings
=> job.sql:1:8: a text behind a text is not supported; join them by ||
SELECT ts - INTERVAL 'abc' DAY FROM readings
=> job.sql:1:22: this interval is not supported; there is INTERVAL '1' YEAR, MONTH, WEEK, DAY, HOUR, MINUTE or SECOND
SELECT sensor, n FROM readings GROUP BY (sensor, n)
=> job.sql:1:42: (…, …) as a value is not supported; write the values without brackets, and give each a column of its own
SELECT (ts - ts) DAY FROM readings
=> job.sql:1:9: a time less another is not supported; there is TIMESTAMPDIFF(unit, from, to)
SELECT sensor 'a' FROM readings
=> job.sql:1:8: a name in '…' is not supported; names stand in `…`, or alone
SELECT (ts, ts) OVERLAPS (ts, ts) FROM readings
=> job.sql:1:17: OVERLAPS is not supported; compare the times by < and >
SELECT
  X'ABC' FROM readings
=> job.sql:2:3: X'ABC' is not supported; two digits from 0 to F are a byte
SELECT
  CURRENT_TIMESTAMP(3) FROM readings
=> job.sql:2:3: CURRENT_TIMESTAMP(…) is not supported; write it without brackets
SELECT sensor FROM readings WHERE (n, n) IN ((1, 2))
=> job.sql:1:36: (…, …) as a value is not supported; write the values without brackets, and give each a column of its own
SELECT TIMESTAMPADD(FORTNIGHT, 1, ts) FROM readings
=> job.sql:1:21: this unit is not supported; there is SECOND, MINUTE, HOUR, DAY, WEEK, MONTH, QUARTER and YEAR
SELECT TIMESTAMPDIFF(n, ts, ts) FROM readings
=> job.sql:1:22: this unit is not supported; there is SECOND, MINUTE, HOUR, DAY, WEEK, MONTH, QUARTER and YEAR
SELECT n FROM readings WITH (NOLOCK)
=> job.sql:1:24: WITH behind a table is not supported; write its options in CREATE TABLE
SELECT SUBSTRING(sensor FOR 2) FROM readings
=> job.sql:1:18: this SUBSTRING is not supported; write SUBSTRING(text FROM 1 FOR length)
SELECT EXTRACT(JULIAN FROM ts) FROM readings
=> job.sql:1:28: this unit is not supported; there is MILLISECOND to YEAR, DOW, DOY, ISODOW, ISOYEAR, EPOCH, DECADE, CENTURY and MILLENNIUM
SELECT FLOOR(ts TO DOW) FROM readings
=> job.sql:1:14: this unit is not supported; there is SECOND, MINUTE, HOUR, DAY, WEEK, MONTH, QUARTER and YEAR
SELECT ARRAY(1) FROM readings
=> job.sql:1:8: ARRAY(…) is not supported; write ARRAY[…]
SELECT LEFT(sensor) FROM readings
=> job.sql:1:8: LEFT does not take (STRING)
