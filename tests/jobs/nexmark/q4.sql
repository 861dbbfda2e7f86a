-- What auctions of each category come to on average: the greatest bid of each changes, and so does the average.

CREATE TABLE results (category BIGINT, final BIGINT) WITH ('connector' = 'print');

INSERT INTO results
SELECT q.category, AVG(q.final) AS final
FROM (
  SELECT MAX(b.price) AS final, a.category
  FROM auction AS a, bid AS b
  WHERE a.id = b.auction AND b.`dateTime` BETWEEN a.`dateTime` AND a.expires
  GROUP BY a.id, a.category
) AS q
GROUP BY q.category;
