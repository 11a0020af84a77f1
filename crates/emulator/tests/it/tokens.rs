//! Tokens, for a secret and for an assertion.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair};
use data_encoding::BASE64URL_NOPAD;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use serde_json::{Value, json};
use writ_emulator::{Certificate, Emulator, Settings};

use crate::world::World;

#[tokio::test]
async fn a_secret_is_worth_a_token() {
    let world = World::new().await;
    let claims = world.token.split('.').nth(1).unwrap();
    let claims: Value =
        serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap()).unwrap();
    assert_eq!(claims["tid"], world.emulator.settings().tenant);
    assert_eq!(claims["roles"], json!(["Exchange.ManageAsApp"]));
    for (with, status, code) in [
        (&[("client_secret", "wrong")][..], 401, "AADSTS7000215"),
        (&[][..], 400, "AADSTS900144"),
        (&[("client_id", "other")], 400, "AADSTS700016"),
        (&[("grant_type", "password")], 400, "AADSTS70003"),
        (
            &[("scope", "https://graph.microsoft.com/.default")],
            400,
            "AADSTS70011",
        ),
        (
            &[("client_secret", "x"), ("client_assertion", "y")],
            400,
            "AADSTS900144",
        ),
    ] {
        let (got, body) = world.ask_token(with).await;
        assert_eq!(got, status, "{body}");
        let said = body["error_description"].as_str().unwrap();
        assert!(said.starts_with(code), "{said}");
    }
    // Nothing of what proves who is calling is in the journal.
    let calls = format!("{:?}", world.emulator.calls());
    assert!(!calls.contains("emulated-client-secret") && !calls.contains("wrong"));
}

struct App {
    pem: String,
    thumb: String,
    key: RsaKeyPair,
}

fn app() -> App {
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let certificate = CertificateParams::new(vec!["writ.example".into()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    App {
        pem: certificate.pem(),
        thumb: BASE64URL_NOPAD.encode(digest(&SHA256, certificate.der()).as_ref()),
        key: RsaKeyPair::from_pkcs8(key.serialized_der()).unwrap(),
    }
}

impl App {
    fn assertion(&self, alg: &str, claims: &Value) -> String {
        let head = json!({"alg": alg, "typ": "JWT", "x5t#S256": self.thumb});
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&head), part(claims));
        let encoding: &'static dyn RsaEncoding = match alg {
            "PS256" => &RSA_PSS_SHA256,
            _ => &RSA_PKCS1_SHA256,
        };
        let mut signature = vec![0; self.key.public_modulus_len()];
        #[expect(
            clippy::disallowed_methods,
            reason = "a test signs with any randomness"
        )]
        let random = aws_lc_rs::rand::SystemRandom::new();
        let done = self
            .key
            .sign(encoding, &random, signed.as_bytes(), &mut signature);
        done.unwrap();
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
    }
}

#[tokio::test]
async fn an_assertion_is_really_verified() {
    let app = app();
    let world = World::with(Settings {
        certificates: vec![Certificate::from_pem(&app.pem).unwrap()],
        ..Settings::default()
    })
    .await;
    let settings = world.emulator.settings();
    let audience = format!(
        "{}/{}/oauth2/v2.0/token",
        world.emulator.url(),
        settings.tenant
    );
    #[expect(clippy::disallowed_methods, reason = "assertions hold for a while")]
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let claims = json!({
        "aud": audience, "iss": settings.client_id, "sub": settings.client_id,
        "jti": "one", "nbf": now, "exp": now + 600,
    });
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        claims
    };
    let ask = async |assertion: String| {
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let fields = [
            ("client_assertion_type", kind),
            ("client_assertion", assertion.as_str()),
        ];
        let (status, body) = world.ask_token(&fields).await;
        let said = body["error_description"].as_str().unwrap_or_default();
        (status, said.split(':').next().unwrap().to_owned())
    };
    for alg in ["RS256", "PS256"] {
        let good = app.assertion(alg, &claims);
        assert_eq!(ask(good.clone()).await, (200, String::new()), "{alg}");
        // Another signature, another algorithm, another claim.
        let (signed, _) = good.rsplit_once('.').unwrap();
        let forged = format!("{signed}.{}", BASE64URL_NOPAD.encode(&[7; 256]));
        assert_eq!(ask(forged).await.1, "AADSTS700027");
    }
    let none = app.assertion("none", &claims);
    assert_eq!(ask(none).await.1, "AADSTS50027");
    assert_eq!(ask("a.b".into()).await.1, "AADSTS50027");
    for (name, value, code) in [
        ("aud", json!("https://elsewhere.example"), "AADSTS700023"),
        ("iss", json!("other"), "AADSTS700021"),
        ("sub", json!("other"), "AADSTS700021"),
        ("exp", json!(now - 3_600), "AADSTS700024"),
        ("exp", json!(now + 1_000_000), "AADSTS700024"),
        ("nbf", json!(now + 3_600), "AADSTS700024"),
    ] {
        let assertion = app.assertion("PS256", &with(name, value));
        assert_eq!(ask(assertion).await, (401, code.to_owned()), "{name}");
    }
    // A key whose certificate nobody registered.
    let stranger = super::tokens::app().assertion("PS256", &claims);
    assert_eq!(ask(stranger).await.1, "AADSTS700027");
}

#[tokio::test]
async fn it_listens_on_this_machine_alone() {
    let everywhere = "0.0.0.0:0".parse().unwrap();
    let error = Emulator::start(everywhere, Settings::default()).await;
    assert!(error.unwrap_err().to_string().contains("loopback"));
}

#[test]
fn what_is_no_certificate_is_refused() {
    for text in [
        "",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
    ] {
        assert!(Certificate::from_pem(text).is_err());
    }
}
