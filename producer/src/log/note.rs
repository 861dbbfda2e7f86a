//! Notes: small texts by name that others of this service keep in the log, next to the streams. The last
//! one of a name counts; those that are kept together are there together, or none of them is.

use bytes::{Bytes, TryGetError};

use super::{append::Refused, entry::Entry, field, group::Group, staged::Effect};

/// The entry of a note is not longer, without its name and its text.
const ENTRY_BYTES: usize = 16;

/// A text by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    /// Its name.
    pub(crate) name: String,
    /// What it says; nothing is that there is no such note any more.
    pub(crate) text: Bytes,
}

impl Note {
    /// How long its entry gets, at the most.
    pub(super) fn bytes(&self) -> usize {
        ENTRY_BYTES + self.name.len() + self.text.len()
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        field::put_text(out, &self.name);
        field::put_content(out, &self.text);
    }

    pub(super) fn read(text: &mut Bytes) -> Result<Self, TryGetError> {
        Ok(Self {
            name: field::read_text(text)?,
            text: field::content(text)?,
        })
    }
}

impl Group<'_> {
    /// Keeps notes. A full disk lets them pass where there is room in the journal: they are short.
    pub(super) fn note(&mut self, notes: Vec<Note>) -> Result<(), Refused> {
        self.refused_to_end()?;
        for note in notes {
            self.draft.push(&Entry::Note(note.clone()));
            self.staged.effects.push(Effect::Note(note));
        }
        Ok(())
    }
}
