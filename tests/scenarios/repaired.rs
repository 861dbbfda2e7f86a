//! `producer repair` where little tells what there is, and what it takes along.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use crate::{
    inspect::{EACH, RECORDS, made, on, repair},
    named::{TEXT, named},
    numbered,
};

/// Where each frame of a catalogue begins.
fn frames(text: &[u8]) -> Vec<usize> {
    let begins = |at: &usize| {
        text.get(*at..)
            .is_some_and(|rest| rest.starts_with(b"BFr2"))
    };
    (0..text.len()).filter(begins).collect()
}

/// That all records of the streams `one` and `text` are saved, by their names or that of what is lost.
fn is_saved(directory: &Path) {
    let parent = tempfile::tempdir().expect("a temporary directory");
    let new = parent.path().join("new");
    let (code, said) = repair(directory, &new);
    assert_eq!(code, Some(0), "{said}");
    let service = on(&new, &[]);
    let either = |name: &'static str, lost: &'static str| match named(&service, name).head().status
    {
        200 => name,
        _ => lost,
    };
    let all: Vec<_> = (0..RECORDS).collect();
    let one = numbered::found(&service, either("one", "lost-2"));
    assert_eq!(one, all, "{said}");
    let text = named(&service, either("text", "lost-3")).read("offset=-1");
    assert_eq!(text.text().expect("a text"), "a\nb", "{said}");
}

#[test]
fn streams_are_saved_of_which_the_catalogue_does_not_tell_all() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut service = on(directory.path(), &[]);
    numbered::make(&service, "one");
    assert_eq!(named(&service, "text").put(&[TEXT], "a\nb").status, 201);
    numbered::append(&service, "one", 0..RECORDS, EACH);
    service.terminate();
    assert_eq!(service.exit_code(), Some(0));
    let catalogue = directory.path().join("catalogue");
    let whole = fs::read(&catalogue).expect("a file");
    let frames = frames(&whole);
    assert!(frames.len() > 3, "{frames:?}");
    for at in frames {
        let mut flipped = whole.clone();
        *flipped.get_mut(at + 30).expect("an entry") ^= 4;
        fs::write(&catalogue, flipped).expect("a file");
        is_saved(directory.path());
        // What is there is true, and not the latest.
        let earlier = whole.get(..at).expect("it is so long");
        fs::write(&catalogue, earlier).expect("a file");
        is_saved(directory.path());
    }
}

#[test]
fn the_keys_that_sign_are_saved_too() {
    let directory = made();
    let parent = tempfile::tempdir().expect("a temporary directory");
    let new = parent.path().join("new");
    let (code, said) = repair(directory.path(), &new);
    assert_eq!(code, Some(0), "{said}");
    let keys = |directory: &Path| fs::read(directory.join("webhook-keys")).expect("a file");
    assert_eq!(keys(&new), keys(directory.path()));
    let mode = fs::metadata(new.join("webhook-keys")).expect("it is there");
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);

    fs::write(directory.path().join("webhook-keys"), "none").expect("a file");
    let other = parent.path().join("other");
    let (code, said) = repair(directory.path(), &other);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("webhook-keys are not saved"), "{said}");
    assert!(on(&other, &[]).listens());
}
