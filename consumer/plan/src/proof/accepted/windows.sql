SELECT * FROM TABLE(TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
=> sensor STRING, reading DOUBLE, n INT, ts TIMESTAMP_LTZ(3), window_start TIMESTAMP(3), window_end TIMESTAMP(3), window_time TIMESTAMP_LTZ(3)
SELECT * FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' MINUTES) AS w
=> sensor STRING, reading DOUBLE, n INT, ts TIMESTAMP_LTZ(3), window_start TIMESTAMP(3), window_end TIMESTAMP(3), window_time TIMESTAMP_LTZ(3)
SELECT sensor, window_start, window_end, COUNT(*) AS c
FROM TABLE(TUMBLE(DATA => TABLE readings, TIMECOL => DESCRIPTOR(ts), SIZE => INTERVAL '10' SECONDS))
GROUP BY sensor, window_start, window_end
=> sensor STRING, window_start TIMESTAMP(3), window_end TIMESTAMP(3), c BIGINT
SELECT COUNT(*) AS c FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '10' MINUTE, INTERVAL '1' MINUTE)
GROUP BY window_start, window_end
=> c BIGINT
SELECT window_time, window_start, COUNT(*) AS c
FROM TABLE(HOP(TABLE readings, DESCRIPTOR(ts), INTERVAL '5' MINUTES, INTERVAL '10' MINUTES))
GROUP BY window_start, window_end, window_time
=> window_time TIMESTAMP_LTZ(3), window_start TIMESTAMP(3), c BIGINT
SELECT window_end, COUNT(*) AS c
FROM TABLE(HOP(DATA => TABLE readings, TIMECOL => DESCRIPTOR(ts), SIZE => INTERVAL '10' MINUTES, SLIDE => INTERVAL '5' MINUTES))
GROUP BY window_start, window_end
=> window_end TIMESTAMP(3), c BIGINT
SELECT window_start, window_end, SUM(n) AS s
FROM TABLE(CUMULATE(TABLE readings, DESCRIPTOR(ts), INTERVAL '2' MINUTES, INTERVAL '10' MINUTES))
GROUP BY window_start, window_end HAVING SUM(n) > 5
=> window_start TIMESTAMP(3), window_end TIMESTAMP(3), s INT
SELECT sensor, window_start, window_end, COUNT(*) AS c
FROM TABLE(SESSION(TABLE readings PARTITION BY sensor, DESCRIPTOR(ts), INTERVAL '5' MINUTES))
GROUP BY sensor, window_start, window_end
=> sensor STRING, window_start TIMESTAMP(3), window_end TIMESTAMP(3), c BIGINT
SELECT sensor, window_start, COUNT(*) AS c
FROM SESSION(DATA => TABLE readings PARTITION BY (sensor), TIMECOL => DESCRIPTOR(ts), GAP => INTERVAL '5' MINUTES)
GROUP BY sensor, window_start, window_end
=> sensor STRING, window_start TIMESTAMP(3), c BIGINT
SELECT sensor, n, window_start, COUNT(*) AS c
FROM SESSION((SELECT * FROM (SELECT sensor, n, ts FROM readings) WHERE n > 1) PARTITION BY (sensor, n), DESCRIPTOR(ts), INTERVAL '5' MINUTES)
GROUP BY sensor, n, window_start, window_end
=> sensor STRING, n INT, window_start TIMESTAMP(3), c BIGINT
SELECT window_start, COUNT(*) AS c
FROM TUMBLE((SELECT b.n, b.ts FROM readings a LEFT JOIN readings b ON a.sensor = b.sensor AND a.ts BETWEEN b.ts - INTERVAL '1' MINUTE AND b.ts), DESCRIPTOR(ts), INTERVAL '1' HOUR)
GROUP BY window_start, window_end
=> window_start TIMESTAMP(3), c BIGINT
SELECT window_start, COUNT(*) AS c
FROM TUMBLE((SELECT * FROM readings WHERE n > 1), DESCRIPTOR(ts), INTERVAL '1' HOUR)
GROUP BY window_start, window_end
=> window_start TIMESTAMP(3), c BIGINT
SELECT window_start, COUNT(DISTINCT sensor) AS c, SUM(n) FILTER (WHERE n > 1) AS s
FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' DAY)
WHERE sensor <> 'a' GROUP BY window_start, window_end
=> window_start TIMESTAMP(3), c BIGINT, s INT
SELECT COUNT(*) AS c FROM TUMBLE(TABLE orders, DESCRIPTOR(now), INTERVAL '1' SECOND)
GROUP BY window_start, window_end
=> c BIGINT
CREATE VIEW v AS SELECT sensor, PROCTIME() AS now FROM readings;
SELECT sensor, COUNT(*) AS c FROM TUMBLE(TABLE v, DESCRIPTOR(now), INTERVAL '1' SECOND)
GROUP BY sensor, window_start, window_end
=> sensor STRING, c BIGINT
WITH v AS (SELECT id AS a, now AS then FROM orders), w AS (SELECT then, a FROM v WHERE a > 1)
SELECT COUNT(a) AS c FROM TUMBLE(TABLE w, DESCRIPTOR(then), INTERVAL '1' SECOND) GROUP BY window_start, window_end
=> c BIGINT
SELECT SUM(n) OVER (ORDER BY p) AS s FROM (SELECT n, PROCTIME() AS p FROM readings)
=> s INT
SELECT sensor, SUM(DISTINCT n) AS s FROM HOP(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' MINUTE, INTERVAL '2' MINUTE) GROUP BY sensor, window_start, window_end
=> sensor STRING, s INT
CREATE VIEW minutes AS SELECT window_time AS t, window_start AS s, COUNT(*) AS c
FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end, window_time;
SELECT window_start, SUM(c) AS c FROM TUMBLE(TABLE minutes, DESCRIPTOR(t), INTERVAL '1' HOUR)
GROUP BY window_start, window_end
=> window_start TIMESTAMP(3), c BIGINT
INSERT INTO kept SELECT COALESCE(sensor, ''), COUNT(*)
FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY sensor, window_start, window_end
=> sensor STRING, n BIGINT
# Windows upon windows add rows alone: the sink takes nothing else.
INSERT INTO kept SELECT 'all', SUM(c) FROM (
  SELECT sensor, window_start AS s, window_end AS e, COUNT(*) AS c
  FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY sensor, window_start, window_end
) GROUP BY s, e
=> sensor STRING, n BIGINT
CREATE VIEW a AS SELECT sensor AS k, window_end AS e, window_start AS s, window_time AS t, COUNT(*) AS c
FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY sensor, window_start, window_end, window_time;
CREATE VIEW b AS SELECT * FROM a UNION ALL SELECT 'x', e, s, t, c FROM a WHERE c > 1;
INSERT INTO kept SELECT COALESCE(k, ''), COUNT(*) FROM (SELECT DISTINCT s, e, k FROM b) GROUP BY k, s, e
=> sensor STRING, n BIGINT
CREATE VIEW a AS SELECT sensor AS k, window_start AS s, window_end AS e FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' MINUTE);
SELECT DISTINCT x.e AS x, y.e AS y FROM a AS x LEFT JOIN a AS y ON x.s = y.s AND x.e = y.e AND x.k = y.k
=> x TIMESTAMP(3), y TIMESTAMP(3)
SELECT n, window_start FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY n, window_start) AS place FROM (SELECT n, window_start, window_end FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY n, window_start, window_end HAVING MIN(1) <> 1)) WHERE place = 1
=> n INT, window_start TIMESTAMP(3)
# The same of windows that are joined, and of the first rows of each; session windows too.
CREATE VIEW a AS SELECT sensor AS k, window_start AS s, window_end AS e, window_time AS t, COUNT(*) AS c
FROM SESSION(TABLE readings PARTITION BY sensor, DESCRIPTOR(ts), INTERVAL '1' MINUTE)
GROUP BY sensor, window_start, window_end, window_time;
CREATE VIEW b AS SELECT x.k, x.s, x.e, x.t, x.c FROM a AS x LEFT JOIN a AS y ON x.s = y.s AND x.e = y.e AND x.k <> y.k;
INSERT INTO kept SELECT COALESCE(k, ''), COUNT(*) FROM b GROUP BY s, e, t, k
=> sensor STRING, n BIGINT
CREATE VIEW a AS SELECT sensor, n, window_start AS s, window_end AS e, window_time AS t
FROM HOP(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' MINUTE, INTERVAL '5' MINUTE);
CREATE VIEW best AS SELECT s, e, t, sensor, n FROM
  (SELECT *, ROW_NUMBER() OVER (PARTITION BY s, e ORDER BY n DESC) AS place FROM a) WHERE place <= 3;
INSERT INTO kept SELECT COALESCE(sensor, ''), COUNT(*)
FROM TUMBLE(TABLE best, DESCRIPTOR(t), INTERVAL '1' HOUR) GROUP BY sensor, window_start, window_end
=> sensor STRING, n BIGINT
SET 'table.local-time-zone' = 'Europe/Berlin';
CREATE VIEW a AS SELECT sensor, window_start AS s, window_end AS e
FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' DAY);
INSERT INTO kept SELECT COALESCE(x.sensor, ''), 1 FROM a AS x LEFT JOIN a AS y
ON x.s = y.s AND x.e = y.e AND x.sensor < y.sensor WHERE y.sensor IS NULL
=> sensor STRING, n BIGINT
# Of all windows the first in an order change.
SELECT window_end, sensor, COUNT(*) AS c FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' MINUTE)
GROUP BY window_start, window_end, sensor ORDER BY c DESC, window_end LIMIT 3
=> window_end TIMESTAMP(3), sensor STRING, c BIGINT
# Larger windows of smaller ones, by the time of these, under its own name too.
CREATE VIEW a AS SELECT sensor, window_time, COUNT(*) AS c
FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY sensor, window_start, window_end, window_time;
SELECT window_start, SUM(c) AS c, window_time FROM TUMBLE(TABLE a, DESCRIPTOR(window_time), INTERVAL '1' HOUR)
GROUP BY window_start, window_end, window_time
=> window_start TIMESTAMP(3), c BIGINT, window_time TIMESTAMP_LTZ(3)
CREATE VIEW visits AS SELECT sensor, n, COUNT(*) AS c
FROM SESSION((SELECT sensor, n, ts FROM readings) PARTITION BY (sensor, n), DESCRIPTOR(ts), INTERVAL '5' MINUTES) GROUP BY sensor, n, window_start, window_end;
SELECT sensor, c FROM visits
=> sensor STRING, c BIGINT
CREATE VIEW visits AS SELECT sensor, n, COUNT(*) AS c
FROM SESSION(TABLE readings PARTITION BY (sensor, n), DESCRIPTOR(ts), INTERVAL '5' MINUTES) GROUP BY sensor, n, window_start, window_end;
SELECT n, n AS m, c FROM visits EXCEPT SELECT n, id, 1 FROM readings, orders
=> n INT, m INT, c BIGINT
# What looks at windows and rows in one.
SELECT sensor, window_end, COUNT(*) AS c FROM TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' MINUTE)
WHERE window_end > TIMESTAMP '2026-01-01 00:00:00' OR n > 1 GROUP BY sensor, window_start, window_end
=> sensor STRING, window_end TIMESTAMP(3), c BIGINT
