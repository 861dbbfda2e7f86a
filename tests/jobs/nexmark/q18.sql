-- The last bid of each bidder for each auction.

CREATE TABLE results (auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3))
WITH ('connector' = 'print');

INSERT INTO results
SELECT auction, bidder, price, channel, `dateTime`
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY bidder, auction ORDER BY `dateTime` DESC) AS place FROM bid
)
WHERE place <= 1;
