//! A disk that keeps apart what was written and what was synced. A power cut loses what was not
//! synced: all of it, none of it or some of it, as the seed has it.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use fastrand::Rng;

use super::disk::{Disk, File};

/// What a disk does wrong, for controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
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
pub(super) struct State {
    /// Files by number: names come and go.
    files: Vec<Content>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    /// Operations until the power goes.
    left: usize,
}

#[derive(Debug, Clone, Default)]
struct Content {
    now: Vec<u8>,
    durable: Vec<u8>,
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

#[derive(Debug)]
struct SimFile {
    sim: Arc<Sim>,
    number: usize,
}

/// A disk that is handed to the log; its clones are the same disk.
#[derive(Debug, Clone)]
pub(super) struct SimDisk(Arc<Sim>);

impl SimDisk {
    pub(super) fn new(state: State, fault: Fault, left: usize) -> Self {
        Self(Arc::new(Sim {
            state: Mutex::new(State { left, ..state }),
            fault,
        }))
    }

    /// Whether there is power left.
    pub(super) fn has_power(&self) -> bool {
        self.0.state.lock().unwrap().left > 0
    }

    /// Changes the state, if there is power.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        self.0.change(change)
    }

    /// What is on the disk when the power comes back.
    pub(super) fn after_cut(&self, rng: &mut Rng) -> State {
        let state = self.0.state.lock().unwrap();
        let mut names = state.durable_names.clone();
        for (path, number) in &state.names {
            if !names.contains_key(path) && rng.bool() {
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
        change(&mut state)
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
                .filter(|path| path.parent() == Some(folder));
            let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
            Ok(inside.map(name).collect())
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
        self.apply(Change::Write(usize::try_from(at).unwrap(), bytes.to_vec()))
    }

    fn sync(&self) -> io::Result<()> {
        self.sim.change(|state| {
            if self.sim.fault != Fault::FileSyncDoesNothing {
                let file = &mut state.files[self.number];
                file.durable.clone_from(&file.now);
                file.unsynced.clear();
            }
            Ok(())
        })
    }

    fn length(&self) -> io::Result<u64> {
        self.sim
            .change(|state| Ok(state.files[self.number].now.len() as u64))
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.apply(Change::Length(usize::try_from(length).unwrap()))
    }
}

impl SimFile {
    fn apply(&self, change: Change) -> io::Result<()> {
        self.sim.change(|state| {
            let file = &mut state.files[self.number];
            change.apply(&mut file.now);
            file.unsynced.push(change);
            Ok(())
        })
    }
}
