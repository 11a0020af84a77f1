//! Client assertions: tokens that an app signs with its certificate's key.

use std::fmt;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey,
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde::Deserialize;

use crate::token::Aadsts;

/// How far clocks may be apart, in seconds.
const SKEW_S: i64 = 300;

/// A certificate that is registered for the app.
#[derive(Clone)]
pub struct Certificate {
    sha256: String,
    sha1: String,
    key: Vec<u8>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificate").field(&self.sha256).finish()
    }
}

/// A text in which there is no certificate with an RSA key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateError;

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a PEM certificate with an RSA key")
    }
}

impl std::error::Error for CertificateError {}

impl Certificate {
    /// Reads a certificate in PEM.
    pub fn from_pem(pem: &str) -> Result<Self, CertificateError> {
        let (_, rest) = pem
            .split_once("-----BEGIN CERTIFICATE-----")
            .ok_or(CertificateError)?;
        let (body, _) = rest
            .split_once("-----END CERTIFICATE-----")
            .ok_or(CertificateError)?;
        let body: String = body.split_whitespace().collect();
        let der = BASE64
            .decode(body.as_bytes())
            .map_err(|_| CertificateError)?;
        let key = public_key(&der).ok_or(CertificateError)?.to_vec();
        let thumb = |algorithm| BASE64URL_NOPAD.encode(digest(algorithm, &der).as_ref());
        Ok(Self {
            sha256: thumb(&SHA256),
            sha1: thumb(&SHA1_FOR_LEGACY_USE_ONLY),
            key,
        })
    }
}

/// The first element of some DER: its tag, what is in it, what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&short, rest) = rest.split_first()?;
    let (length, rest) = match usize::from(short) {
        length @ 0..=0x7f => (length, rest),
        more => {
            let (bytes, rest) = rest.split_at_checked(more & 0x7f)?;
            if bytes.len() > 4 {
                return None;
            }
            let length = bytes
                .iter()
                .fold(0, |length, &byte| (length << 8) | usize::from(byte));
            (length, rest)
        }
    };
    let (inside, rest) = rest.split_at_checked(length)?;
    Some((tag, inside, rest))
}

/// The public key of a certificate (RFC 5280, 4.1): the bits of its
/// `subjectPublicKeyInfo`, which are an `RSAPublicKey`.
fn public_key(der: &[u8]) -> Option<&[u8]> {
    let (_, certificate, _) = element(der)?;
    let (_, mut fields, _) = element(certificate)?;
    // The version has a tag of its own and may be absent.
    if let Some((0xa0, _, rest)) = element(fields) {
        fields = rest;
    }
    // Serial, signature algorithm, issuer, validity, subject.
    for _ in 0..5 {
        (_, _, fields) = element(fields)?;
    }
    let (_, info, _) = element(fields)?;
    let (_, algorithm, bits) = element(info)?;
    let (_, oid, _) = element(algorithm)?;
    let (_, bits, _) = element(bits)?;
    const RSA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    // The first byte counts unused bits.
    (oid == RSA).then_some(bits.get(1..)?)
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(rename = "x5t#S256")]
    sha256: Option<String>,
    x5t: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    aud: String,
    iss: String,
    sub: String,
    jti: String,
    exp: i64,
    #[serde(default)]
    nbf: i64,
}

/// Checks an assertion: its key, its signature, for whom it is, who says it, and
/// when it holds.
pub(crate) fn verify(
    assertion: &str,
    certificates: &[Certificate],
    client_id: &str,
    audience: &str,
    now: i64,
) -> Result<(), Aadsts> {
    let malformed = || Aadsts::client(50_027, "the client assertion is not a JWT that can be read");
    let mut parts = assertion.split('.');
    let (Some(head), Some(body), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(malformed());
    };
    let decoded = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).ok();
    let header: Header = decoded(head)
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(malformed)?;
    let claims: Claims = decoded(body)
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(malformed)?;
    let signature = decoded(signature).ok_or_else(malformed)?;
    let named = |certificate: &&Certificate| match (&header.sha256, &header.x5t) {
        (Some(thumb), _) => certificate.sha256 == *thumb,
        (None, Some(thumb)) => certificate.sha1 == *thumb,
        (None, None) => false,
    };
    let certificate = certificates.iter().find(named).ok_or_else(|| {
        Aadsts::client(
            700_027,
            "the certificate that signed the client assertion is not registered for the app",
        )
    })?;
    let parameters = match header.alg.as_str() {
        "PS256" => &RSA_PSS_2048_8192_SHA256,
        "RS256" => &RSA_PKCS1_2048_8192_SHA256,
        _ => return Err(malformed()),
    };
    let signed = assertion
        .rsplit_once('.')
        .map(|(signed, _)| signed)
        .unwrap_or_default();
    UnparsedPublicKey::new(parameters, &certificate.key)
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| {
            Aadsts::client(
                700_027,
                "the signature of the client assertion does not hold",
            )
        })?;
    if claims.aud != audience {
        return Err(Aadsts::client(
            700_023,
            "the audience of the client assertion is not this token endpoint",
        ));
    }
    if claims.iss != client_id || claims.sub != client_id || claims.jti.is_empty() {
        return Err(Aadsts::client(
            700_021,
            "the issuer and the subject of the client assertion are not the app",
        ));
    }
    let is_valid = claims.nbf <= now + SKEW_S && now < claims.exp + SKEW_S;
    let is_short = claims.exp <= now + 86_400;
    match is_valid && is_short {
        true => Ok(()),
        false => Err(Aadsts::client(
            700_024,
            "the client assertion is not within the time in which it holds",
        )),
    }
}
