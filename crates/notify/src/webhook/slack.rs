//! Messages of Slack.
//!
//! Every text is an object of the type `plain_text`, in which nothing is markup, and `&`,
//! `<` and `>` are written as Slack wants them, so that nothing typed mentions
//! anybody or hides where a link leads. The one button opens a page.

use serde_json::{Map, Value, json};

use super::chat::Note;

/// The message, without a channel.
pub(super) fn message(note: &Note) -> Map<String, Value> {
    let mut blocks = vec![json!({ "type": "header", "text": text(&note.headline) })];
    if note.rows.is_empty() {
        blocks = vec![json!({ "type": "section", "text": text(&note.headline) })];
    }
    // A section holds ten fields at most.
    for rows in note.rows.chunks(10) {
        let fields = rows
            .iter()
            .map(|row| text(&format!("{}\n{}", row.label, row.value)));
        blocks.push(json!({ "type": "section", "fields": fields.collect::<Vec<_>>() }));
    }
    blocks.push(json!({
        "type": "actions",
        "elements": [{
            "type": "button",
            "action_id": "open",
            "text": text(&note.open),
            "url": note.page,
        }],
    }));
    let message = json!({
        "text": escaped(&note.headline),
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

fn text(text: &str) -> Value {
    json!({ "type": "plain_text", "text": escaped(text), "emoji": false })
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            _ => escaped.push(c),
        }
    }
    escaped
}
