-- The events of the queries that join: each is a person, an auction or a bid, and its column alone is there.

CREATE TABLE event (
  event_type INT,
  person ROW<id BIGINT, name STRING, city STRING, state STRING, `dateTime` TIMESTAMP(3)>,
  auction ROW<
    id BIGINT, `itemName` STRING, `initialBid` BIGINT, reserve BIGINT, `dateTime` TIMESTAMP(3),
    expires TIMESTAMP(3), seller BIGINT, category BIGINT
  >,
  bid ROW<auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3)>,
  `dateTime` AS CASE
    WHEN event_type = 0 THEN person.`dateTime`
    WHEN event_type = 1 THEN auction.`dateTime`
    ELSE bid.`dateTime`
  END,
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector' = 'filesystem', 'path' = '../events.ndjson', 'format' = 'json');

CREATE VIEW person AS
SELECT person.id, person.name, person.city, person.state, `dateTime` FROM event WHERE event_type = 0;

CREATE VIEW auction AS
SELECT
  auction.id, auction.`itemName`, auction.`initialBid`, auction.reserve, `dateTime`, auction.expires,
  auction.seller, auction.category
FROM event WHERE event_type = 1;

CREATE VIEW bid AS
SELECT bid.auction, bid.bidder, bid.price, bid.channel, `dateTime` FROM event WHERE event_type = 2;

