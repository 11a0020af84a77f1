//! TLS, from the configuration to the client.

use std::fs;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::site::Site;

#[test]
fn a_private_authority_is_trusted_where_its_file_is_named() {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();

    let mut site = Site::founded_over("https");
    fs::write(site.data().join("certificate.pem"), leaf.pem()).unwrap();
    fs::write(site.data().join("key.pem"), key.serialize_pem()).unwrap();
    site.configure("[tls]\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"\n");
    site.serve();
    site.admin(&["status"]).said(6, "certificate");

    let file = site.path("authority.pem");
    fs::write(&file, &authority).unwrap();
    site.admin(&["--ca-file", file.to_str().unwrap(), "status"])
        .ok();
    let by_environment = site
        .command("admin", &["status"])
        .env("WRIT_CA_FILE", &file)
        .status();
    assert!(by_environment.unwrap().success());

    // And always, once it lies where profiles are.
    fs::write(site.config().join("ca.pem"), &authority).unwrap();
    site.enrol("alice");
    site.writ("alice", &["whoami"]).said(0, "alice");

    fs::write(&file, "nothing").unwrap();
    site.admin(&["--ca-file", file.to_str().unwrap(), "status"])
        .said(2, "authority.pem");
}
