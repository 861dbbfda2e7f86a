-- How many bids each auction has in 10 seconds, and their average price. No query of Nexmark's.

CREATE TABLE results (
  auction BIGINT,
  window_start TIMESTAMP(3),
  window_end TIMESTAMP(3),
  bids BIGINT,
  mean_price DOUBLE
) WITH ('connector' = 'filesystem', 'path' = 'results', 'format' = 'json');

INSERT INTO results
SELECT auction, window_start, window_end, COUNT(*), AVG(CAST(price AS DOUBLE))
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))
GROUP BY auction, window_start, window_end;
