-- The winning bid of each auction: of equal ones the first.

CREATE TABLE results (
  id BIGINT, `itemName` STRING, expires TIMESTAMP(3), seller BIGINT, bidder BIGINT, price BIGINT,
  `bidTime` TIMESTAMP(3)
) WITH ('connector' = 'print');

INSERT INTO results
SELECT id, `itemName`, expires, seller, bidder, price, `bidTime`
FROM (
  SELECT
    a.id, a.`itemName`, a.expires, a.seller, b.bidder, b.price, b.`dateTime` AS `bidTime`,
    ROW_NUMBER() OVER (PARTITION BY a.id ORDER BY b.price DESC, b.`dateTime` ASC) AS place
  FROM auction AS a, bid AS b
  WHERE a.id = b.auction AND b.`dateTime` BETWEEN a.`dateTime` AND a.expires
)
WHERE place <= 1;
