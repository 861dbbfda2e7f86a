//! How much there can be of subscriptions, and what a request can ask of them.

use common::{
    limits::{
        DESCRIPTION_BYTES_MAX, LEASE_MILLISECONDS_MAX, LEASE_MILLISECONDS_MIN,
        SUBSCRIPTION_LINKS_MAX, SUBSCRIPTION_STREAMS_MAX, SUBSCRIPTIONS_MAX, WAKE_STREAMS_MAX,
        WEBHOOKS_MAX, WORKER_BYTES_MAX,
    },
    time::Timestamp,
};

use super::{ask::Ask, made::Kind, refused::Refused, settings::Targets, wire, world::World};

const E: &str = "events/a";

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("named/{number}")).collect()
}

#[test]
fn there_are_so_many_subscriptions_and_no_more() {
    let mut world = World::new(1);
    world.append(E);
    for number in 0..SUBSCRIPTIONS_MAX {
        world.webhook(&number.to_string());
    }
    let kind = Kind::PullWake {
        wake_stream: "w".to_owned(),
    };
    assert!(matches!(
        world.make("more", kind, &[]),
        Err(Refused::TooMany)
    ));
    world.append(E);
    let called = world.look().len();
    assert_eq!(called, WEBHOOKS_MAX, "and so many are called at a time");
}

#[test]
fn a_subscription_has_so_many_streams_and_tells_of_some_at_a_time() {
    let mut world = World::new(1);
    let full = SUBSCRIPTION_LINKS_MAX / SUBSCRIPTION_STREAMS_MAX;
    for number in 0..full {
        world.webhook(&number.to_string());
    }
    let link = |world: &mut World, id: &str, streams| world.ask(id, Ask::Link { streams });
    let all = names(SUBSCRIPTION_STREAMS_MAX);
    let more = names(SUBSCRIPTION_STREAMS_MAX + 1);
    assert!(matches!(link(&mut world, "0", more), Err(Refused::TooMany)));
    for number in 0..full {
        link(&mut world, &number.to_string(), all.clone()).unwrap();
    }
    world.webhook("more");
    let one = link(&mut world, "more", names(1));
    assert!(matches!(one, Err(Refused::TooMany)), "all together");
    world.append("events/unseen");
    assert!(!world.cursors("0").contains_key("events/unseen"));
    world.append("named/9");
    let sent = world.look();
    assert_eq!(sent.len(), full);
    assert_eq!(sent[0].streams.len(), WAKE_STREAMS_MAX);
    assert_eq!(sent[0].streams[0].path, "named/9", "those with work first");
}

#[test]
fn what_is_asked_is_within_its_bounds() {
    let check = |more: &str, is_fine: bool| {
        let text = format!(r#"{{"type":"pull-wake","streams":["a"],"wake_stream":"w",{more}}}"#);
        let made = (String::new(), Timestamp(0));
        let read = wire::wanted(text.as_bytes(), Targets::Public, made);
        assert_eq!(read.is_ok(), is_fine, "{more:.60}");
    };
    let lease = |lease| format!(r#""lease_ttl_ms":{lease}"#);
    check(&lease(LEASE_MILLISECONDS_MIN), true);
    check(&lease(LEASE_MILLISECONDS_MAX), true);
    check(&lease(LEASE_MILLISECONDS_MIN - 1), false);
    check(&lease(LEASE_MILLISECONDS_MAX + 1), false);
    check(r#""lease_ttl_ms":"1000""#, false);
    check(r#""lease_ttl_ms":1000.5"#, false);
    let described = |bytes| format!(r#""description":"{}""#, "x".repeat(bytes));
    check(&described(DESCRIPTION_BYTES_MAX), true);
    check(&described(DESCRIPTION_BYTES_MAX + 1), false);
    check(r#""pattern":"a*""#, false);
    check(r#""streams":["__ds/a"]"#, false);
    check(r#""and":"more""#, true);
    let worker = |bytes| format!(r#"{{"worker":"{}"}}"#, "x".repeat(bytes));
    for (bytes, is_fine) in [(0, false), (1, true), (WORKER_BYTES_MAX, true)] {
        let read = wire::claim(worker(bytes).as_bytes());
        assert_eq!(read.is_ok(), is_fine, "{bytes}");
    }
    assert!(wire::claim(worker(WORKER_BYTES_MAX + 1).as_bytes()).is_err());
}
