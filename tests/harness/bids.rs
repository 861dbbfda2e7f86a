//! Bids of an auction house as Nexmark has them: a few auctions and bidders are hot, prices range over
//! six decimal powers, most channels are well known. The same seed gives the same bytes.
//!
//! No two bids have the same time, so whatever depends on their order has one answer.

use std::fmt::Write;

/// What the lines of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Bids in the order of their times.
    InOrder,
    /// Each bid comes up to 3 seconds late.
    Disordered,
    /// As in order, with a line that is no bid behind every hundredth.
    Broken,
}

/// The first bid is in the afternoon and the last after midnight: 2026-03-01 17:30.
pub(crate) const BEGINNING: u64 = 1_772_386_200_000;
/// Bids are 300 ms from each other on average.
const STEP_MS_MAX: u64 = 599;
/// Less than the 4 seconds that the table of bids waits.
pub(crate) const DISORDER_MS: u64 = 3_000;
/// How many bids there are to a broken line.
const BIDS_PER_BROKEN: usize = 100;
/// How many auctions are open, and how many bidders are there, at a time.
const OPEN_AUCTIONS: u64 = 100;
const BIDDERS: u64 = 200;
pub(crate) const KNOWN_CHANNELS: [&str; 5] = ["Google", "Facebook", "Baidu", "Apple", "GOOGLE"];
const OTHER_CHANNELS: u64 = 5_000;
const EXTRA_BYTES: u64 = 40;

/// `count` bids of this seed, a line each.
#[must_use]
pub fn lines(form: Form, count: usize, seed: u64) -> String {
    let mut chance = Chance::new(seed);
    let mut at = BEGINNING;
    let mut bids: Vec<_> = (0..count as u64)
        .map(|number| {
            at += 1 + chance.below(STEP_MS_MAX);
            let delay = match form {
                Form::Disordered => chance.below(DISORDER_MS),
                Form::InOrder | Form::Broken => 0,
            };
            (at + delay, Bid::new(number, at, &mut chance).line())
        })
        .collect();
    bids.sort_by_key(|(arrival, _)| *arrival);
    let mut text = String::new();
    for (number, (_, bid)) in bids.iter().enumerate() {
        text.push_str(bid);
        text.push('\n');
        if form == Form::Broken && number % BIDS_PER_BROKEN == 0 {
            text.push_str(&broken(number / BIDS_PER_BROKEN, bid));
            text.push('\n');
        }
    }
    text
}

/// A line that is no bid, made from one; the kinds take turns.
fn broken(number: usize, bid: &str) -> String {
    let instead = |field: &str, value: &str| {
        let (before, rest) = bid.split_once(field).expect("every bid has all fields");
        let (_, after) = rest.split_once(",\"").expect("none of these is the last");
        format!("{before}{field}{value},\"{after}")
    };
    let kinds: [&dyn Fn() -> String; 12] = [
        &|| bid.chars().take(bid.len() / 2).collect(),
        &|| "connection reset by peer".to_owned(),
        &String::new,
        &|| format!("[{bid}]"),
        &|| format!("{bid}{bid}"),
        &|| bid.replace(',', ";"),
        &|| "17".to_owned(),
        &|| instead("\"auction\":", "\"first\""),
        &|| instead("\"bidder\":", "{\"id\":7}"),
        &|| instead("\"price\":", "99999999999999999999"),
        &|| instead("\"dateTime\":", "\"yesterday\""),
        &|| instead("\"price\":", "01"),
    ];
    let kind = kinds.get(number % kinds.len());
    kind.expect("a remainder is below what it is of")()
}

struct Bid {
    auction: u64,
    bidder: u64,
    price: u64,
    channel: String,
    url: String,
    at: u64,
    extra: String,
}

impl Bid {
    fn new(number: u64, at: u64, chance: &mut Chance) -> Self {
        let auction = 1_000 + number / 15;
        let bidder = 1_000 + number / 50;
        let digits = 2 + u32::try_from(chance.below(6)).expect("it is below 6");
        let power = 10_u64.pow(digits);
        let (channel, url) = channel(chance);
        Self {
            // Every second bid is for the auction that everybody talks about.
            auction: match chance.below(2) {
                0 => auction / 100 * 100,
                _ => auction + chance.below(OPEN_AUCTIONS),
            },
            bidder: match chance.below(4) {
                0 => bidder / 100 * 100,
                _ => bidder + chance.below(BIDDERS).min(chance.below(BIDDERS)),
            },
            price: power + chance.below(9 * power),
            channel,
            url,
            at,
            extra: extra(chance),
        }
    }

    fn line(&self) -> String {
        let Self {
            auction,
            bidder,
            price,
            channel,
            url,
            at,
            extra,
        } = self;
        let time = time(*at);
        format!(
            "{{\"auction\":{auction},\"bidder\":{bidder},\"price\":{price},\"channel\":\"{channel}\",\
             \"url\":\"{url}\",\"dateTime\":\"{time}\",\"extra\":\"{extra}\"}}"
        )
    }
}

/// A channel, and an address that mostly tells which.
fn channel(chance: &mut Chance) -> (String, String) {
    let mut url = "https://www.auction.example".to_owned();
    for _ in 0..3 {
        url.push('/');
        chance.letters(5, &mut url);
    }
    url.push_str("/item.htm?query=1");
    if chance.below(2) == 0 {
        return (chance.one_of(&KNOWN_CHANNELS).to_owned(), url);
    }
    let number = chance.below(OTHER_CHANNELS);
    // An address can also lack the number, or have more behind it.
    let end = chance.one_of(&[
        "&channel_id=",
        "&channel_id=",
        "&page=2&channel_id=",
        "&id=",
    ]);
    let rest = chance.one_of(&["", "", "&last=yes"]);
    write!(url, "{end}{number}{rest}").expect("text takes what is written to it");
    (format!("channel-{number}"), url)
}

/// Text that JSON has to escape now and then.
fn extra(chance: &mut Chance) -> String {
    let mut extra = String::new();
    let length = EXTRA_BYTES / 2 + chance.below(EXTRA_BYTES);
    chance.letters(length, &mut extra);
    match chance.below(20) {
        0 => extra.push_str("\\\"quoted\\\""),
        1 => extra.push_str("caf\u{e9} \u{1f980}"),
        2 => extra.push_str("\\u00e7a\\tb\\\\c"),
        _ => {}
    }
    extra
}

/// `2026-03-01 17:30:00.123`. The bids are all of March.
pub(crate) fn time(at: u64) -> String {
    const FIRST_OF_MARCH: u64 = 1_772_323_200_000;
    let since = at - FIRST_OF_MARCH;
    let (day, of_day) = (since / 86_400_000, since % 86_400_000);
    let (seconds, ms) = (of_day / 1_000, of_day % 1_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let day = day + 1;
    format!("2026-03-{day:02} {hour:02}:{minute:02}:{second:02}.{ms:03}")
}

/// Numbers by chance: `SplitMix64`.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        let number = usize::try_from(self.below(choices.len() as u64));
        let choice = number.ok().and_then(|number| choices.get(number));
        choice.expect("the number is below how many there are")
    }

    pub(crate) fn letters(&mut self, count: u64, text: &mut String) {
        let letters = "abcdefghijklmnopqrstuvwxyz".as_bytes();
        for _ in 0..count {
            let letter = usize::try_from(self.below(26)).ok();
            let letter = letter.and_then(|number| letters.get(number));
            text.push(char::from(*letter.expect("there are 26 letters")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bids() {
        for form in [Form::InOrder, Form::Disordered, Form::Broken] {
            let bids = lines(form, 1_000, 1);
            assert_eq!(bids, lines(form, 1_000, 1), "{form:?}");
            assert_ne!(bids, lines(form, 1_000, 2), "{form:?}");
        }
    }

    #[test]
    fn a_bid_is_as_long_as_those_of_nexmark() {
        let bytes = lines(Form::InOrder, 10_000, 1).len() / 10_000;
        assert!((235..=255).contains(&bytes), "{bytes}");
    }

    #[test]
    fn one_line_in_a_hundred_is_broken() {
        let is_bid = |line: &&str| {
            let bid = serde_json::from_str::<serde_json::Value>(line).unwrap_or_default();
            let number = |field| bid.get(field).is_some_and(serde_json::Value::is_u64);
            let at = bid.get("dateTime").and_then(serde_json::Value::as_str);
            let is_timed = at.is_some_and(|at| at.len() == 23);
            ["auction", "bidder", "price"].into_iter().all(number) && is_timed
        };
        let count = |form| {
            let bids = lines(form, 2_400, 1);
            (bids.lines().filter(is_bid).count(), bids.lines().count())
        };
        assert_eq!(count(Form::InOrder), (2_400, 2_400));
        assert_eq!(count(Form::Broken), (2_400, 2_424));
    }

    #[test]
    fn disorder_stays_below_the_delay_of_watermarks() {
        let bids = lines(Form::Disordered, 10_000, 1);
        let (mut latest, mut worst) = (0_u64, 0);
        for bid in bids.lines() {
            let (_, rest) = bid.split_once("\"dateTime\":\"").expect("it has a time");
            let part = |from: usize, to: usize| rest[from..to].parse::<u64>().expect("digits");
            let hours = 24 * part(8, 10) + part(11, 13);
            let at = ((hours * 60 + part(14, 16)) * 60 + part(17, 19)) * 1_000 + part(20, 23);
            worst = worst.max(latest.saturating_sub(at));
            latest = latest.max(at);
        }
        assert!((1_000..DISORDER_MS).contains(&worst), "{worst}");
    }
}
