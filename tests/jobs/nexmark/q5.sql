-- How many bids each auction has had in the last 10 seconds, every 2 seconds: what the hottest
-- auctions of query 5 are chosen from.

CREATE TABLE results (
  auction BIGINT,
  num BIGINT,
  starttime TIMESTAMP(3),
  endtime TIMESTAMP(3)
) WITH ('connector' = 'filesystem', 'path' = 'results', 'format' = 'json');

INSERT INTO results
SELECT auction, COUNT(*) AS num, window_start AS starttime, window_end AS endtime
FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '2' SECOND, INTERVAL '10' SECOND))
GROUP BY auction, window_start, window_end;
