//! Power cuts on a disk of our own making, at every single operation: what was acknowledged is
//! there, what is there was appended, and nothing in it is missing.

use std::sync::Arc;

use common::{offset::Offset, record::Batch, time::Timestamp};
use fastrand::Rng;
use tokio::sync::{mpsc::channel, oneshot};

use super::*;
use crate::log::{
    Appended, Failed, Room,
    kept::SEGMENT_BYTES,
    simulated::{Fault, SimDisk, State},
};

const BOUNDS: Bounds = Bounds {
    retention_bytes: None,
    memory_bytes: 0,
    inflight_bytes: 1 << 20,
    file: FileBytesMax {
        journal: 300,
        segment: 100,
    },
};

/// What is known to have happened to a log.
#[derive(Debug, Default, Clone)]
struct History {
    appended: Vec<String>,
    acknowledged: usize,
}

/// Opens the log on `disk` and appends until the power goes, or so many groups are written.
fn live(disk: &SimDisk, history: &mut History, groups: usize, rng: &mut Rng) -> Result<(), String> {
    let clock = Clock::manual(Timestamp(0));
    let (queue, mut commands) = channel(COMMANDS_MAX);
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    let parts = match Parts::open(&disk, queue.clone(), BOUNDS, &clock) {
        Err(damage) if damage.to_string().contains("there is no power") => return Ok(()),
        parts => parts.map_err(|damage| damage.to_string())?,
    };
    let Parts {
        log,
        mut writer,
        mut keeper,
        sealed,
    } = parts;
    check(&log, history)?;
    for _ in 0..groups {
        let appends = rng.usize(1..4);
        let mut answers = Vec::new();
        for _ in 0..appends {
            let line = format!(
                "\"{}\"",
                "x".repeat(rng.usize(..60)) + &history.appended.len().to_string()
            );
            let batch = Batch::from_ndjson(line.as_bytes()).unwrap();
            history.appended.push(line);
            let (reply, answer) = oneshot::channel();
            let room = futures_util::FutureExt::now_or_never(log.reserve(0)).unwrap();
            queue
                .try_send(Command::Append { batch, room, reply })
                .unwrap();
            answers.push(answer);
        }
        let first = commands.try_recv().unwrap();
        assert!(writer.step(first, &mut commands).is_continue());
        for mut answer in answers {
            let answer: Result<Appended, _> = answer.try_recv().unwrap();
            match answer {
                Ok(_) => history.acknowledged = history.appended.len(),
                Err(_) => return Ok(()),
            }
        }
        while let Ok(sealed) = sealed.try_recv() {
            if keeper.settle(sealed).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// What can be read is what was appended, in order, and all that was acknowledged; what is read now
/// is what there is from now on.
fn check(log: &Log, history: &mut History) -> Result<(), String> {
    let (mut at, end) = (Offset::default(), log.tail().next);
    let mut found = Vec::new();
    while at < end {
        let lines = match log.recent(at, SEGMENT_BYTES) {
            Some(lines) => lines,
            None => match log
                .shelf()
                .unwrap()
                .read(at)
                .map_err(|damage| damage.to_string())
            {
                Err(error) if error.contains("there is no power") => return Ok(()),
                lines => lines?.ok_or_else(|| format!("nothing at {at}"))?,
            },
        };
        found.extend(
            String::from_utf8(lines.to_vec())
                .unwrap()
                .lines()
                .map(str::to_owned),
        );
        at = at.advance(common::ndjson::count(&lines) as u64, lines.len() as u64);
    }
    if found.len() < history.acknowledged {
        return Err(format!(
            "{} of {} acknowledged are there",
            found.len(),
            history.acknowledged
        ));
    }
    if history.appended.get(..found.len()) != Some(&found[..]) {
        return Err("what is there was not appended so".to_owned());
    }
    history.appended = found;
    history.acknowledged = history.appended.len();
    Ok(())
}

/// Cuts the power at each operation of a life, and again in the life after it.
fn cut_everywhere(fault: Fault, seed: u64) -> Result<usize, String> {
    let mut cuts = 0;
    for left in 0.. {
        let mut rng = Rng::with_seed(seed);
        let mut history = History::default();
        let disk = SimDisk::new(State::default(), fault, left);
        live(&disk, &mut history, 12, &mut rng)?;
        let finished = disk.has_power();
        let mut rng = Rng::with_seed(seed ^ left as u64);
        let again = rng.usize(1..80);
        let second = SimDisk::new(disk.after_cut(&mut rng), fault, again);
        live(&second, &mut history, 4, &mut rng)?;
        let third = SimDisk::new(second.after_cut(&mut rng), fault, usize::MAX);
        live(&third, &mut history, 2, &mut rng)?;
        cuts += 2;
        if finished {
            break;
        }
    }
    Ok(cuts)
}

#[test]
fn no_power_cut_loses_what_was_acknowledged() {
    let mut cuts = 0;
    for seed in 0..100 {
        match cut_everywhere(Fault::None, seed) {
            Ok(more) => cuts += more,
            Err(why) => panic!("seed {seed}: {why}"),
        }
    }
    assert!(cuts > 10_000, "{cuts} cuts");
}

#[test]
fn a_disk_that_does_not_sync_is_found_out() {
    for fault in [Fault::FileSyncDoesNothing, Fault::FolderSyncDoesNothing] {
        let found = (0..20).any(|seed| cut_everywhere(fault, seed).is_err());
        assert!(found, "{fault:?} was not noticed");
    }
}

#[test]
fn a_log_that_cannot_be_settled_takes_no_more() {
    let disk: Arc<dyn Disk> = Arc::new(SimDisk::new(State::default(), Fault::None, usize::MAX));
    let (queue, mut commands) = channel(1);
    let clock = Clock::manual(Timestamp(0));
    let parts = Parts::open(&disk, queue.clone(), BOUNDS, &clock).unwrap();
    let Parts {
        log,
        mut writer,
        sealed,
        ..
    } = parts;
    drop(sealed);
    let refused = (0..100).find_map(|_| {
        let batch = Batch::from_ndjson(b"1").unwrap();
        let (reply, mut answer) = oneshot::channel();
        queue
            .try_send(Command::Append {
                batch,
                room: Room::of_source(),
                reply,
            })
            .unwrap();
        let first = commands.try_recv().unwrap();
        assert!(writer.step(first, &mut commands).is_continue());
        let answer: Result<Appended, _> = answer.try_recv().unwrap();
        answer.err()
    });
    assert_eq!(
        refused,
        Some(Failed("its journal cannot be settled".to_owned()).into())
    );
    assert!(log.tail().next.record > 0, "what was acknowledged stays");
}
