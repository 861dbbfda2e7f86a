-- The ten greatest bids for each auction, with their places.

CREATE TABLE results (
  auction BIGINT, bidder BIGINT, price BIGINT, `dateTime` TIMESTAMP(3), place BIGINT
) WITH ('connector' = 'print');

INSERT INTO results
SELECT auction, bidder, price, `dateTime`, place
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC, `dateTime`) AS place FROM bid
)
WHERE place <= 10;
