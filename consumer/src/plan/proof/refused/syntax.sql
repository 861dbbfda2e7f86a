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
SELECT CONVERT(n, CHAR) FROM readings
=> job.sql:1:8: CONVERT is not supported; write CAST(value AS type)
SELECT n FROM (SELECT CONVERT(sensor USING utf8) AS n FROM readings)
=> job.sql:1:23: CONVERT is not supported; write CAST(value AS type)
SELECT SAFE_CAST(sensor AS INT) FROM readings
=> job.sql:1:8: SAFE_CAST is not supported; write TRY_CAST(value AS type)
# What Flink has, and is not here.
SELECT JSON_VALUE(sensor, '$.a' RETURNING INT) FROM readings
=> job.sql:1:8: JSON_VALUE is not supported; no function reads JSON: declare the column as ROW, ARRAY or MAP in its table
SELECT sensor FROM readings WHERE JSON_EXISTS(sensor, '$.a')
=> job.sql:1:35: JSON_EXISTS is not supported; no function reads JSON: declare the column as ROW, ARRAY or MAP in its table
SELECT n FROM (SELECT JSON_QUERY(sensor, '$.a' WITH WRAPPER) AS n FROM readings)
=> job.sql:1:23: JSON_QUERY is not supported; no function reads JSON: declare the column as ROW, ARRAY or MAP in its table
SELECT JSON_OBJECT('a' VALUE n) FROM readings
=> job.sql:1:8: JSON_OBJECT is not supported; no function reads JSON: declare the column as ROW, ARRAY or MAP in its table
SELECT MAP['a', 1] FROM readings
=> job.sql:1:8: MAP[…] is not supported; there is ARRAY[…], and MAP as the type of a column
SELECT OVERLAY(sensor PLACING 'x' FROM 2) FROM readings
=> job.sql:1:8: OVERLAY is not supported; there is LEFT, RIGHT, SUBSTRING and ||
SELECT CURRENT_DATE() FROM readings
=> job.sql:1:8: CURRENT_DATE(…) is not supported; write it without brackets
SELECT CAST(ts AS MAP<STRING, INT>) FROM readings
=> job.sql:1:16: CAST to MAP is not supported; there are numbers, STRING, BYTES, DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ
SELECT 'a' 'b' FROM readings
=> job.sql:1:8: a text behind a text is not supported; join them by ||
SELECT
  X'ABC' FROM readings
=> job.sql:2:3: X'ABC' is not supported; two digits from 0 to F are a byte
SELECT
  CURRENT_TIMESTAMP(3) FROM readings
=> job.sql:2:3: CURRENT_TIMESTAMP(…) is not supported; write it without brackets
