SET 'parallelism.default' = '2'
=> job.sql:1:1: there is nothing to do; write INSERT INTO … SELECT, or SELECT
DELETE FROM printed
=> job.sql:1:1: DELETE is not supported; there is CREATE TABLE, CREATE VIEW, SET, INSERT INTO, EXECUTE STATEMENT SET, EXPLAIN and SELECT
UPDATE printed SET n = 1
=> job.sql:1:1: UPDATE is not supported; there is CREATE TABLE, CREATE VIEW, SET, INSERT INTO, EXECUTE STATEMENT SET, EXPLAIN and SELECT
  MERGE INTO printed USING readings ON TRUE
=> job.sql:1:3: MERGE is not supported; there is CREATE TABLE, CREATE VIEW, SET, INSERT INTO, EXECUTE STATEMENT SET, EXPLAIN and SELECT
DROP TABLE printed
=> job.sql:1:1: DROP is not supported; there is CREATE TABLE, CREATE VIEW, SET, INSERT INTO, EXECUTE STATEMENT SET, EXPLAIN and SELECT
ALTER TABLE printed ADD x INT
=> job.sql:1:1: ALTER is not supported; there is CREATE TABLE, CREATE VIEW, SET, INSERT INTO, EXECUTE STATEMENT SET, EXPLAIN and SELECT
USE CATALOG c
=> job.sql:1:1: USE is not supported; there is CREATE TABLE, CREATE VIEW, SET, INSERT INTO, EXECUTE STATEMENT SET, EXPLAIN and SELECT
SHOW TABLES
=> job.sql:1:1: SHOW is not supported; there is CREATE TABLE, CREATE VIEW, SET, INSERT INTO, EXECUTE STATEMENT SET, EXPLAIN and SELECT
DESCRIBE printed
=> job.sql:1:1: DESCRIBE is not supported; there is CREATE TABLE, CREATE VIEW, SET, INSERT INTO, EXECUTE STATEMENT SET, EXPLAIN and SELECT
BEGIN
=> job.sql:1:1: BEGIN is not supported; there is CREATE TABLE, CREATE VIEW, SET, INSERT INTO, EXECUTE STATEMENT SET, EXPLAIN and SELECT
CREATE FUNCTION f AS 'com.example.F'
=> job.sql:1:8: CREATE FUNCTION is not supported; there is CREATE TABLE, CREATE VIEW, SET, INSERT INTO, EXECUTE STATEMENT SET, EXPLAIN and SELECT
CREATE TEMPORARY FUNCTION f AS 'com.example.F'
=> job.sql:1:18: CREATE FUNCTION is not supported; there is CREATE TABLE, CREATE VIEW, SET, INSERT INTO, EXECUTE STATEMENT SET, EXPLAIN and SELECT
CREATE CATALOG c WITH ('type' = 'x')
=> job.sql:1:8: CREATE CATALOG is not supported; there is CREATE TABLE, CREATE VIEW, SET, INSERT INTO, EXECUTE STATEMENT SET, EXPLAIN and SELECT
CREATE DATABASE d
=> job.sql:1:8: CREATE DATABASE is not supported; there is CREATE TABLE, CREATE VIEW, SET, INSERT INTO, EXECUTE STATEMENT SET, EXPLAIN and SELECT
SELEKT 1
=> job.sql:1:1: SELEKT is not supported; there is CREATE TABLE, CREATE VIEW, SET, INSERT INTO, EXECUTE STATEMENT SET, EXPLAIN and SELECT
SELECT sensor FROM readings; SELECT sensor FROM readings
=> job.sql:1:30: a SELECT is the last statement of a job
SELECT sensor FROM readings;
INSERT INTO printed SELECT sensor, 1 FROM readings
=> job.sql:2:1: a SELECT is the last statement of a job
EXPLAIN SELECT sensor FROM readings;
SELECT sensor FROM readings
=> job.sql:2:1: an EXPLAIN is the last statement of a job
EXPLAIN CREATE VIEW v AS SELECT sensor FROM readings
=> job.sql:1:9: this EXPLAIN is not supported; there is EXPLAIN of SELECT, INSERT INTO and STATEMENT SET
SELECT sensor FROM readings EXTRA WORDS HERE
=> job.sql:1:35: expected the end of the statement, found 'WORDS'
SELECT sensor FROM readings SELECT
=> job.sql:1:29: expected the end of the statement, found 'SELECT'
SELECT 'abc FROM readings
=> job.sql:1:8: unterminated string literal
SELECT "sensor" FROM readings
=> job.sql:1:8: text stands in '…', and a name in `…`
SELECT /*+ OPTIONS('a' = 'b') */ sensor FROM readings
=> job.sql:1:8: a hint is not supported; write the options of a table in its WITH (…), and of the job by SET
SELECT (sensor FROM readings
=> job.sql:1:16: expected: ), found: FROM
EXECUTE STATEMENT SET BEGIN
INSERT INTO printed SELECT sensor, 1 FROM readings
END
=> job.sql:3:1: expected: ;, found: END
EXECUTE STATEMENT SET BEGIN
SELECT sensor FROM readings;
END
=> job.sql:2:1: expected INSERT INTO … SELECT …, found 'SELECT'
SET 'paralelism.default' = '2'
=> job.sql:1:5: there is no option 'paralelism.default'; did you mean 'parallelism.default'?
SET 'parallelism.default' = '0'
=> job.sql:1:29: 'parallelism.default' is a number from 1, not '0'
SET 'execution.runtime-mode' = 'batch'
=> job.sql:1:32: 'execution.runtime-mode' is 'streaming', also for bounded inputs, not 'batch'
SET 'table.local-time-zone' = 'Europe/Berlinn'
=> job.sql:1:31: 'table.local-time-zone' is a time zone such as 'Europe/Berlin', not 'Europe/Berlinn'
SET 'table.exec.source.idle-timeout' = '5 parsecs'
=> job.sql:1:40: 'table.exec.source.idle-timeout' is a duration such as '5 s', not '5 parsecs'
SET 'table.exec.state.ttl' = '1 fortnight'
=> job.sql:1:30: 'table.exec.state.ttl' is a duration from '1 s', such as '1 h', or '0' for ever, not '1 fortnight'
SET 'table.exec.state.ttl' = '500 ms'
=> job.sql:1:30: 'table.exec.state.ttl' is a duration from '1 s', such as '1 h', or '0' for ever, not '500 ms'
SELECT /*+ STATE_TTL('readings' = '1 d') */ sensor FROM readings
=> job.sql:1:8: a hint is not supported; write the options of a table in its WITH (…), and of the job by SET
SET 'table.exec.sink.not-null-enforcer' = 'IGNORE'
=> job.sql:1:43: 'table.exec.sink.not-null-enforcer' is 'ERROR' or 'DROP', not 'IGNORE'
SET 'table.exec.sink.require-on-conflict' = 'true'
=> job.sql:1:45: 'table.exec.sink.require-on-conflict' is 'false', so that a key has its newest row, not 'true'
SET 'table.exec.mini-batch.sice' = '5'
=> job.sql:1:5: there is no option 'table.exec.mini-batch.sice'; did you mean 'table.exec.mini-batch.size'?
SET 'table.exec.mini-batch.size' = '0'
=> job.sql:1:36: 'table.exec.mini-batch.size' is a number from 1, not '0'
SET
=> job.sql:1:4: expected 'key' = 'value', found the end of the text
VALUES (1, 2)
=> job.sql:1:8: VALUES is not supported; there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]
TABLE readings
=> job.sql:1:1: TABLE is not supported; there is CREATE TABLE, CREATE VIEW, SET, INSERT INTO, EXECUTE STATEMENT SET, EXPLAIN and SELECT
INSERT INTO printed VALUES ('a', 1)
=> job.sql:1:21: VALUES is not supported; there is INSERT INTO … SELECT … FROM a table
INSERT OVERWRITE printed SELECT sensor, 1 FROM readings
=> job.sql:1:8: INSERT OVERWRITE is not supported; there is INSERT INTO
INSERT INTO printed PARTITION (n = 1) SELECT sensor FROM readings
=> job.sql:1:21: PARTITION (…) is not supported; write the columns in the SELECT
INSERT INTO d.printed SELECT sensor, 1 FROM readings
=> job.sql:1:13: a catalog or database is not supported; write the name of the table alone
EXPLAIN EXPLAIN SELECT sensor FROM readings
=> job.sql:1:9: this EXPLAIN is not supported; there is EXPLAIN of SELECT, INSERT INTO and STATEMENT SET
INSERT INTO printed SELECT sensor, 1 FROM readings;
SET 'table.local-time-zone' = 'Europe/Berlin';
INSERT INTO kept SELECT sensor, n FROM readings
=> job.sql:2:5: 'table.local-time-zone' behind a query is not supported; set it before: a job has one
EXECUTE STATEMENT SET BEGIN END
=> job.sql:1:29: expected INSERT INTO … SELECT …, found 'END'
EXPLAIN STATEMENT SET
BEGIN
  END
=> job.sql:3:3: expected INSERT INTO … SELECT …, found 'END'
