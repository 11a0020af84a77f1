//! Where no call goes: this host, its networks, and what a cloud tells its machines.

use std::collections::BTreeMap;
use std::net::IpAddr;

use writ_notify::Failure;

use super::Bench;
use super::receiver::Receiver;

fn toml(url: &str, allow: &str) -> String {
    format!(
        "[[webhook]]\nname = \"audit\"\nurl = \"{url}\"\nsecret_files = [\"new.key\"]\n\
         allow = [{allow}]\n"
    )
}

#[test]
fn a_host_that_is_such_an_address_is_refused_at_start() {
    let bench = Bench::new();
    for (host, what) in [
        ("127.0.0.1", "127.0.0.1 is a loopback address"),
        ("127.1", "127.0.0.1 is a loopback address"),
        ("2130706433", "127.0.0.1 is a loopback address"),
        ("0x7f000001", "127.0.0.1 is a loopback address"),
        ("0177.0.0.1", "127.0.0.1 is a loopback address"),
        ("[::1]", "::1 is a loopback address"),
        ("[::ffff:127.0.0.1]", "127.0.0.1 is a loopback address"),
        ("[::ffff:a9fe:a9fe]", "metadata"),
        ("[64:ff9b::169.254.169.254]", "metadata"),
        ("169.254.169.254", "metadata"),
        ("169.254.1.1", "link-local"),
        ("[fe80::1]", "link-local"),
        ("10.1.2.3", "private network"),
        ("172.16.0.1", "private network"),
        ("192.168.1.1", "private network"),
        ("100.64.0.1", "private network"),
        ("[fd00::1]", "unique-local"),
        ("0.0.0.0", "nobody can be called"),
        ("0", "nobody can be called"),
        ("[::]", "nobody can be called"),
        ("255.255.255.255", "nobody can be called"),
        ("[ff02::1]", "nobody can be called"),
    ] {
        let error = bench
            .check(&toml(&format!("https://{host}/"), ""))
            .unwrap_err();
        assert_eq!(error.key, "webhook.url");
        assert!(error.problem.contains(what), "{host}: {error}");
    }
    for (host, allow) in [
        ("127.0.0.1", "\"127.0.0.1\""),
        ("[::1]", "\"::1\""),
        ("10.1.2.3", "\"10.0.0.0/8\""),
        ("169.254.169.254", "\"169.254.169.254\""),
        ("52.97.1.1", ""),
        ("hooks.example", ""),
    ] {
        let checked = bench.check(&toml(&format!("https://{host}/"), allow));
        assert!(checked.is_ok(), "{host}: {checked:?}");
    }
}

#[tokio::test]
async fn a_name_that_leads_there_is_refused_after_it_is_resolved() {
    let receiver = Receiver::new().await;
    let port = receiver.address.port();
    let mut bench = Bench::new();
    let ips =
        |texts: &[&str]| -> Vec<IpAddr> { texts.iter().map(|ip| ip.parse().unwrap()).collect() };
    bench.net.known = BTreeMap::from([
        ("here.example".into(), ips(&["127.0.0.1"])),
        ("mapped.example".into(), ips(&["::ffff:127.0.0.1"])),
        ("mine.example".into(), ips(&["10.0.0.1"])),
        ("cloud.example".into(), ips(&["169.254.169.254"])),
        (
            "several.example".into(),
            ips(&["::1", "127.0.0.1", "fe80::1"]),
        ),
    ]);
    for (host, what) in [
        ("localhost", "a loopback address"),
        (
            "here.example",
            "here.example leads to 127.0.0.1, a loopback address",
        ),
        ("mapped.example", "a loopback address"),
        ("mine.example", "an address of a private network"),
        ("cloud.example", "metadata service"),
        ("several.example", "address"),
    ] {
        let hook = bench.hook(&toml(&format!("https://{host}:{port}/"), ""));
        let error = hook.test("").await.unwrap_err();
        let Failure::Down(error) = error else {
            panic!("{error:?}");
        };
        assert!(error.contains(what), "{host}: {error}");
        assert!(
            error.contains("if that is meant: allow = ["),
            "{host}: {error}"
        );
    }
    assert!(receiver.calls().is_empty());

    // Allowed by name or by range it is called, without TLS too.
    for (host, allow) in [
        ("here.example", "\"here.example\""),
        ("localhost", "\"LOCALHOST\""),
    ] {
        let hook = bench.hook(&toml(&format!("http://{host}:{port}/"), allow));
        assert_eq!(hook.test("").await.unwrap(), "it answered 204", "{host}");
    }
    assert_eq!(receiver.calls().len(), 2);
    let cloud = toml("https://cloud.example/", "\"cloud.example\"");
    let error = bench.hook(&cloud).test("").await.unwrap_err();
    assert!(error.to_string().contains("metadata service"), "{error}");
}
