//! Events of an auction house as Nexmark has them: of fifty, one person comes, three auctions begin and
//! the rest are bids. The same seed gives the same bytes.
//!
//! No two events have the same time, so whatever depends on their order has one answer.

use crate::bids::{BEGINNING, Chance, DISORDER_MS, Form, KNOWN_CHANNELS, time};

/// Events are 50 ms from each other on average.
const STEP_MS_MAX: u64 = 99;
/// How many events there are to a person, and how many of these are auctions.
const ROUND: u64 = 50;
const AUCTIONS: u64 = 3;
/// The first of each kind.
const FIRST_ID: u64 = 1_000;
/// Bids are for one of so many auctions that began last, and by one of so many persons who came last.
const RECENT: u64 = 60;
/// Auctions last from 1 to 60 seconds.
const LASTS_MS_MAX: u64 = 59_000;
const STATES: [&str; 6] = ["OR", "ID", "CA", "AZ", "WA", "WY"];
const CITIES: [&str; 4] = ["Phoenix", "Palo Alto", "Boise", "Portland"];
/// How many events there are to a broken line.
const EVENTS_PER_BROKEN: usize = 100;

/// `count` events of this seed, a line each.
#[must_use]
pub fn lines(form: Form, count: usize, seed: u64) -> String {
    let mut chance = Chance::new(seed);
    let mut at = BEGINNING;
    let mut events: Vec<_> = (0..count as u64)
        .map(|number| {
            at += 1 + chance.below(STEP_MS_MAX);
            let delay = match form {
                Form::Disordered => chance.below(DISORDER_MS),
                Form::InOrder | Form::Broken => 0,
            };
            (at + delay, event(number, at, &mut chance))
        })
        .collect();
    events.sort_by_key(|(arrival, _)| *arrival);
    let mut text = String::new();
    for (number, (_, event)) in events.iter().enumerate() {
        text.push_str(event);
        text.push('\n');
        if form == Form::Broken && number % EVENTS_PER_BROKEN == 0 {
            let half: String = event.chars().take(event.len() / 2).collect();
            text.push_str(&half);
            text.push('\n');
        }
    }
    text
}

fn event(number: u64, at: u64, chance: &mut Chance) -> String {
    let (round, of_round) = (number / ROUND, number % ROUND);
    match of_round {
        0 => person(FIRST_ID + round, at, chance),
        1..=AUCTIONS => auction(round * AUCTIONS + of_round - 1, round, at, chance),
        _ => bid(round, at, chance),
    }
}

fn person(id: u64, at: u64, chance: &mut Chance) -> String {
    let (city, state) = (chance.one_of(&CITIES), chance.one_of(&STATES));
    let mut name = String::new();
    chance.letters(8, &mut name);
    let time = time(at);
    format!(
        "{{\"event_type\":0,\"person\":{{\"id\":{id},\"name\":\"{name}\",\"emailAddress\":\"{name}@mail.example\",\
         \"creditCard\":\"1234 5678 9012 3456\",\"city\":\"{city}\",\"state\":\"{state}\",\"dateTime\":\"{time}\"}}}}"
    )
}

fn auction(number: u64, round: u64, at: u64, chance: &mut Chance) -> String {
    let id = FIRST_ID + number;
    let seller = FIRST_ID + recent(round, chance);
    let (category, initial) = (10 + chance.below(5), 1 + chance.below(1_000));
    let reserve = initial + chance.below(1_000);
    let (begins, expires) = (time(at), time(at + 1_000 + chance.below(LASTS_MS_MAX)));
    let (mut name, mut description) = (String::new(), String::new());
    chance.letters(12, &mut name);
    chance.letters(60, &mut description);
    format!(
        "{{\"event_type\":1,\"auction\":{{\"id\":{id},\"itemName\":\"{name}\",\"description\":\"{description}\",\
         \"initialBid\":{initial},\"reserve\":{reserve},\"dateTime\":\"{begins}\",\"expires\":\"{expires}\",\
         \"seller\":{seller},\"category\":{category}}}}}"
    )
}

fn bid(round: u64, at: u64, chance: &mut Chance) -> String {
    // Every third bid is for the auction that everybody talks about.
    let newest = round * AUCTIONS + AUCTIONS - 1;
    let auction = FIRST_ID
        + match chance.below(3) {
            0 => newest / 20 * 20,
            _ => recent(newest, chance),
        };
    let bidder = FIRST_ID + recent(round, chance);
    let price = 1 + chance.below(100_000);
    let (channel, time) = (chance.one_of(&KNOWN_CHANNELS), time(at));
    let mut url = String::new();
    chance.letters(40, &mut url);
    format!(
        "{{\"event_type\":2,\"bid\":{{\"auction\":{auction},\"bidder\":{bidder},\"price\":{price},\
         \"channel\":\"{channel}\",\"url\":\"https://www.auction.example/{url}\",\"dateTime\":\"{time}\"}}}}"
    )
}

/// One of those that came last.
fn recent(newest: u64, chance: &mut Chance) -> u64 {
    newest.saturating_sub(chance.below(RECENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_events() {
        for form in [Form::InOrder, Form::Disordered, Form::Broken] {
            let events = lines(form, 1_000, 1);
            assert_eq!(events, lines(form, 1_000, 1), "{form:?}");
            assert_ne!(events, lines(form, 1_000, 2), "{form:?}");
        }
    }

    #[test]
    fn every_event_is_a_line_of_json() {
        for line in lines(Form::InOrder, 1_000, 1).lines() {
            serde_json::from_str::<serde_json::Value>(line).expect("it is JSON");
        }
    }
}
