//! The app that asks: its settings, and how it proves that it is itself.
//!
//! With the secrets `certificate` and `private-key`, both PEM, it signs an
//! **assertion** (RFC 7523) that holds for minutes, and no secret leaves this
//! node. With `client-secret` it sends that, to the token endpoint alone.

use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::json;
use writ_core::digest::Digest;
use writ_core::names::Name;
use writ_core::secret::Secret;
use zeroize::Zeroizing;

use super::settings::{Settings, Signing};
use crate::Credentials;

/// How long an assertion holds, and how far clocks may be apart, in seconds.
const ASSERTION_S: i64 = 600;
const SKEW_S: i64 = 120;

/// An app of a tenant.
pub(crate) struct App {
    pub(crate) settings: Settings,
    proof: Proof,
    /// Of everything that a token depends on.
    pub(crate) digest: Digest,
}

/// How it proves who it is.
enum Proof {
    Secret(Zeroizing<String>),
    Certificate {
        key: Box<RsaKeyPair>,
        /// The certificate's SHA-256, as assertions name it.
        thumb: String,
    },
}

/// What asks for a token.
pub(crate) struct Form {
    pub(crate) text: Zeroizing<String>,
    /// The secret or the assertion in it.
    pub(crate) proof: Zeroizing<String>,
}

fn name(text: &str) -> Result<Name, String> {
    Name::parse(text).map_err(|error| error.to_string())
}

fn text<'a>(secret: &'a Secret, name: &str) -> Result<&'a str, String> {
    std::str::from_utf8(secret.expose()).map_err(|_| format!("the secret `{name}` is not text"))
}

impl App {
    /// The app of a workload, with its secrets.
    pub(crate) fn of(settings: Settings, credentials: &Credentials) -> Result<Self, String> {
        let [key, certificate, secret] = ["private-key", "certificate", "client-secret"];
        let is_there = |wanted: &str| {
            name(wanted).is_ok_and(|wanted| credentials.secrets.contains_key(&wanted))
        };
        let signs = is_there(key) || is_there(certificate);
        let (proof, of_proof) = match signs {
            true => {
                let certificate = credentials.secret(&name(certificate)?)?;
                let key = credentials.secret(&name(key)?)?;
                let digest = Digest::of_parts(&[certificate.expose(), &[0], key.expose()]);
                let thumb = thumb(text(certificate, "certificate")?)?;
                let key = Box::new(key_of(text(key, "private-key")?)?);
                (Proof::Certificate { key, thumb }, digest)
            }
            false => {
                let secret = credentials.secret(&name(secret)?).map_err(|why| {
                    format!("{why} (or give `certificate` and `private-key` instead)")
                })?;
                let digest = Digest::of_parts(&[b"secret\0", secret.expose()]);
                let secret = text(secret, "client-secret")?.to_owned();
                (Proof::Secret(Zeroizing::new(secret)), digest)
            }
        };
        let parts = [
            &settings.login,
            &settings.tenant,
            &settings.client_id,
            &settings.scope,
        ];
        let named = parts.map(|part| Digest::of(part.as_bytes()));
        let named: Vec<&[u8]> = named.iter().map(|digest| &digest.as_bytes()[..]).collect();
        let digest = Digest::of_parts(&[&named.concat(), of_proof.as_bytes()]);
        Ok(Self {
            settings,
            proof,
            digest,
        })
    }

    /// The form that asks for a token, and what in it proves who asks; `id` is used
    /// once, `now_s` is the time.
    pub(crate) fn form(&self, claims: Option<&str>, id: &str, now_s: i64) -> Result<Form, String> {
        let settings = &self.settings;
        let mut form = Zeroizing::new(String::with_capacity(4_096));
        add(&mut form, "grant_type", "client_credentials");
        add(&mut form, "client_id", &settings.client_id);
        add(&mut form, "scope", &settings.scope);
        if let Some(claims) = claims {
            add(&mut form, "claims", claims);
        }
        let proof = match &self.proof {
            Proof::Secret(secret) => {
                add(&mut form, "client_secret", secret);
                secret.clone()
            }
            Proof::Certificate { key, thumb } => {
                let assertion = assertion(settings, key, thumb, id, now_s)?;
                let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                add(&mut form, "client_assertion_type", kind);
                add(&mut form, "client_assertion", &assertion);
                assertion
            }
        };
        Ok(Form { text: form, proof })
    }
}

/// Adds a field to a form, with all but letters and digits escaped.
fn add(form: &mut String, name: &str, value: &str) {
    if !form.is_empty() {
        form.push('&');
    }
    form.push_str(name);
    form.push('=');
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            form.push(char::from(byte));
        } else {
            let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('0');
            form.push('%');
            form.push(digit(byte >> 4).to_ascii_uppercase());
            form.push(digit(byte & 15).to_ascii_uppercase());
        }
    }
}

fn assertion(
    settings: &Settings,
    key: &RsaKeyPair,
    thumb: &str,
    id: &str,
    now_s: i64,
) -> Result<Zeroizing<String>, String> {
    let (alg, encoding): (_, &'static dyn RsaEncoding) = match settings.signing {
        Signing::Ps256 => ("PS256", &RSA_PSS_SHA256),
        Signing::Rs256 => ("RS256", &RSA_PKCS1_SHA256),
    };
    let head = json!({"alg": alg, "typ": "JWT", "x5t#S256": thumb});
    let claims = json!({
        "aud": settings.token_url(),
        "iss": settings.client_id,
        "sub": settings.client_id,
        "jti": id,
        "iat": now_s,
        "nbf": now_s.saturating_sub(SKEW_S),
        "exp": now_s.saturating_add(ASSERTION_S),
    });
    let part = |value: &serde_json::Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(&head), part(&claims));
    let mut signature = vec![0; key.public_modulus_len()];
    #[expect(
        clippy::disallowed_methods,
        reason = "the salt of a signature decides nothing that a test could want to hold"
    )]
    let random = aws_lc_rs::rand::SystemRandom::new();
    key.sign(encoding, &random, signed.as_bytes(), &mut signature)
        .map_err(|_| "the assertion of the app cannot be signed with its `private-key`")?;
    let signature = BASE64URL_NOPAD.encode(&signature);
    Ok(Zeroizing::new(format!("{signed}.{signature}")))
}

/// The bytes of the first PEM block of a kind (RFC 7468).
fn block(pem: &str, kind: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (_, rest) = pem.split_once(&format!("-----BEGIN {kind}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {kind}-----"))?;
    let text = body.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let text: Zeroizing<Vec<u8>> = Zeroizing::new(text.collect());
    BASE64.decode(&text).ok().map(Zeroizing::new)
}

fn thumb(pem: &str) -> Result<String, String> {
    let der = block(pem, "CERTIFICATE").ok_or(
        "the secret `certificate` is not a certificate in PEM (-----BEGIN CERTIFICATE-----)",
    )?;
    Ok(BASE64URL_NOPAD.encode(Digest::of(&der).as_bytes()))
}

fn key_of(pem: &str) -> Result<RsaKeyPair, String> {
    let read = match (block(pem, "PRIVATE KEY"), block(pem, "RSA PRIVATE KEY")) {
        (Some(der), _) => RsaKeyPair::from_pkcs8(&der),
        (None, Some(der)) => RsaKeyPair::from_der(&der),
        (None, None) => {
            return Err(
                "the secret `private-key` is not a key in PEM (-----BEGIN PRIVATE KEY-----) \
                 without a passphrase"
                    .into(),
            );
        }
    };
    read.map_err(|_| {
        "the secret `private-key` is not an RSA key of 2048 bits or more, which Entra ID asks for"
            .into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_takes_values_literally() {
        let mut form = String::new();
        add(&mut form, "a", "x-1._~");
        add(&mut form, "b", "&=+ %\né\0");
        assert_eq!(form, "a=x-1._~&b=%26%3D%2B%20%25%0A%C3%A9%00");
    }

    #[test]
    fn what_is_no_key_is_said_to_be_none() {
        for (pem, words) in [
            ("", "without a passphrase"),
            (
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n",
                "without a passphrase",
            ),
            (
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
                "2048 bits",
            ),
        ] {
            let Err(error) = key_of(pem) else {
                panic!("{pem}")
            };
            assert!(error.contains(words), "{error}");
        }
        assert!(thumb("").is_err());
    }
}
