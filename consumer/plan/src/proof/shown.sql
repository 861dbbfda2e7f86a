# Rows that are only added.
SELECT r.sensor, o.buyer FROM readings AS r LEFT JOIN orders AS o ON r.n = o.id
=> +I -D
SELECT n FROM readings WHERE NOT EXISTS (SELECT * FROM orders WHERE id = n)
=> +I -D
SELECT n FROM readings WHERE EXISTS (SELECT * FROM orders WHERE id = n)
=> +I
SELECT sensor, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY sensor ORDER BY n) AS place FROM readings) WHERE place <= 2
=> +I -D
SELECT n, place FROM (SELECT *, ROW_NUMBER() OVER (ORDER BY n) AS place FROM readings) WHERE place <= 2
=> +I -U +U by (place)
SELECT sensor, n FROM readings ORDER BY n LIMIT 1
=> +I -U +U by ()
SELECT n FROM readings INTERSECT ALL SELECT n FROM readings
=> +I -D
SELECT DISTINCT r.n FROM readings AS r LEFT JOIN orders AS o ON r.n = o.id
=> +I -U +U -D by (n)
# Rows that change.
SELECT DISTINCT sensor, c FROM (SELECT sensor, COUNT(*) AS c FROM readings GROUP BY sensor)
=> +I -U +U by (sensor)
SELECT DISTINCT c FROM (SELECT sensor, COUNT(*) AS c FROM readings GROUP BY sensor)
=> +I -U +U -D by (c)
SELECT sensor, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY sensor ORDER BY ts) AS place FROM readings) WHERE place = 1
=> +I -U +U by (sensor)
SELECT n FROM readings WHERE n IN (SELECT COUNT(*) FROM orders GROUP BY id)
=> +I -D
