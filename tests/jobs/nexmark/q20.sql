-- The bids for things of one category, with what is known of these.

CREATE TABLE results (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `bidTime` TIMESTAMP(3), `itemName` STRING,
  `initialBid` BIGINT, reserve BIGINT, `dateTime` TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT
) WITH ('connector' = 'filesystem', 'path' = 'results', 'format' = 'json');

INSERT INTO results
SELECT
  b.auction, b.bidder, b.price, b.channel, b.`dateTime`, a.`itemName`, a.`initialBid`, a.reserve, a.`dateTime`,
  a.expires, a.seller
FROM bid AS b INNER JOIN auction AS a ON b.auction = a.id
WHERE a.category = 10;
