//! Settings: my keys, my session, what I chose for myself.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use writ_core::digest::KeyId;
use writ_core::object::{Noun, Preferences, Role};
use writ_core::time::Time;

use super::forms::{of_key, was};
use super::frame::{Frame, Part};
use super::show as answer;
use crate::app::App;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};

/// A key of the reader.
struct Key {
    id: KeyId,
    label: String,
    is_passkey: bool,
    since: Time,
    /// Whether it signed this session.
    is_of_session: bool,
}

#[derive(Template)]
#[template(path = "settings.html")]
struct Page {
    frame: Frame,
    keys: Vec<Key>,
    /// Whether losing the one key would lock them out.
    has_one_plain_key: bool,
    session: Option<(Time, Time)>,
    groups: Vec<String>,
    preferences: Preferences,
    /// What the form of these tells its script.
    about: String,
}

impl Page {
    /// What the form that revokes a key tells its script.
    fn about_key(&self, key: &Key) -> String {
        of_key(&key.label, key.is_of_session, self.keys.len() == 1)
    }
}

/// `GET /settings`
pub(super) async fn show(
    caller: Caller<Anyone>,
    State(app): State<App>,
) -> Result<Response, Failure> {
    let state = caller.state();
    let upn = caller.upn();
    let credentials = state.credentials(upn);
    let keys = credentials.iter().flat_map(|all| &all.keys);
    let mut keys: Vec<Key> = keys
        .map(|(id, device)| Key {
            id: *id,
            label: device.label.clone(),
            is_passkey: device.is_passkey(),
            since: device.since,
            is_of_session: *id == caller.key(),
        })
        .collect();
    keys.sort_by_key(|key| (key.since, key.id));
    let preferences = state.preferences(upn);
    let preferences: Preferences = preferences
        .map(|mine| mine.as_ref().clone())
        .unwrap_or_default();
    answer(&Page {
        frame: Frame::new(&caller, &app, Part::Settings, "Settings").await?,
        has_one_plain_key: matches!(keys.as_slice(), [only] if !only.is_passkey),
        keys,
        session: caller.session_period(),
        groups: state.groups_of(upn).map(ToString::to_string).collect(),
        about: was(Noun::Preferences, &preferences),
        preferences,
    })
}
