//! A disk that keeps apart what was written and what was synced. A power cut loses what was not
//! synced: all of it, none of it or some of it, as the seed has it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use fastrand::Rng;

use crate::log::disk::{Disk, File};

/// What a disk does wrong, for controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    FileSyncDoesNothing,
    FolderSyncDoesNothing,
}

#[derive(Debug)]
struct Sim {
    state: Mutex<State>,
    fault: Fault,
}

#[derive(Debug, Clone, Default)]
pub(in crate::log) struct State {
    /// Files by number: names come and go.
    pub(super) files: Vec<Content>,
    pub(super) names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    /// Operations until the power goes.
    left: usize,
    /// Operations until one fails, and how.
    failing: Option<(usize, Failure)>,
}

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nothing is done. What a sync should have made durable never will be.
    Error,
    /// A write is done in part.
    Short,
    /// There is no space; of a write a part is done.
    NoSpace,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    pub(super) now: Vec<u8>,
    pub(super) durable: Vec<u8>,
    /// What was written since the last sync, in order.
    unsynced: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write(at, bytes) => {
                content.resize(content.len().max(at + bytes.len()), 0);
                content[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Self::Length(length) => content.resize(*length, 0),
        }
    }
}

impl Content {
    fn sync(&mut self) {
        for change in self.unsynced.drain(..) {
            change.apply(&mut self.durable);
        }
    }
}

#[derive(Debug)]
struct SimFile {
    sim: Arc<Sim>,
    number: usize,
}

/// A disk that is handed to the log; its clones are the same disk.
#[derive(Debug, Clone)]
pub(in crate::log) struct SimDisk(Arc<Sim>);

impl SimDisk {
    pub(in crate::log) fn new(state: State, fault: Fault, left: usize) -> Self {
        Self(Arc::new(Sim {
            state: Mutex::new(State { left, ..state }),
            fault,
        }))
    }

    /// Lets one operation fail after so many others.
    pub(super) fn fail_after(&self, operations: usize, failure: Failure) {
        self.0.state.lock().unwrap().failing = Some((operations, failure));
    }

    /// Whether that operation is still to come.
    pub(super) fn is_to_fail(&self) -> bool {
        self.0.state.lock().unwrap().failing.is_some()
    }

    /// Whether there is power left.
    pub(super) fn has_power(&self) -> bool {
        self.0.state.lock().unwrap().left > 0
    }

    /// How many hold it, and files on it.
    pub(super) fn holders(&self) -> usize {
        Arc::strong_count(&self.0)
    }

    /// What is on it now, synced or not.
    pub(super) fn state(&self) -> State {
        self.0.state.lock().unwrap().clone()
    }

    /// Changes the state, if there is power.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        self.0.change(change)
    }

    /// What is on the disk when the power comes back.
    pub(super) fn after_cut(&self, rng: &mut Rng) -> State {
        let state = self.0.state.lock().unwrap();
        let mut names = state.durable_names.clone();
        // A name that was given or taken away since may be there or not; a file that was given
        // another name has one of them.
        names.retain(|path, number| {
            let is_elsewhere = state.names.values().any(|other| other == number);
            is_elsewhere || state.names.contains_key(path) || rng.bool()
        });
        for (path, number) in &state.names {
            if names.get(path) != Some(number) && rng.bool() {
                names.retain(|_, other| other != number);
                names.insert(path.clone(), *number);
            }
        }
        let mood = rng.u8(..3);
        let content = |content: &Content, rng: &mut Rng| {
            let mut left = content.durable.clone();
            for change in &content.unsynced {
                match mood {
                    0 => {}
                    1 => change.apply(&mut left),
                    _ if rng.bool() => match change {
                        Change::Write(at, bytes) => {
                            let torn = bytes[..rng.usize(..=bytes.len())].to_vec();
                            Change::Write(*at, torn).apply(&mut left);
                        }
                        length @ Change::Length(_) => length.apply(&mut left),
                    },
                    _ => {}
                }
            }
            Content {
                now: left.clone(),
                durable: left,
                unsynced: Vec::new(),
            }
        };
        let files = state.files.iter().map(|file| content(file, rng)).collect();
        State {
            files,
            durable_names: names.clone(),
            names,
            left: usize::MAX,
            failing: None,
        }
    }
}

impl Sim {
    fn change<T>(&self, change: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.state.lock().unwrap();
        if state.left == 0 {
            return Err(io::Error::other("there is no power"));
        }
        state.left -= 1;
        match state.failure() {
            Some(failure) => Err(failure.error()),
            None => change(&mut state),
        }
    }
}

impl State {
    /// How the operation that begins fails, if it does.
    fn failure(&mut self) -> Option<Failure> {
        let (left, failure) = self.failing.as_mut()?;
        let failure = *failure;
        match left.checked_sub(1) {
            Some(fewer) => *left = fewer,
            None => self.failing = None,
        }
        self.failing.is_none().then_some(failure)
    }
}

impl Failure {
    fn error(self) -> io::Error {
        match self {
            Self::Error | Self::Short => io::Error::other("the disk has failed"),
            Self::NoSpace => io::ErrorKind::StorageFull.into(),
        }
    }
}

fn missing() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl Disk for SimDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn File>> {
        self.change(|state| {
            let number = *state.names.entry(path.to_owned()).or_insert_with(|| {
                state.files.push(Content::default());
                state.files.len() - 1
            });
            Ok(Box::new(SimFile {
                sim: self.0.clone(),
                number,
            }) as Box<dyn File>)
        })
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn File>> {
        self.change(|state| {
            let number = *state.names.get(path).ok_or_else(missing)?;
            Ok(Box::new(SimFile {
                sim: self.0.clone(),
                number,
            }) as Box<dyn File>)
        })
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.change(|state| {
            let inside = state
                .names
                .keys()
                .filter_map(|path| path.strip_prefix(folder).ok());
            let name = |path: &Path| path.iter().next().unwrap().to_str().unwrap().to_owned();
            let names: BTreeSet<_> = inside.map(name).collect();
            Ok(names.into_iter().collect())
        })
    }

    fn make_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(|state| {
            let number = state.names.remove(from).ok_or_else(missing)?;
            state.names.insert(to.to_owned(), number);
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.change(|state| state.names.remove(path).map(drop).ok_or_else(missing))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.change(|state| {
            if self.0.fault != Fault::FolderSyncDoesNothing {
                let inside = |path: &PathBuf| path.parent() == Some(folder);
                state.durable_names.retain(|path, _| !inside(path));
                let names = state.names.iter().filter(|(path, _)| inside(path));
                state
                    .durable_names
                    .extend(names.map(|(path, number)| (path.clone(), *number)));
            }
            Ok(())
        })
    }

    fn sync_all(&self) -> io::Result<()> {
        self.change(|state| {
            if self.0.fault != Fault::FolderSyncDoesNothing {
                state.durable_names.clone_from(&state.names);
            }
            if self.0.fault != Fault::FileSyncDoesNothing {
                state.files.iter_mut().for_each(Content::sync);
            }
            Ok(())
        })
    }

    fn remove_folder(&self, folder: &Path) -> io::Result<()> {
        self.change(|state| {
            state.names.retain(|path, _| path.parent() != Some(folder));
            Ok(())
        })
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Ok(u64::MAX)
    }
}

impl SimFile {
    fn apply(&self, change: &Change) -> io::Result<()> {
        let apply = |state: &mut State, change: &Change| {
            let file = &mut state.files[self.number];
            change.apply(&mut file.now);
            file.unsynced.push(change.clone());
        };
        let failure = self.sim.state.lock().unwrap().failing;
        let applied = self.sim.change(|state| {
            apply(state, change);
            Ok(())
        });
        if let (Err(_), Change::Write(at, bytes)) = (&applied, change)
            && matches!(failure, Some((0, Failure::Short | Failure::NoSpace)))
        {
            let part = bytes[..bytes.len() / 2].to_vec();
            apply(
                &mut self.sim.state.lock().unwrap(),
                &Change::Write(*at, part),
            );
        }
        applied
    }
}

impl File for SimFile {
    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        self.sim.change(|state| {
            let at = usize::try_from(at).unwrap();
            let content = &state.files[self.number].now;
            let found = content.get(at..at + bytes.len());
            bytes.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        })
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.apply(&Change::Write(usize::try_from(at).unwrap(), bytes.to_vec()))
    }

    fn sync(&self) -> io::Result<()> {
        let synced = self.sim.change(|state| {
            if self.sim.fault != Fault::FileSyncDoesNothing {
                let file = &mut state.files[self.number];
                file.sync();
            }
            Ok(())
        });
        if synced.is_err() {
            // The system has forgotten that it was to be written.
            let mut state = self.sim.state.lock().unwrap();
            state.files[self.number].unsynced.clear();
        }
        synced
    }

    fn length(&self) -> io::Result<u64> {
        self.sim
            .change(|state| Ok(state.files[self.number].now.len() as u64))
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.apply(&Change::Length(usize::try_from(length).unwrap()))
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        self.set_length(length)
    }
}
