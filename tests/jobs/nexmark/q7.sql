-- The greatest bids of each 10 seconds.

CREATE TABLE results (auction BIGINT, price BIGINT, bidder BIGINT, `dateTime` TIMESTAMP(3), channel STRING)
WITH ('connector' = 'filesystem', 'path' = 'results', 'format' = 'json');

INSERT INTO results
SELECT b.auction, b.price, b.bidder, b.`dateTime`, b.channel
FROM bid AS b
JOIN (
  SELECT MAX(price) AS maxprice, window_end AS endtime
  FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))
  GROUP BY window_start, window_end
) AS most
ON b.price = most.maxprice
WHERE b.`dateTime` BETWEEN most.endtime - INTERVAL '10' SECOND AND most.endtime;
