//! The token endpoint: client credentials, as Entra ID takes them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fault::{Fault, Place};
use crate::http::Reply;
use crate::journal::{Call, Endpoint};
use crate::{World, assertion, clock};

/// What tokens are for.
const AUDIENCE: &str = "https://outlook.office365.com";
/// What a caller asks for, without national clouds.
const SCOPE: &str = "https://outlook.office365.com/.default";
/// What assertions are said to be (RFC 7523).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A no of the token endpoint.
#[derive(Debug)]
pub(crate) struct Aadsts {
    status: u16,
    error: &'static str,
    code: u32,
    why: &'static str,
}

impl Aadsts {
    /// The app did not prove who it is.
    pub(crate) const fn client(code: u32, why: &'static str) -> Self {
        Self {
            status: 401,
            error: "invalid_client",
            code,
            why,
        }
    }

    const fn request(error: &'static str, code: u32, why: &'static str) -> Self {
        Self {
            status: 400,
            error,
            code,
            why,
        }
    }

    fn reply(&self) -> Reply {
        let description = format!("AADSTS{}: {}.", self.code, self.why);
        let body = json!({
            "error": self.error,
            "error_description": description,
            "error_codes": [self.code],
            "timestamp": clock::written(clock::now_s()),
        });
        Reply::json(self.status, &body)
    }
}

/// Makes tokens and knows its own again.
#[derive(Debug)]
pub(crate) struct Tokens {
    key: hmac::Key,
    life_s: i64,
    /// Only tokens of this generation are good.
    generation: AtomicI64,
    /// Tokens of an earlier generation must have answered a challenge.
    challenged: AtomicI64,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    aud: String,
    tid: String,
    appid: String,
    roles: Vec<String>,
    wids: Vec<String>,
    nbf: i64,
    exp: i64,
    generation: i64,
    answers_challenge: i64,
}

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bad {
    /// It is none, not ours, or over.
    Invalid,
    /// A new one is to be asked for, with claims.
    Claims,
}

impl Tokens {
    pub(crate) fn new(life_s: i64) -> Self {
        let mut key = [0; 32];
        // Tokens of an imitation are worth nothing, so zeros would do as well.
        let _ = aws_lc_rs::rand::fill(&mut key);
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            life_s,
            generation: AtomicI64::new(0),
            challenged: AtomicI64::new(0),
        }
    }

    pub(crate) fn expire(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn challenge(&self) {
        self.challenged.fetch_add(1, Ordering::Relaxed);
    }

    /// The claims that a challenge asks for, as a client sends them back.
    fn wanted(&self) -> String {
        let number = self.challenged.load(Ordering::Relaxed);
        json!({"access_token": {"nbf": {"essential": true, "value": number.to_string()}}})
            .to_string()
    }

    /// What `WWW-Authenticate` says of a bad token.
    pub(crate) fn challenge_header(&self, bad: Bad) -> String {
        match bad {
            Bad::Invalid => "Bearer realm=\"\", error=\"invalid_token\"".into(),
            Bad::Claims => {
                let claims = data_encoding::BASE64.encode(self.wanted().as_bytes());
                format!("Bearer realm=\"\", error=\"insufficient_claims\", claims=\"{claims}\"")
            }
        }
    }

    fn give(&self, world: &World, claims: Option<&str>) -> String {
        let now = clock::now_s();
        let answers = claims.is_some_and(|claims| claims == self.wanted());
        let claims = Claims {
            aud: AUDIENCE.into(),
            tid: world.settings.tenant.clone(),
            appid: world.settings.client_id.clone(),
            roles: vec!["Exchange.ManageAsApp".into()],
            wids: vec!["29232cdf-9323-42fd-ade2-1d097af3e4de".into()],
            nbf: now,
            exp: now + self.life_s,
            generation: self.generation.load(Ordering::Relaxed),
            answers_challenge: match answers {
                true => self.challenged.load(Ordering::Relaxed),
                false => 0,
            },
        };
        let head = BASE64URL_NOPAD.encode(br#"{"typ":"JWT","alg":"HS256"}"#);
        let body = serde_json::to_vec(&claims).unwrap_or_default();
        let signed = format!("{head}.{}", BASE64URL_NOPAD.encode(&body));
        let tag = hmac::sign(&self.key, signed.as_bytes());
        format!("{signed}.{}", BASE64URL_NOPAD.encode(tag.as_ref()))
    }

    /// Whether the header of a call holds a good token.
    pub(crate) fn check(&self, authorization: Option<&str>) -> Result<(), Bad> {
        let token = authorization
            .and_then(|text| text.strip_prefix("Bearer "))
            .ok_or(Bad::Invalid)?;
        let (signed, tag) = token.rsplit_once('.').ok_or(Bad::Invalid)?;
        let decoded = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes());
        let tag = decoded(tag).map_err(|_| Bad::Invalid)?;
        hmac::verify(&self.key, signed.as_bytes(), &tag).map_err(|_| Bad::Invalid)?;
        let (_, body) = signed.split_once('.').ok_or(Bad::Invalid)?;
        let claims: Claims = decoded(body)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .ok_or(Bad::Invalid)?;
        let is_current = claims.generation == self.generation.load(Ordering::Relaxed);
        if !is_current || clock::now_s() >= claims.exp {
            return Err(Bad::Invalid);
        }
        match claims.answers_challenge < self.challenged.load(Ordering::Relaxed) {
            true => Err(Bad::Claims),
            false => Ok(()),
        }
    }

    pub(crate) const fn life_s(&self) -> i64 {
        self.life_s
    }
}

/// Answers a call of the token endpoint.
pub(crate) fn answer(world: &World, tenant: &str, body: &[u8]) -> Reply {
    let form: BTreeMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
    let mut call = Call::of(Endpoint::Token);
    // What proves who is calling stays out of the journal.
    for name in ["grant_type", "client_id", "scope", "client_assertion_type"] {
        if let Some(value) = form.get(name) {
            call.parameters
                .insert(name.into(), Value::String(value.clone()));
        }
    }
    let struck = world.inside().faults.strike(Place::Token, None);
    let reply = match struck {
        Some(Fault::Hang { .. }) => Reply::never(),
        Some(Fault::Lost { .. }) => Reply::lost(),
        Some(Fault::Echo { .. }) => echo(&form),
        Some(Fault::CutShort) => grant(world, tenant, &form).cut_short(),
        Some(Fault::Throttled { retry_after_s }) => Reply::empty(429).retry_after(retry_after_s),
        Some(Fault::ServerError {
            status,
            retry_after_s,
            done: _,
        }) => Reply::empty(status).retry_after(retry_after_s),
        Some(
            Fault::Transient
            | Fault::ExpiredToken
            | Fault::ClaimsChallenge
            | Fault::TruncatedPage { .. }
            | Fault::ForeignNextLink { .. }
            | Fault::EndlessPages
            | Fault::Answer { .. },
        )
        | None => grant(world, tenant, &form),
    };
    call.status = reply.status();
    call.done = reply.status() == Some(200);
    world.inside().journal.note(call);
    reply
}

/// What no service should answer: the secret or the assertion of the call.
fn echo(form: &BTreeMap<String, String>) -> Reply {
    let proof = ["client_secret", "client_assertion"];
    let proof = proof.iter().find_map(|name| form.get(*name));
    let proof = proof.map(String::as_str).unwrap_or_default();
    let description = format!("AADSTS7000215: {} {proof}", "x".repeat(350));
    let body = json!({"error": "invalid_client", "error_description": description});
    Reply::json(401, &body)
}

fn grant(world: &World, tenant: &str, form: &BTreeMap<String, String>) -> Reply {
    match admit(world, tenant, form) {
        Err(refused) => refused.reply(),
        Ok(()) => {
            let token = world
                .tokens
                .give(world, form.get("claims").map(String::as_str));
            let life = world.tokens.life_s();
            let body = json!({
                "token_type": "Bearer",
                "expires_in": life,
                "ext_expires_in": life,
                "access_token": token,
            });
            Reply::json(200, &body)
        }
    }
}

fn admit(world: &World, tenant: &str, form: &BTreeMap<String, String>) -> Result<(), Aadsts> {
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let settings = &world.settings;
    if !world.is_tenant(tenant) {
        return Err(Aadsts::request(
            "invalid_request",
            90_002,
            "the tenant does not exist",
        ));
    }
    if field("grant_type") != "client_credentials" {
        return Err(Aadsts::request(
            "unsupported_grant_type",
            70_003,
            "only client credentials are given tokens here",
        ));
    }
    if field("client_id") != settings.client_id {
        return Err(Aadsts::request(
            "unauthorized_client",
            700_016,
            "no app of that id is known in the tenant",
        ));
    }
    if field("scope") != SCOPE {
        return Err(Aadsts::request(
            "invalid_scope",
            70_011,
            "the scope is not that of Exchange Online",
        ));
    }
    match (form.get("client_secret"), form.get("client_assertion")) {
        (Some(secret), None) => match settings.client_secret.as_ref() == Some(secret) {
            true => Ok(()),
            false => Err(Aadsts::client(
                7_000_215,
                "the client secret is not one of the app",
            )),
        },
        (None, Some(assertion)) if field("client_assertion_type") == ASSERTION_TYPE => {
            let audience = format!("{}/{tenant}/oauth2/v2.0/token", world.url);
            assertion::verify(
                assertion,
                &settings.certificates,
                &settings.client_id,
                &audience,
                clock::now_s(),
            )
        }
        (None, None | Some(_)) | (Some(_), Some(_)) => Err(Aadsts::request(
            "invalid_request",
            900_144,
            "a client secret or a client assertion is needed, and only one of them",
        )),
    }
}
