//! Power cuts on a real file system: an ext4 of its own, which is told to forget all that it has not
//! made durable. Needs root, a loop device and Python.
//!
//! `TESTS_CUTS=10000 cargo test -p tests power` is the long run.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tests::{
    Service, producer,
    tool::{is_set, skip, tool},
};

use crate::{
    faulty_disk::{Fault, FaultyDisk},
    ledger::{End, Life, records, tail},
};

/// How often the power is cut where nothing else is said.
const CUTS: usize = 100;

/// How large its disk is: far from full.
const MEGABYTES: u64 = 512;

/// `_IOR('X', 125, __u32)` with 2: shut the file system down, and drop what its journal has not
/// written.
const CUT: &str = "\
import fcntl, os, struct, sys
folder = os.open(sys.argv[1], os.O_RDONLY)
fcntl.ioctl(folder, 0x8004587D, struct.pack('I', 2))";

/// Nothing is ever synced.
const UNSYNCED: Fault = Fault {
    how: "unsynced",
    path: "",
    after: 0,
};

#[test]
fn what_was_acknowledged_survives_a_power_cut() {
    let Some(disk) = Disk::make(MEGABYTES) else {
        return;
    };
    let cuts = std::env::var_os("TESTS_CUTS").and_then(|cuts| cuts.to_str()?.parse().ok());
    let acknowledged = cut(&disk, cuts.unwrap_or(CUTS), None).expect("nothing is lost");
    eprintln!("{acknowledged} acknowledged records, 0 lost");
}

#[test]
fn a_disk_that_does_not_sync_loses_what_was_acknowledged() {
    let Some(disk) = Disk::make(MEGABYTES) else {
        return;
    };
    let Some(faulty) = FaultyDisk::make() else {
        return;
    };
    let lost = cut(&disk, 10, Some(&faulty));
    assert!(
        lost.is_err(),
        "so a cut would not show that something is not synced"
    );
}

/// Cuts the power so many times; returns how many records were acknowledged, or what was lost.
fn cut(disk: &Disk, cuts: usize, faulty: Option<&FaultyDisk>) -> Result<usize, String> {
    let mut acknowledged = 0;
    let mut place = "-1".to_owned();
    for number in 0..cuts {
        let mut producer = disk.producer(faulty);
        if number == 0 {
            (_, place) = records(&producer, "-1");
        }
        let acks = 10 + (number * 37) % 200;
        let end = || {
            disk.cut();
            producer.kill();
        };
        let life = Life::lead(&producer, (number, acks), &place, (End::PowerCut, end));
        let _killed = producer.exit_code();
        disk.power_on();
        let mut again = disk.producer(faulty);
        if again.stderr.wait_for("listening").is_none() {
            return Err(again.stderr.all().join("\n"));
        }
        let tail = tail(&again);
        if tail < place {
            return Err(format!("the log ended at {place}, and now at {tail}"));
        }
        let (found, next) = records(&again, &place);
        if let Some(contradiction) = life.contradiction(&found) {
            return Err(format!("cut {number}: {contradiction}"));
        }
        acknowledged += life.acknowledged();
        place = next;
        again.kill();
        let _killed = again.exit_code();
    }
    Ok(acknowledged)
}

/// An ext4 in a file.
pub(crate) struct Disk {
    _folder: tempfile::TempDir,
    image: PathBuf,
    pub(crate) mounted: PathBuf,
}

impl Disk {
    /// Makes one of so many MiB; none where that cannot be done.
    pub(crate) fn make(megabytes: u64) -> Option<Self> {
        let tools = ["mkfs.ext4", "mount", "umount", "python3"];
        if !tools.iter().all(|name| tool(name).is_some()) {
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary directory");
        let (image, mounted) = (folder.path().join("image"), folder.path().join("mounted"));
        fs::create_dir(&mounted).expect("a folder can be made");
        let file = fs::File::create(&image).expect("a file can be made");
        file.set_len(megabytes << 20).expect("it can be long");
        run("mkfs.ext4", &["-q", "-F", text(&image)]);
        let disk = Self {
            _folder: folder,
            image,
            mounted,
        };
        let can_mount = disk.mount();
        if !can_mount {
            skip("an image cannot be mounted: not root, or no loop device");
        }
        can_mount.then_some(disk)
    }

    fn mount(&self) -> bool {
        let arguments = ["-o", "loop", text(&self.image), text(&self.mounted)];
        Command::new("mount")
            .args(arguments)
            .status()
            .is_ok_and(|status| status.success())
    }

    fn producer(&self, faulty: Option<&FaultyDisk>) -> Service {
        let data = self.mounted.join("data");
        match faulty {
            Some(faulty) => faulty.producer(&data, UNSYNCED, &[]),
            None => producer(&["--source", "none", "--data-dir", text(&data)]),
        }
    }

    fn cut(&self) {
        run("python3", &["-c", CUT, text(&self.mounted)]);
    }

    fn power_on(&self) {
        run("umount", &[text(&self.mounted)]);
        assert!(self.mount(), "it was mounted before");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily, for a process that is being killed may still be on it.
        let gone = Command::new("umount")
            .args(["-l", text(&self.mounted)])
            .status();
        if is_set("TESTS_MUST_NOT_SKIP") && !gone.is_ok_and(|status| status.success()) {
            eprintln!("{} is still mounted", self.mounted.display());
        }
    }
}

fn run(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "{program} {arguments:?}"
    );
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of ASCII")
}
