-- What is bid at some of the auctions.

CREATE TABLE results (auction BIGINT, price BIGINT) WITH ('connector' = 'filesystem', 'path' = 'results', 'format' = 'json');

INSERT INTO results
SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0;
