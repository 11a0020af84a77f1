//! Messages of Slack.
//!
//! Every text is an object of the type `plain_text`, in which nothing is markup, and `&`,
//! `<` and `>` are written as Slack wants them, so that nothing typed mentions
//! anybody or hides where a link leads. The one button opens a page.

use serde_json::{Map, Value, json};

use super::chat::Note;

/// The longest header that Slack takes, in characters.
const HEADER: usize = 150;
/// The longest field of a section.
const FIELD: usize = 2_000;
/// The longest words on a button.
const BUTTON: usize = 75;

/// The message, without a channel.
pub(super) fn message(note: &Note) -> Map<String, Value> {
    let mut blocks = vec![json!({ "type": "header", "text": text(&note.headline, HEADER) })];
    if note.rows.is_empty() {
        blocks = vec![json!({ "type": "section", "text": text(&note.headline, FIELD) })];
    }
    // A section holds ten fields at most.
    for rows in note.rows.chunks(10) {
        let fields = rows
            .iter()
            .map(|row| text(&format!("{}\n{}", row.label, row.value), FIELD));
        blocks.push(json!({ "type": "section", "fields": fields.collect::<Vec<_>>() }));
    }
    blocks.push(json!({
        "type": "actions",
        "elements": [{
            "type": "button",
            "action_id": "open",
            "text": text(&note.open, BUTTON),
            "url": note.page,
        }],
    }));
    let message = json!({
        "text": escaped(&note.headline, FIELD),
        "mrkdwn": false,
        "link_names": false,
        "unfurl_links": false,
        "unfurl_media": false,
        "blocks": blocks,
    });
    match message {
        Value::Object(message) => message,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    }
}

fn text(text: &str, longest: usize) -> Value {
    json!({ "type": "plain_text", "text": escaped(text, longest), "emoji": false })
}

/// As Slack wants it, and no longer than it takes.
fn escaped(text: &str, longest: usize) -> String {
    let (mut escaped, mut length) = (String::new(), 0);
    for c in text.chars() {
        let piece = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            _ => "",
        };
        length += piece.len().max(1);
        // One is kept for what says that something is missing.
        if length >= longest {
            escaped.push('…');
            break;
        }
        match piece {
            "" => escaped.push(c),
            piece => escaped.push_str(piece),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_longer_than_slack_takes() {
        for (text, longest, wanted) in [
            ("a<b", 20, "a&lt;b"),
            ("<<<", 10, "&lt;&lt;…"),
            ("abcdef", 5, "abcd…"),
            ("abcd", 5, "abcd"),
            ("&", 3, "…"),
        ] {
            assert_eq!(escaped(text, longest), wanted);
        }
    }
}
