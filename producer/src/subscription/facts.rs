//! What holds of subscriptions, one fact at a time.

use super::{
    ask::{Ask, Said, Via},
    made::Kind,
    refused::Refused,
    state::Told,
    world::{LEASE, World},
};

const E: &str = "events/a";

fn acked(next_wake: bool) -> Said {
    Said::Acked { next_wake }
}

#[test]
fn a_webhook_is_called_when_there_is_work_and_not_before() {
    let mut world = World::new(1);
    world.append(E);
    world.webhook("s");
    assert_eq!(world.look(), [], "what was there before is no work");
    world.append(E);
    world.append("events/b");
    let sent = world.look();
    let seen: Vec<_> = sent[0]
        .streams
        .iter()
        .map(|seen| (&*seen.path, seen.acked.is_some()))
        .collect();
    assert_eq!(seen, [(E, true), ("events/b", false)]);
    assert_eq!(sent[0].generation, 1);
    assert_eq!(world.after(1), [], "one is called at a time");
    world.append("other");
    world.told(&sent[0], Told::Done(sent[0].streams.clone()));
    assert_eq!(world.look(), []);
    world.append(E);
    assert_eq!(world.look()[0].generation, 2);
}

#[test]
fn what_comes_after_the_call_is_work_for_the_next() {
    let mut world = World::new(1);
    world.webhook("s");
    world.append(E);
    let sent = world.look();
    world.append(E);
    world.told(&sent[0], Told::Done(sent[0].streams.clone()));
    let again = world.look();
    assert_eq!(again[0].generation, 2);
    assert_eq!(again[0].streams[0].acked, Some(sent[0].streams[0].tail));
}

#[test]
fn who_called_back_as_done_is_fenced_then() {
    let mut world = World::new(1);
    world.webhook("s");
    world.append(E);
    let sent = world.look();
    world.told(&sent[0], Told::Heard);
    let tail = world.tail(E);
    let wake = (1, &*sent[0].wake);
    let done = |world: &mut World| world.report(("s", Via::Callback), wake, &[(E, &tail)], true);
    assert_eq!(done(&mut world).unwrap(), acked(false));
    assert!(matches!(done(&mut world), Err(Refused::Fenced)));
    let ack = world.report(("s", Via::Ack), wake, &[], true);
    assert!(
        matches!(ack, Err(Refused::Invalid(_))),
        "a webhook has no worker"
    );
}

#[test]
fn a_lease_goes_on_as_long_as_somebody_says_so() {
    let mut world = World::new(1);
    world.webhook("s");
    world.append(E);
    let sent = world.look();
    world.told(&sent[0], Told::Heard);
    let wake = (1, &*sent[0].wake);
    for _ in 0..3 {
        assert_eq!(world.after(LEASE - 1), []);
        let said = world.report(("s", Via::Callback), wake, &[], false);
        assert_eq!(said.unwrap(), acked(false));
    }
    let again = world.after(LEASE);
    assert_eq!(again[0].generation, 2, "it is over, and there is work");
    let late = world.report(("s", Via::Callback), wake, &[], true);
    assert!(matches!(late, Err(Refused::Fenced)));
}

#[test]
fn who_does_not_hear_is_called_less_and_less() {
    let mut world = World::new(1);
    world.webhook("s");
    world.append(E);
    let (mut sent, mut waits) = (world.look(), Vec::new());
    for _ in 0..9 {
        world.told(&sent[0], Told::Failed);
        let begun = world.now.0;
        sent = loop {
            let sent = world.after(100);
            if !sent.is_empty() {
                break sent;
            }
        };
        assert!(sent[0].is_retry);
        waits.push(world.now.0 - begun);
    }
    for (wait, usual) in waits.iter().zip([1, 2, 4, 8, 16, 32, 60, 60, 60]) {
        assert!(
            (usual * 800..=usual * 1200 + 100).contains(wait),
            "{waits:?}"
        );
    }
    let has_failed = |world: &mut World| match world.ask("s", Ask::Show) {
        Ok(Said::Shown { view, .. }) => view.has_failed,
        other => panic!("{other:?}"),
    };
    assert!(has_failed(&mut world));
    world.told(&sent[0], Told::Heard);
    assert!(!has_failed(&mut world));
}

#[test]
fn who_is_silent_for_the_lease_has_not_heard() {
    let mut world = World::new(1);
    world.webhook("s");
    world.append(E);
    let sent = world.look();
    assert_eq!(world.after(LEASE), [], "its call may still be under way");
    world.told(&sent[0], Told::Failed);
    assert_eq!(world.look(), [], "and the next has to wait");
    let again = world.after(1200);
    assert_eq!((again[0].generation, again[0].is_retry), (2, true));
}

#[test]
fn workers_race_and_one_wins() {
    let mut world = World::new(1);
    world.pull("s");
    assert!(matches!(world.claim("s", "w1"), Err(Refused::NoWork)));
    world.append(E);
    let sent = world.look();
    assert_eq!((&*sent[0].pending, sent[0].generation), (E, 1));
    world.told(&sent[0], Told::Heard);
    let (generation, wake, streams) = world.claim("s", "w1").unwrap();
    assert_eq!((generation, &wake), (1, &sent[0].wake));
    assert!(streams[0].has_pending);
    let lost = world.claim("s", "w2").unwrap_err();
    assert!(matches!(lost, Refused::Claimed { holder, generation: 1 } if holder == "w1"));
    let (wake, tail) = ((1, &*wake), world.tail(E));
    world.append(E);
    let via = ("s", Via::Ack);
    assert_eq!(
        world.report(via, wake, &[(E, &tail)], true).unwrap(),
        acked(true)
    );
    assert_eq!(world.claim("s", "w2").unwrap().0, 2, "what came meanwhile");
}

#[test]
fn who_has_done_or_given_back_its_work_is_fenced() {
    let mut world = World::new(1);
    world.pull("s");
    world.append(E);
    let sent = world.look();
    world.told(&sent[0], Told::Heard);
    let wake = (1, &*sent[0].wake);
    world.claim("s", "w1").unwrap();
    let tail = world.tail(E);
    world.append(E);
    let via = ("s", Via::Ack);
    assert_eq!(
        world.report(via, wake, &[(E, &tail)], true).unwrap(),
        acked(true)
    );
    let (generation, second, _) = world.claim("s", "w2").unwrap();
    assert_eq!(generation, 2);
    let stale = world.report(via, wake, &[], true);
    assert!(matches!(stale, Err(Refused::Fenced)));
    let other = world.report(via, (2, wake.1), &[], true);
    assert!(
        matches!(other, Err(Refused::Fenced)),
        "a wake of another generation"
    );
    let release = world.report(("s", Via::Release), (2, &second), &[], false);
    assert_eq!(release.unwrap(), Said::Done);
    assert_eq!(world.look()[0].generation, 3, "what is left is told again");
}

#[test]
fn a_worker_that_is_silent_loses_its_lease() {
    let mut world = World::new(1);
    world.pull("s");
    world.append(E);
    let sent = world.look();
    world.told(&sent[0], Told::Heard);
    let (generation, wake, _) = world.claim("s", "w1").unwrap();
    assert_eq!(world.after(LEASE - 1), []);
    assert_eq!(world.after(1)[0].generation, 2);
    let late = world.report(("s", Via::Ack), (generation, &wake), &[], true);
    assert!(matches!(late, Err(Refused::Fenced)));
}

#[test]
fn cursors_move_forwards_together_and_no_further_than_there_is() {
    let mut world = World::new(1);
    world.pull("s");
    world.append(E);
    world.append("events/b");
    world.look();
    let (generation, wake, _) = world.claim("s", "w").unwrap();
    let (tail, wake) = (world.tail(E), (generation, &*wake));
    let beyond = "0000000000000009_0000000000000018";
    for acks in [
        &[(E, &*tail), ("events/b", beyond)][..],
        &[(E, "-1")],
        &[(E, "now")],
        &[("events/c", &tail)],
    ] {
        let refused = world.report(("s", Via::Ack), wake, acks, false);
        assert!(matches!(refused, Err(Refused::NotAPlace(_))), "{acks:?}");
        assert!(world.cursors("s").values().all(Option::is_none), "{acks:?}");
    }
    world
        .report(("s", Via::Ack), wake, &[(E, &tail)], false)
        .unwrap();
    let zero = "0000000000000000_0000000000000000";
    let back = world.report(("s", Via::Ack), wake, &[(E, zero)], false);
    assert!(matches!(back, Err(Refused::NotAPlace(_))));
    let again = world.report(("s", Via::Ack), wake, &[(E, &tail)], true);
    assert_eq!(again.unwrap(), acked(true));
}

#[test]
fn a_stream_that_is_made_anew_is_another() {
    let mut world = World::new(1);
    let url = "https://a.example".to_owned();
    world.append("named");
    world
        .make("s", Kind::Webhook { url }, &["named", "later"])
        .unwrap();
    world.append(E);
    let sent = world.look();
    world.told(&sent[0], Told::Done(sent[0].streams.clone()));
    for name in [E, "named"] {
        world.delete(name);
    }
    let cursors = world.cursors("s");
    assert_eq!(
        cursors.get("named"),
        Some(&None),
        "it was named, and may come again"
    );
    assert!(!cursors.contains_key(E));
    assert_eq!(world.look(), []);
    for name in [E, "named", "later"] {
        world.append(name);
        let sent = world.look();
        let seen = sent[0]
            .streams
            .iter()
            .find(|seen| seen.path == name)
            .unwrap();
        assert_eq!((seen.acked, seen.has_pending), (None, true), "{name}");
        world.told(&sent[0], Told::Done(sent[0].streams.clone()));
    }
}

#[test]
fn a_link_that_was_named_goes_and_one_that_matches_stays() {
    let mut world = World::new(1);
    world.append(E);
    world.webhook("s");
    let streams = vec![E.to_owned(), "named".to_owned()];
    world.ask("s", Ask::Link { streams }).unwrap();
    for stream in [E, "named", "never"] {
        let stream = stream.to_owned();
        assert_eq!(world.ask("s", Ask::Unlink { stream }).unwrap(), Said::Done);
    }
    let left: Vec<_> = world.cursors("s").into_keys().collect();
    assert_eq!(left, [E]);
}

#[test]
fn the_stream_that_wakes_is_no_work() {
    let mut world = World::new(1);
    world.pull("s");
    world.append("events/wake");
    assert_eq!(world.look(), []);
    assert!(world.cursors("s").is_empty());
}

#[test]
fn a_subscription_is_made_once_and_gone_when_it_is_deleted() {
    let mut world = World::new(1);
    let kind = || Kind::PullWake {
        wake_stream: "w".to_owned(),
    };
    let is_new = |said: Said| matches!(said, Said::Shown { is_new: true, .. });
    assert!(is_new(world.make("s", kind(), &["a"]).unwrap()));
    assert!(!is_new(world.make("s", kind(), &["a"]).unwrap()));
    assert!(matches!(
        world.make("s", kind(), &["b"]),
        Err(Refused::Exists(_))
    ));
    world.append("a");
    world.look();
    let (generation, wake, _) = world.claim("s", "w").unwrap();
    world.look();
    assert!(!world.kept.is_empty());
    world.ask("s", Ask::Delete).unwrap();
    let late = world.report(("s", Via::Ack), (generation, &wake), &[], true);
    assert!(matches!(late, Err(Refused::Missing(_))));
    world.look();
    assert!(world.kept.is_empty(), "{:?}", world.kept);
    assert!(is_new(world.make("s", kind(), &["b"]).unwrap()));
}

#[test]
fn a_crash_takes_back_nothing_that_was_said() {
    let mut world = World::new(1);
    world.webhook("s");
    world.append(E);
    let sent = world.look();
    world.crash();
    let again = world.look();
    let same = (again[0].generation, &again[0].wake) == (1, &sent[0].wake);
    assert!(same, "nobody is known to have heard it: {again:?}");
    world.told(&again[0], Told::Done(again[0].streams.clone()));
    world.look();
    world.append("events/new");
    world.crash();
    let sent = world.look();
    assert_eq!((sent[0].generation, &*sent[0].pending), (2, "events/new"));
}
