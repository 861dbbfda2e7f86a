SET 'table.local-time-zone' = 'Europe/Berlin'; SELECT ts FROM readings
=> ts TIMESTAMP_LTZ(3)
SET table.exec.source.idle-timeout = 5 s; SELECT sensor FROM readings
=> sensor STRING
SET 'parallelism.default' = '4'; SET 'pipeline.name' = 'it''s'; SET 'execution.runtime-mode' = 'STREAMING';
SET 'table.exec.mini-batch.enabled' = 'true'; SET 'table.exec.mini-batch.size' = '10';
SET 'table.exec.mini-batch.allow-latency' = '1 s'; SELECT sensor FROM readings
=> sensor STRING
SET 'table.exec.state.ttl' = '1 h'; SELECT COUNT(*) AS n FROM readings GROUP BY sensor
=> n BIGINT
SET table.exec.state.ttl = 0; SELECT sensor FROM readings
=> sensor STRING
SET 'table.exec.sink.not-null-enforcer' = 'drop'; SELECT sensor FROM readings
=> sensor STRING
SET 'table.exec.sink.require-on-conflict' = 'false'; SELECT sensor FROM readings
=> sensor STRING
CREATE VIEW v AS SELECT sensor, n FROM readings; SELECT * FROM v
=> sensor STRING, n INT
CREATE TEMPORARY VIEW IF NOT EXISTS v (a, b) COMMENT 'c' AS SELECT sensor, n FROM readings; SELECT b, a FROM v
=> b INT, a STRING
CREATE VIEW v AS SELECT sensor FROM readings; CREATE VIEW w AS SELECT sensor FROM v; SELECT * FROM w
=> sensor STRING
INSERT INTO printed SELECT sensor, n FROM readings
=> sensor STRING, n BIGINT
INSERT INTO printed (n, sensor) SELECT n, sensor FROM readings
=> sensor STRING, n BIGINT
INSERT INTO printed (sensor) SELECT sensor FROM readings
=> sensor STRING, n BIGINT
INSERT INTO printed (SELECT sensor, n FROM readings)
=> sensor STRING, n BIGINT
INSERT INTO printed WITH w AS (SELECT sensor, n FROM readings) SELECT * FROM w
=> sensor STRING, n BIGINT
INSERT INTO printed SELECT sensor, 1 FROM readings; INSERT INTO nowhere SELECT sensor FROM readings
=> sensor STRING, n BIGINT; sensor STRING
INSERT INTO kept SELECT sensor, COUNT(*) FROM readings GROUP BY sensor
=> sensor STRING, n BIGINT
EXECUTE STATEMENT SET BEGIN
  INSERT INTO printed SELECT sensor, 1 FROM readings;
  INSERT INTO nowhere SELECT sensor FROM readings;
END;
=> sensor STRING, n BIGINT; sensor STRING
EXPLAIN SELECT sensor FROM readings
=> sensor STRING
EXPLAIN CHANGELOG_MODE SELECT sensor FROM readings
=> sensor STRING
EXPLAIN PLAN FOR INSERT INTO printed SELECT sensor, 1 FROM readings
=> sensor STRING, n BIGINT
EXPLAIN STATEMENT SET BEGIN INSERT INTO nowhere SELECT sensor FROM readings; END
=> sensor STRING
;; SELECT sensor FROM readings;;
=> sensor STRING
select sensor from readings as r where r.n > 1
=> sensor STRING
SELECT `sensor` AS `a b`, `readings`.`n` AS `select` FROM `readings`
=> a b STRING, select INT
SELECT sensor Größe FROM readings
=> Größe STRING
CREATE TABLE T (A INT, a STRING) WITH ('connector' = 'datagen'); SELECT A, a FROM T
=> A INT, a STRING
SELECT sensor FROM readings GROUP BY sensor HAVING COUNT(*) > 1
=> sensor STRING
-- begins with a comment
select /* in between */ sensor from `readings` -- and ends with one
=> sensor STRING
INSERT INTO kept SELECT sensor, n FROM readings
=> sensor STRING, n BIGINT
SET 'table.local-time-zone' = 'GMT+02:30';
SELECT ts, CAST(ts AS TIMESTAMP(3)) AS local FROM readings
=> ts TIMESTAMP_LTZ(3), local TIMESTAMP(3)
INSERT INTO nowhere SELECT CAST(NOW() AS STRING) FROM (SELECT sensor, COUNT(*) AS n FROM readings GROUP BY sensor)
=> sensor STRING
CREATE TABLE counts (sensor STRING, n BIGINT, at TIMESTAMP_LTZ(3), PRIMARY KEY (sensor) NOT ENFORCED)
WITH ('connector' = 'brooklet', 'stream' = 'counts');
INSERT INTO counts SELECT sensor, COUNT(*), CURRENT_ROW_TIMESTAMP() FROM readings GROUP BY sensor
=> sensor STRING, n BIGINT, at TIMESTAMP_LTZ(3)
SELECT sensor, COUNT(*) AS n, MAX(t) AS t FROM (SELECT sensor, CURRENT_ROW_TIMESTAMP() AS t FROM readings) GROUP BY sensor
=> sensor STRING, n BIGINT, t TIMESTAMP_LTZ(3)
