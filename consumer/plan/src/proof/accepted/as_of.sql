# Rows are looked up in a file, by a time of processing.
SELECT o.id, c.name FROM orders AS o JOIN customers FOR SYSTEM_TIME AS OF o.now AS c ON o.id = c.id
=> id BIGINT, name STRING
SELECT o.id, customers.name FROM orders AS o LEFT JOIN customers FOR SYSTEM_TIME AS OF o.now ON o.id = customers.id
=> id BIGINT, name STRING
SELECT o.id, c.name FROM (SELECT *, PROCTIME() AS p FROM orders) AS o
JOIN customers FOR SYSTEM_TIME AS OF p AS c ON MOD(o.id, 100) = c.id AND c.name <> o.buyer WHERE c.ts IS NOT NULL
=> id BIGINT, name STRING
SELECT id, name FROM orders JOIN customers FOR SYSTEM_TIME AS OF now AS c USING (id)
=> id BIGINT, name STRING
SELECT o.id, c.name, d.name AS other FROM orders AS o
JOIN customers FOR SYSTEM_TIME AS OF o.now AS c ON o.id = c.id
LEFT JOIN customers FOR SYSTEM_TIME AS OF o.now AS d ON o.buyer = d.name WHERE o.price > 1
=> id BIGINT, name STRING, other STRING
SELECT * FROM (SELECT id, now FROM orders) AS o JOIN customers FOR SYSTEM_TIME AS OF o.now AS c ON o.id = c.id
=> id BIGINT, now TIMESTAMP_LTZ(3), id BIGINT, name STRING, ts TIMESTAMP_LTZ(3)
CREATE VIEW named AS SELECT id, UPPER(name) AS name FROM customers WHERE name <> '';
SELECT o.id, c.name FROM orders AS o JOIN named FOR SYSTEM_TIME AS OF o.now AS c ON o.id = c.id AND c.name > 'B'
=> id BIGINT, name STRING
# Of a key the version that was valid at the time of a row.
SELECT r.n, p.place FROM readings AS r JOIN places FOR SYSTEM_TIME AS OF r.ts AS p ON r.sensor = p.sensor
=> n INT, place STRING
SELECT r.n, p.place FROM readings AS r
LEFT JOIN places FOR SYSTEM_TIME AS OF r.ts AS p ON p.sensor = r.sensor AND p.place <> 'nowhere' WHERE r.n > 1
=> n INT, place STRING
CREATE VIEW lasts AS SELECT sensor, reading, ts FROM (
  SELECT sensor, reading, ts, ROW_NUMBER() OVER (PARTITION BY sensor ORDER BY ts DESC) AS n FROM readings) WHERE n = 1;
SELECT p.place, l.reading FROM places AS p JOIN lasts FOR SYSTEM_TIME AS OF p.ts AS l ON p.sensor = l.sensor
=> place STRING, reading DOUBLE
SELECT place, COUNT(*) AS c FROM TUMBLE((SELECT r.ts, p.place FROM readings AS r
LEFT JOIN places FOR SYSTEM_TIME AS OF r.ts AS p ON r.sensor = p.sensor), DESCRIPTOR(ts), INTERVAL '1' MINUTE)
GROUP BY place, window_start, window_end
=> place STRING, c BIGINT
SELECT r.n, p.place FROM readings AS r
JOIN places FOR SYSTEM_TIME AS OF r.ts AS p ON r.sensor = p.sensor AND CAST(r.n AS STRING) = p.place
=> n INT, place STRING
SELECT sensor FROM readings WHERE EXISTS (
  SELECT 1 FROM (SELECT r.sensor AS s FROM readings AS r JOIN places FOR SYSTEM_TIME AS OF r.ts AS p ON r.sensor = p.sensor) WHERE s = sensor)
=> sensor STRING
