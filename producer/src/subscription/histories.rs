//! Random histories of subscriptions: workers and receivers that do their part, or not, at any time, streams that come and
//! go, and crashes. Whatever happens, cursors move forwards, one works at a time, what was said stays true, and
//! in the end all work is done.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;

use super::{
    ask::{Ask, Errand, Via},
    links::Seen,
    refused::Refused,
    state::Told,
    world::{LEASE, World},
};

const STREAMS: [&str; 3] = ["events/a", "events/b", "events/c"];
const STEPS: usize = 120;

/// What somebody was given.
#[derive(Clone)]
struct Given {
    id: &'static str,
    generation: u64,
    wake: String,
    streams: Vec<Seen>,
}

struct History {
    world: World,
    rng: Rng,
    given: Vec<Given>,
    /// The largest generation that anybody was told.
    generations: BTreeMap<&'static str, u64>,
    /// What was acked, by the number of the stream.
    acked: BTreeMap<(&'static str, String, u64), String>,
    wakes: BTreeSet<(String, u64, String)>,
    fenced: usize,
}

impl History {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        world.webhook("hook");
        world.pull("pull");
        world.look();
        Self {
            world,
            rng: Rng::with_seed(seed),
            given: Vec::new(),
            generations: BTreeMap::new(),
            acked: BTreeMap::new(),
            wakes: BTreeSet::new(),
            fenced: 0,
        }
    }

    fn stream(&mut self) -> &'static str {
        STREAMS[self.rng.usize(..STREAMS.len())]
    }

    fn step(&mut self) {
        match self.rng.u8(..24) {
            0..8 => {
                let stream = self.stream();
                self.world.append(stream);
            }
            8 => {
                let stream = self.stream();
                self.world.delete(stream);
            }
            9..13 => self.world.now.0 += self.rng.i64(0..LEASE * 2),
            13..16 => self.claim(),
            16..20 => self.report(),
            20 => {
                // Of what was not kept nobody has heard.
                self.world.crash();
            }
            _ => self.come_back(),
        }
        let sent = self.world.look();
        for errand in &sent {
            self.hear(errand);
        }
        self.check();
    }

    fn hear(&mut self, errand: &Errand) {
        let id = if errand.id == "hook" { "hook" } else { "pull" };
        self.is_told(id, errand.generation, &errand.wake);
        if id == "hook" {
            self.given.push(Given {
                id,
                generation: errand.generation,
                wake: errand.wake.clone(),
                streams: errand.streams.clone(),
            });
        }
    }

    /// A generation is one wake, and none is below one that was told.
    fn is_told(&mut self, id: &'static str, generation: u64, wake: &str) {
        let last = self.generations.entry(id).or_default();
        assert!(generation >= *last, "{id}: {generation} after {last}");
        *last = generation;
        self.wakes
            .insert((id.to_owned(), generation, wake.to_owned()));
        let of_this = self
            .wakes
            .iter()
            .filter(|it| (&*it.0, it.1) == (id, generation));
        assert_eq!(of_this.count(), 1, "{id}: two wakes are {generation}");
    }

    fn claim(&mut self) {
        let worker = ["v", "w"][self.rng.usize(..2)];
        if let Ok((generation, wake, streams)) = self.world.claim("pull", worker) {
            // It is said when it is kept.
            for errand in self.world.look() {
                self.hear(&errand);
            }
            self.is_told("pull", generation, &wake);
            let id = "pull";
            self.given.push(Given {
                id,
                generation,
                wake,
                streams,
            });
        }
    }

    /// Somebody who was given something at any time says how far it is.
    fn report(&mut self) {
        if self.given.is_empty() {
            return;
        }
        let given = self.given[self.rng.usize(..self.given.len())].clone();
        let via = match given.id {
            "hook" => Via::Callback,
            _ if self.rng.u8(..4) == 0 => Via::Release,
            _ => Via::Ack,
        };
        let pending = given.streams.iter().filter(|seen| seen.has_pending);
        let acks: Vec<_> = pending
            .map(|seen| (seen.path.clone(), seen.tail.to_string()))
            .collect();
        let acks: Vec<_> = acks.iter().map(|(path, at)| (&**path, &**at)).collect();
        let wake = (given.generation, &*given.wake);
        let is_done = self.rng.bool();
        let said = self.world.report((given.id, via), wake, &acks, is_done);
        match said {
            Ok(_) => {
                for seen in given.streams.iter().filter(|seen| seen.has_pending) {
                    let now = self.world.streams.get(&seen.path);
                    let is_same = now.is_none_or(|now| now.number == seen.number);
                    assert!(is_same || via == Via::Release, "{}: {seen:?}", given.id);
                }
                let is_last = self.generations.get(given.id) == Some(&given.generation);
                assert!(
                    is_last,
                    "{}: {} is not the last",
                    given.id, given.generation
                );
            }
            Err(Refused::Fenced) => self.fenced += 1,
            Err(Refused::NotAPlace(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }

    fn come_back(&mut self) {
        let under_way = &self.world.under_way;
        if under_way.is_empty() {
            return;
        }
        let errand = under_way[self.rng.usize(..under_way.len())].clone();
        let told = match self.rng.u8(..3) {
            0 => Told::Failed,
            1 if errand.id == "hook" => Told::Done(errand.streams.clone()),
            _ => Told::Heard,
        };
        self.world.told(&errand, told);
    }

    /// Cursors are within their streams, and have not moved back.
    fn check(&mut self) {
        for id in ["hook", "pull"] {
            for (path, acked) in self.world.cursors(id) {
                let Some(ends) = self.world.streams.get(&path).copied() else {
                    continue;
                };
                let acked = acked.map(|acked| acked.to_string()).unwrap_or_default();
                assert!(
                    acked <= ends.next.to_string(),
                    "{id} {path}: beyond the end"
                );
                let last = self
                    .acked
                    .entry((id, path.clone(), ends.number))
                    .or_default();
                assert!(*last <= acked, "{id} {path}: {last} and then {acked}");
                *last = acked;
            }
        }
    }

    /// From now on everybody does their part.
    fn ends(&mut self) {
        for _ in 0..400 {
            for errand in self.world.under_way.clone() {
                let told = match &*errand.id {
                    "hook" => Told::Done(errand.streams.clone()),
                    _ => Told::Heard,
                };
                self.world.told(&errand, told);
            }
            if let Ok((generation, wake, streams)) = self.world.claim("pull", "w") {
                let pending = streams.iter().filter(|seen| seen.has_pending);
                let acks: Vec<_> = pending
                    .map(|seen| (seen.path.clone(), seen.tail.to_string()))
                    .collect();
                let acks: Vec<_> = acks.iter().map(|(path, at)| (&**path, &**at)).collect();
                let wake = (generation, &*wake);
                self.world
                    .report(("pull", Via::Ack), wake, &acks, true)
                    .unwrap();
            }
            self.world.after(LEASE / 2);
        }
        for id in ["hook", "pull"] {
            let cursors = self.world.cursors(id);
            for (name, ends) in &self.world.streams {
                let acked = cursors.get(name).copied().flatten();
                assert_eq!(acked, Some(ends.next), "{id} has not got to {name}");
            }
        }
    }
}

/// Lives through a history, and says how often somebody was fenced.
fn live(seed: u64) -> usize {
    let mut history = History::new(seed);
    for _ in 0..STEPS {
        history.step();
    }
    history.ends();
    history.world.ask("hook", Ask::Delete).unwrap();
    history.world.ask("pull", Ask::Delete).unwrap();
    history.world.look();
    assert!(history.world.kept.is_empty(), "{:?}", history.world.kept);
    history.fenced
}

#[test]
fn whatever_happens_all_work_is_done_in_the_end() {
    let mut fenced = 0;
    for seed in 0..250 {
        let lived = std::panic::catch_unwind(|| live(seed));
        fenced += lived.unwrap_or_else(|_| panic!("seed {seed}"));
    }
    assert!(
        fenced > 500,
        "{fenced} were fenced: too few for this to show anything"
    );
}
