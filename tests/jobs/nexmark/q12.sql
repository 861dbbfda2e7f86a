-- How many bids each bidder makes in 10 seconds by the clock on the wall. Which bids share a window
-- is up to the machine; how many each bidder makes in all is not.

CREATE TABLE results (
  bidder BIGINT,
  bid_count BIGINT,
  starttime TIMESTAMP_LTZ(3),
  endtime TIMESTAMP_LTZ(3)
) WITH ('connector' = 'filesystem', 'path' = 'results', 'format' = 'json');

INSERT INTO results
SELECT bidder, COUNT(*) AS bid_count, window_start AS starttime, window_end AS endtime
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(arrival), INTERVAL '10' SECOND))
GROUP BY bidder, window_start, window_end;
