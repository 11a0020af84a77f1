//! How an app proves who it is, and what becomes of what proves it.

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};
use writ_connect::{Connector, Credentials, Ended, ExchangeConnector};
use writ_core::digest::{Digest, ExecutionId};
use writ_emulator::{Certificate, Fault, Injection, Settings, Within};

use super::{Exchange, credentials, name, text};

const SUCCEEDED: Ended = Ended::Succeeded { exit: None };

fn note(ended: Ended) -> String {
    match ended {
        Ended::Failed { exit: None, note } => note,
        Ended::Failed { .. } | Ended::Succeeded { .. } | Ended::Unknown { .. } => {
            panic!("{ended:?}")
        }
    }
}

/// A certificate and its key, in PEM.
fn certificate() -> (String, String) {
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let named = CertificateParams::new(vec!["writ.example".into()]).unwrap();
    (named.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[tokio::test]
async fn a_token_is_asked_for_once_for_each_secret() {
    let mut exchange = Exchange::new().await;
    for _ in 0..3 {
        let (ended, _) = exchange.cmdlet("Get-OrganizationConfig", &[]).await;
        assert_eq!(ended, SUCCEEDED);
    }
    assert_eq!(exchange.tokens(), 1);
    // What is kept for one secret is not for another.
    exchange.credentials = credentials(&[("client-secret", "another")]);
    let said = note(exchange.cmdlet("Get-OrganizationConfig", &[]).await.0);
    assert!(
        said.starts_with("not started: Entra ID gives no token: AADSTS7000215"),
        "{said}"
    );
    assert!(!said.contains("another"), "{said}");
}

#[tokio::test]
async fn a_certificate_proves_who_it_is() {
    let (certificate, key) = certificate();
    let mut exchange = Exchange::with(Settings {
        client_secret: None,
        certificates: vec![Certificate::from_pem(&certificate).unwrap()],
        ..Settings::default()
    })
    .await;
    let both = [("certificate", &*certificate), ("private-key", &*key)];
    for signing in ["PS256", "RS256"] {
        exchange.more.insert("signing".into(), text(signing));
        // A connector of its own, so that no token is kept.
        exchange.connector = ExchangeConnector::new().unwrap();
        exchange.credentials = credentials(&both);
        let (ended, _) = exchange.cmdlet("Get-OrganizationConfig", &[]).await;
        assert_eq!(ended, SUCCEEDED, "{signing}");
    }
    let other = KeyPair::generate_for(&PKCS_RSA_SHA256)
        .unwrap()
        .serialize_pem();
    let curve = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let curve = curve.serialize_pem();
    for (secrets, words) in [
        (vec![both[0]], "no secret `private-key`"),
        (vec![both[1]], "no secret `certificate`"),
        (vec![], "no secret `client-secret`"),
        (vec![both[0], ("private-key", &*other)], "AADSTS700027"),
        (vec![both[0], ("private-key", &*curve)], "not an RSA key"),
        (vec![both[0], ("private-key", "x")], "not a key in PEM"),
        (
            vec![("certificate", "x"), both[1]],
            "not a certificate in PEM",
        ),
    ] {
        exchange.credentials = credentials(&secrets);
        let said = note(exchange.cmdlet("Get-OrganizationConfig", &[]).await.0);
        assert!(
            said.starts_with("not started: ") && said.contains(words),
            "{said}"
        );
    }
    // Why a secret could not be opened is said, and nothing is sent.
    exchange.credentials = Credentials::default();
    let why = Err("its box does not open".to_owned());
    exchange
        .credentials
        .secrets
        .insert(name("client-secret"), why);
    let said = note(exchange.cmdlet("Get-OrganizationConfig", &[]).await.0);
    assert!(said.contains("its box does not open"), "{said}");
}

#[tokio::test]
async fn a_secret_that_comes_back_is_not_shown() {
    let exchange = Exchange::new().await;
    let secret = exchange.emulator.settings().client_secret.clone().unwrap();
    exchange.cmdlet("Get-OrganizationConfig", &[]).await;
    let connector = format!("{:?}", exchange.connector);
    assert!(!connector.contains("ey"), "{connector}");
    let value = vec![serde_json::Map::from_iter([(
        "A".into(),
        secret.clone().into(),
    )])];
    let warnings = Vec::new();
    let answer = Fault::Answer { value, warnings };
    exchange.emulator.inject(Injection::next(answer));
    let values = [zeroize::Zeroizing::new(secret.clone().into_bytes())];
    let redaction = writ_connect::Redaction::of(&values).unwrap();
    let output = writ_connect::Output::redacting(1_000, redaction);
    let job = exchange.job_of("Get-Mailbox", &[]);
    let ended = exchange.connector.run(&job, &exchange.credentials, &output);
    assert_eq!(ended.await, SUCCEEDED);
    output.finish();
    assert_eq!(output.bytes(), b"{\"A\":\"[redacted]\"}\n");
}

/// In rows, in warnings, in questions and in errors, of what reads and of what
/// changes something.
#[tokio::test]
async fn a_token_that_comes_back_is_not_shown() {
    let exchange = Exchange::new().await;
    for cmdlet in ["Get-Mailbox", "Remove-Mailbox"] {
        for within in [Within::Rows, Within::Question, Within::Error] {
            let echo = Injection::next(Fault::Echo { within });
            exchange.emulator.inject(echo);
            let (ended, output) = exchange.cmdlet(cmdlet, &[]).await;
            let shown = String::from_utf8(output.bytes()).unwrap();
            let all = format!("{shown} {ended:?} {:?} {output:?}", output.remarks());
            // Tokens of the emulator begin like any other; no part of one is left.
            assert!(!all.contains("eyJ"), "{cmdlet} {within:?}: {all}");
            assert!(output.is_redacted(), "{cmdlet} {within:?}");
            let marks = all.matches("Bearer [redacted]").count();
            let wanted = if within == Within::Rows { 2 } else { 1 };
            assert_eq!(marks, wanted, "{cmdlet} {within:?}: {all}");
        }
    }
    let connector = format!("{:?}", exchange.connector);
    assert!(!connector.contains("ey"), "{connector}");
}

/// What was sent to prove who asks is not said again, and no part of it.
#[tokio::test]
async fn a_proof_that_comes_back_is_not_shown() {
    let secret = "a long client secret that is cut where a sentence is too long";
    let (certificate, key) = certificate();
    let both = vec![("certificate", &*certificate), ("private-key", &*key)];
    let mut exchange = Exchange::new().await;
    for (secrets, part) in [
        (vec![("client-secret", secret)], "a long client"),
        (both, "eyJ"),
    ] {
        exchange.credentials = credentials(&secrets);
        let echo = Fault::Echo {
            within: Within::Error,
        };
        exchange.emulator.inject(Injection::next_token(echo));
        let said = note(exchange.cmdlet("Get-OrganizationConfig", &[]).await.0);
        assert!(said.contains("x [redacted]"), "{said}");
        assert!(!said.contains(part), "{said}");
    }
}

#[tokio::test]
async fn a_workload_that_points_elsewhere_gets_nothing() {
    let exchange = Exchange::new().await;
    let mut job = exchange.job_of("Get-Mailbox", &[]);
    let mut workload = exchange.workload();
    workload.origin = Some("https://login.microsoftonline.com".into());
    assert!(exchange.connector.check_workload(&workload).is_err());
    job.workload = workload.into();
    let said = note(exchange.run_job(&job).await.0);
    assert!(said.contains("its origin must be"), "{said}");
    assert!(exchange.emulator.calls().is_empty());
    assert_eq!(
        exchange.connector.check_workload(&exchange.workload()),
        Ok(())
    );
    let probed = exchange
        .connector
        .probe(ExecutionId(Digest::of(b"x")))
        .await;
    assert!(matches!(probed, Some(Ended::Unknown { .. })));
}
