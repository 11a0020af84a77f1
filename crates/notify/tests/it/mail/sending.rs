//! Mail handed to aiosmtpd.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use writ_notify::Failure;
use writ_notify::mail::{Limits, Mail, Transport};

use super::server::{Server, Wanted, certify};
use super::{checked, private, rendered, to_decide};

const PATIENT: Limits = Limits {
    connect: Duration::from_secs(60),
    command: Duration::from_secs(60),
    content: Duration::from_secs(60),
    idle: Duration::from_secs(600),
};

/// The way to a server, with what `[mail]` says besides where it is.
fn transport(server: &Server, more: &str, limits: Limits) -> Transport {
    let port = server.port;
    let text = format!(
        "host = \"localhost\"\nport = {port}\nfrom = \"Writ <writ@contoso.example>\"\n{more}"
    );
    let config = checked(server.folder.path(), &text).unwrap();
    Transport::with_limits(Arc::new(config), limits)
}

fn clear(server: &Server) -> Transport {
    transport(server, "tls = \"none\"\n", PATIENT)
}

fn mail(to: &str) -> Mail {
    rendered(to, &format!("letter to {to}"), &to_decide()).unwrap()
}

async fn send(transport: &Transport, to: &str) -> Result<(), Failure> {
    transport.send(to, &mail(to)).await
}

fn down(sent: Result<(), Failure>) -> String {
    match sent {
        Err(Failure::Down(why)) => why,
        other => panic!("expected that nothing can be sent: {other:?}"),
    }
}

fn later(sent: Result<(), Failure>) -> String {
    match sent {
        Err(Failure::Later(why, None)) => why,
        other => panic!("expected that it may be taken later: {other:?}"),
    }
}

fn never(sent: Result<(), Failure>) -> String {
    match sent {
        Err(Failure::Never(why)) => why,
        other => panic!("expected that it is never taken: {other:?}"),
    }
}

#[track_caller]
fn says(why: &str, words: &[&str]) {
    for word in words {
        assert!(why.contains(word), "{word}: {why}");
    }
}

/// Nothing that is anybody's was said.
#[track_caller]
fn nothing_was_said(server: &Server) {
    for command in ["AUTH", "MAIL", "RCPT", "DATA"] {
        assert_eq!(server.count(command), 0, "{:?}", server.heard());
    }
}

#[tokio::test]
async fn over_starttls_with_a_password_and_one_connection() {
    let server = Server::with_password(&Wanted::StartTls("localhost"));
    private(&server.file("password"), "correct horse\n");
    let more = "user = \"writ\"\npassword_file = \"password\"\nca_file = \"ca.pem\"\n";
    let transport = transport(&server, more, PATIENT);
    transport.check().await.unwrap();
    for to in [
        "ana@contoso.example",
        "bo@contoso.example",
        "cy@contoso.example",
    ] {
        send(&transport, to).await.unwrap();
    }
    let heard = server.heard();
    assert_eq!(server.count("CONNECT"), 1, "{heard:?}");
    assert_eq!(server.count("AUTH"), 1, "{heard:?}");
    let in_tls = "MAIL FROM:<writ@contoso.example> in TLS";
    assert_eq!(
        heard.iter().filter(|line| *line == in_tls).count(),
        3,
        "{heard:?}"
    );
    let taken = server.taken(2);
    let sent = mail("bo@contoso.example");
    assert_eq!(taken.trim_ascii_end(), sent.bytes().trim_ascii_end());
}

#[tokio::test]
async fn over_tls_from_the_first_byte() {
    let server = Server::with_password(&Wanted::Tls("localhost"));
    private(&server.file("password"), "correct horse");
    let more =
        "tls = \"tls\"\nuser = \"writ\"\npassword_file = \"password\"\nca_file = \"ca.pem\"\n";
    let transport = transport(&server, more, PATIENT);
    send(&transport, "ana@contoso.example").await.unwrap();
    assert_eq!(server.count("MAIL"), 1);
}

#[tokio::test]
async fn in_the_clear_on_this_host() {
    let server = Server::start(&Wanted::Clear);
    let transport = clear(&server);
    send(&transport, "ana@contoso.example").await.unwrap();
    let sent = mail("ana@contoso.example");
    assert_eq!(
        server.taken(1).trim_ascii_end(),
        sent.bytes().trim_ascii_end()
    );
}

#[tokio::test]
async fn several_at_once_need_few_connections() {
    let server = Server::start(&Wanted::Clear);
    let transport = Arc::new(clear(&server));
    let sending: Vec<_> = (0..40)
        .map(|number| {
            let transport = Arc::clone(&transport);
            tokio::spawn(
                async move { send(&transport, &format!("p{number}@contoso.example")).await },
            )
        })
        .collect();
    for sent in sending {
        sent.await.unwrap().unwrap();
    }
    assert_eq!(server.count("TAKEN"), 40);
    assert!(server.count("CONNECT") <= 4, "{:?}", server.heard());
}

#[tokio::test]
async fn a_connection_that_is_not_used_is_left_politely() {
    let server = Server::start(&Wanted::Clear);
    let idle = Duration::from_millis(10);
    let transport = transport(&server, "tls = \"none\"\n", Limits { idle, ..PATIENT });
    send(&transport, "ana@contoso.example").await.unwrap();
    while server.count("QUIT") == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    send(&transport, "ana@contoso.example").await.unwrap();
    assert_eq!(server.count("CONNECT"), 2);
}

#[tokio::test]
async fn a_server_that_cannot_show_who_it_is_hears_nothing() {
    for (name, words) in [
        (
            "localhost",
            "no authority that this host knows issued it; set mail.ca_file",
        ),
        (
            "mail.other.example",
            "it is for another host; set mail.host to a name that it is for (DnsName(\"mail.other.example\"))",
        ),
        (
            "expired.localhost",
            "it has expired; renew it on the mail server",
        ),
    ] {
        for tls in [true, false] {
            let wanted = if tls {
                Wanted::Tls(name)
            } else {
                Wanted::StartTls(name)
            };
            let server = Server::with_password(&wanted);
            if name == "localhost" {
                // An authority of the same name, and another key.
                let other = server.file("other");
                fs::create_dir(&other).unwrap();
                certify(&other, name);
                fs::copy(other.join("ca.pem"), server.file("ca.pem")).unwrap();
            }
            private(&server.file("password"), "correct horse\n");
            let mode = if tls { "tls" } else { "starttls" };
            let more = format!(
                "tls = \"{mode}\"\nca_file = \"ca.pem\"\nuser = \"writ\"\npassword_file = \"password\"\n"
            );
            let transport = transport(&server, &more, PATIENT);
            let why = down(send(&transport, "ana@contoso.example").await);
            let at = format!(
                "the certificate of localhost:{} is not trusted: ",
                server.port
            );
            says(&why, &[&at]);
            says(&why, &[words]);
            nothing_was_said(&server);
        }
    }
}

#[tokio::test]
async fn without_starttls_nothing_is_said() {
    let server = Server::with_password(&Wanted::Clear);
    private(&server.file("password"), "correct horse\n");
    let more = "user = \"writ\"\npassword_file = \"password\"\n";
    let transport = transport(&server, more, PATIENT);
    let why = down(send(&transport, "ana@contoso.example").await);
    says(&why, &["does not offer STARTTLS", "mail.tls = \"tls\""]);
    nothing_was_said(&server);
    let why = down(transport.check().await);
    says(&why, &["does not offer STARTTLS"]);
}

#[tokio::test]
async fn tls_where_there_is_none() {
    let server = Server::start(&Wanted::Clear);
    let transport = transport(&server, "tls = \"tls\"\n", PATIENT);
    let why = down(send(&transport, "ana@contoso.example").await);
    says(
        &why,
        &["TLS with localhost:", "check mail.port and mail.tls"],
    );
    nothing_was_said(&server);
}

#[tokio::test]
async fn a_wrong_password_is_not_repeated_in_the_error() {
    let server = Server::with_password(&Wanted::StartTls("localhost"));
    private(&server.file("password"), "wrong horse\n");
    let more = "user = \"writ\"\npassword_file = \"password\"\nca_file = \"ca.pem\"\n";
    let transport = transport(&server, more, PATIENT);
    let why = down(send(&transport, "ana@contoso.example").await);
    says(
        &why,
        &[
            "does not let writ sign in: 535",
            "the password in ",
            "/password",
        ],
    );
    assert!(!why.contains("horse"), "{why}");
    assert_eq!(server.count("MAIL"), 0);
}

#[tokio::test]
async fn a_server_that_wants_a_password_and_one_that_takes_none() {
    let server = Server::with_password(&Wanted::StartTls("localhost"));
    let transport = transport(&server, "ca_file = \"ca.pem\"\n", PATIENT);
    let why = down(send(&transport, "ana@contoso.example").await);
    says(
        &why,
        &[
            "wants to know who sends",
            "530",
            "set mail.user and mail.password_file",
        ],
    );

    let server = Server::start(&Wanted::Tls("localhost"));
    private(&server.file("password"), "correct horse\n");
    let more =
        "tls = \"tls\"\nuser = \"writ\"\npassword_file = \"password\"\nca_file = \"ca.pem\"\n";
    let transport = self::transport(&server, more, PATIENT);
    match send(&transport, "ana@contoso.example").await {
        // aiosmtpd offers AUTH in TLS whether it has somebody to ask or not.
        Err(Failure::Down(why)) => says(&why, &["sign in"]),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_recipient_who_is_gone_holds_up_nobody() {
    let server = Server::start(&Wanted::Clear);
    let transport = clear(&server);
    let why = never(send(&transport, "gone@contoso.example").await);
    says(
        &why,
        &["takes no mail for gone@contoso.example: 550 5.1.1 No such mailbox"],
    );
    send(&transport, "ana@contoso.example").await.unwrap();
    let why = never(send(&transport, "refused-content@contoso.example").await);
    says(
        &why,
        &["does not take this mail: 554 5.7.1 This looks like nothing"],
    );
    send(&transport, "ana@contoso.example").await.unwrap();
    assert_eq!(server.count("CONNECT"), 1, "{:?}", server.heard());
}

#[tokio::test]
async fn greylisting_is_waited_for() {
    let server = Server::start(&Wanted::Clear);
    let transport = clear(&server);
    let why = later(send(&transport, "grey@contoso.example").await);
    says(
        &why,
        &["does not take mail for grey@contoso.example yet: 451 4.7.1 Greylisted"],
    );
    send(&transport, "grey@contoso.example").await.unwrap();
    assert_eq!(server.count("TAKEN"), 1);
}

#[tokio::test]
async fn a_server_that_goes_down_or_hangs_is_down() {
    let server = Server::start(&Wanted::Clear);
    let transport = clear(&server);
    let why = down(send(&transport, "closing@contoso.example").await);
    says(
        &why,
        &["takes no mail now: 421 4.3.2 Going down for maintenance"],
    );
    send(&transport, "ana@contoso.example").await.unwrap();

    let command = Duration::from_secs(3);
    let hasty = self::transport(&server, "tls = \"none\"\n", Limits { command, ..PATIENT });
    let why = down(send(&hasty, "hang-at-rcpt@contoso.example").await);
    says(&why, &["it does not answer"]);
}

#[tokio::test]
async fn what_was_cut_off_goes_again_under_the_same_id() {
    let server = Server::start(&Wanted::Clear);
    let transport = clear(&server);
    let why = later(send(&transport, "drop-in-data@contoso.example").await);
    says(&why, &["did not say whether it took this mail"]);
    assert_eq!(server.count("TAKEN"), 0);

    for time in 1..=2 {
        later(send(&transport, "drop-after-data@contoso.example").await);
        assert_eq!(server.count("TAKEN"), time);
    }
    assert_eq!(server.taken(1), server.taken(2));

    let content = Duration::from_millis(300);
    let hasty = self::transport(&server, "tls = \"none\"\n", Limits { content, ..PATIENT });
    let why = later(send(&hasty, "hang-after-data@contoso.example").await);
    says(
        &why,
        &["did not say whether it took this mail: it does not answer"],
    );
}

#[tokio::test]
async fn an_address_that_is_none_goes_nowhere() {
    let server = Server::start(&Wanted::Clear);
    let transport = clear(&server);
    let mail = mail("ana@contoso.example");
    for to in [
        "ana",
        "ana@contoso.example>\r\nRCPT TO:<eve@contoso.example",
        "anä@contoso.example",
    ] {
        let why = never(transport.send(to, &mail).await);
        says(&why, &["is no address"]);
        assert!(!why.contains('\n'), "{why}");
    }
    assert_eq!(server.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn nobody_there() {
    let server = Server::start(&Wanted::Clear);
    let transport = clear(&server);
    drop(server);
    let why = down(send(&transport, "ana@contoso.example").await);
    says(
        &why,
        &["cannot be reached", "check mail.host and mail.port"],
    );
}
