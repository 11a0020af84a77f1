//! The list at the beginning of a mail of several letters: enough to decide in which
//! order to read them, and a link for each.

use super::render::link;
use super::text::cut;
use crate::letter::Letter;

/// How much of a headline is shown.
const HEADLINE: usize = 120;
/// What a list says of a letter, of its rows.
const SAID: [&str; 3] = ["Task", "Parameters", "Reason"];

/// Letters about which one does the same.
pub(super) struct Group {
    /// What: that is what their links say.
    pub(super) title: String,
    pub(super) items: Vec<Item>,
}

/// One letter, in short.
pub(super) struct Item {
    pub(super) number: usize,
    pub(super) headline: String,
    pub(super) brief: Option<String>,
    pub(super) link: String,
}

/// All of them, those of one kind together; numbered as they come in the mail.
pub(super) fn of(letters: &[(&str, &Letter)], site: &str, brief: usize) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (number, (_, letter)) in (1..).zip(letters) {
        let item = Item {
            number,
            headline: cut(&letter.headline, HEADLINE),
            brief: in_short(letter, brief),
            link: link(site, &letter.page),
        };
        let title = cut(&letter.open, HEADLINE);
        match groups.iter_mut().find(|group| group.title == title) {
            Some(group) => group.items.push(item),
            None => groups.push(Group {
                title,
                items: vec![item],
            }),
        }
    }
    groups
}

fn in_short(letter: &Letter, most: usize) -> Option<String> {
    let said = SAID
        .iter()
        .filter_map(|label| letter.rows.iter().find(|row| row.label == *label));
    let said: Vec<&str> = said.map(|row| row.value.as_str()).collect();
    if most == 0 || said.is_empty() {
        return None;
    }
    // The reason comes last, and is not to be missing.
    let said = said.into_iter().filter(|text| *text != "any");
    let said: Vec<String> = said.map(|text| cut(text, most * 3 / 8)).collect();
    Some(cut(&said.join(" · "), most))
}
