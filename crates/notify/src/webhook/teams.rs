//! Cards of Microsoft Teams, as a webhook of its Workflows takes them.
//!
//! Every text is a run of a rich text block, in which nothing is Markdown, unlike in a
//! text block or a fact. The one action opens a page.

use serde_json::{Value, json};

use super::chat::Note;

/// The message with its card.
pub(super) fn message(note: &Note) -> Value {
    let headline = runs(
        &note.headline,
        &json!({ "weight": "bolder", "size": "medium" }),
    );
    let mut body = vec![block(headline)];
    for row in &note.rows {
        let mut inlines = runs(&format!("{}: ", row.label), &json!({ "isSubtle": true }));
        inlines.extend(runs(&row.value, &json!({})));
        body.push(block(inlines));
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": { "width": "Full" },
                "body": body,
                "actions": [{
                    "type": "Action.OpenUrl",
                    "title": note.open,
                    "url": note.page,
                }],
            },
        }],
    })
}

fn block(inlines: Vec<Value>) -> Value {
    json!({ "type": "RichTextBlock", "inlines": inlines })
}

/// A text as runs of one look. Two braces would begin what a card fills in, such as a
/// date: they are never in one run.
fn runs(text: &str, look: &Value) -> Vec<Value> {
    let run = |text: &str| {
        let mut run = json!({ "type": "TextRun", "text": text });
        if let (Some(run), Some(look)) = (run.as_object_mut(), look.as_object()) {
            run.extend(look.clone());
        }
        run
    };
    match text.contains("{{") {
        true => text.split_inclusive('{').map(run).collect(),
        false => vec![run(text)],
    }
}
