//! Mail servers that no mail server should be like.

use std::sync::Arc;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use writ_notify::Failure;
use writ_notify::mail::Transport;

use super::{checked, rendered, to_decide};

/// A server with one answer to each command, and what else it says.
async fn listen(more: &str) -> (TcpListener, Transport) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let text =
        format!("host = \"127.0.0.1\"\nport = {port}\nfrom = \"writ@contoso.example\"\n{more}");
    let folder = TempDir::new().unwrap();
    let config = checked(folder.path(), &text).unwrap();
    (listener, Transport::new(Arc::new(config)))
}

/// Answers the commands that begin with these words, and others with a yes.
async fn serve(stream: TcpStream, answers: &[(&str, &[u8])]) {
    serve_some(stream, answers, usize::MAX).await;
}

/// The same, for so many mails.
async fn serve_some(
    stream: TcpStream,
    answers: &[(&str, &[u8])],
    mut mails: usize,
) -> BufReader<TcpStream> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.test\r\n").await.unwrap();
    let mut line = String::new();
    while mails > 0 && stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
        let answer = answers.iter().find(|(word, _)| line.starts_with(word));
        let yes: &[u8] = match line.starts_with("DATA") {
            true => b"354 go on\r\n",
            false => b"250 yes\r\n",
        };
        let said = stream.write_all(answer.map_or(yes, |(_, answer)| answer));
        if said.await.is_err() {
            break;
        }
        if line.starts_with("DATA") {
            while !line.ends_with("\r\n.\r\n") {
                stream.read_line(&mut line).await.unwrap();
            }
            let _ = stream.write_all(b"250 taken\r\n").await;
            mails -= 1;
        }
        line.clear();
    }
    stream
}

async fn sent(transport: &Transport) -> Result<(), Failure> {
    let mail = rendered("ana@contoso.example", "id", &to_decide()).unwrap();
    transport.send("ana@contoso.example", &mail).await
}

async fn told(answers: &'static [(&'static str, &'static [u8])]) -> Result<(), Failure> {
    let (listener, transport) = listen("tls = \"none\"\n").await;
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        serve(stream, answers).await;
    });
    let sent = sent(&transport).await;
    drop(transport);
    serving.abort();
    sent
}

#[tokio::test]
async fn a_no_in_another_alphabet_is_a_no() {
    let no = told(&[(
        "RCPT",
        b"550-Postfach nicht verf\xfcgbar\r\n550 \x1b[2J\x07\xff\r\n",
    )])
    .await;
    let Err(Failure::Never(why)) = no else {
        panic!("{no:?}");
    };
    assert!(why.contains("550 Postfach nicht verf?gbar"), "{why}");
    assert!(
        why.chars().all(|c| c == ' ' || c.is_ascii_graphic()),
        "{why:?}"
    );
}

#[tokio::test]
async fn many_words_are_cut() {
    const LONG: &[u8] = &[b'x'; 900];
    static NO: std::sync::LazyLock<Vec<u8>> =
        std::sync::LazyLock::new(|| [b"550 ", LONG, b"\r\n"].concat());
    let (listener, transport) = listen("tls = \"none\"\n").await;
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        serve(stream, &[("RCPT", &NO)]).await;
    });
    let Err(Failure::Never(why)) = sent(&transport).await else {
        panic!("it is a no");
    };
    assert!(why.chars().count() < 300, "{why}");
}

#[tokio::test]
async fn a_line_without_an_end_is_not_waited_for() {
    let (listener, transport) = listen("tls = \"none\"\n").await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"220 ").await.unwrap();
        while stream.write_all(&[b'x'; 1 << 16]).await.is_ok() {}
    });
    let Err(Failure::Down(why)) = sent(&transport).await else {
        panic!("nothing was sent");
    };
    assert!(why.contains("a line that does not end"), "{why}");
}

#[tokio::test]
async fn what_is_no_mail_server() {
    for greeting in [
        &b"SSH-2.0-OpenSSH_9.2\r\n"[..],
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\0\0\0\0\n",
        b"",
    ] {
        for tls in ["none", "starttls"] {
            let (listener, transport) = listen(&format!("tls = \"{tls}\"\n")).await;
            tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.write_all(greeting).await.unwrap();
            });
            let sent = sent(&transport).await;
            assert!(matches!(sent, Err(Failure::Down(_))), "{sent:?}");
        }
    }
}

#[tokio::test]
async fn nothing_said_before_tls_counts_after_it() {
    let (listener, transport) = listen("").await;
    let hearing = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 mail.test\r\n").await.unwrap();
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        stream
            .write_all(b"250-mail.test\r\n250 STARTTLS\r\n")
            .await
            .unwrap();
        stream.read_line(&mut line).await.unwrap();
        // What somebody between adds, for a client that reads on after TLS began.
        let added = b"220 go on\r\n250-mail.test\r\n250 AUTH PLAIN\r\n235 yes\r\n";
        stream.write_all(added).await.unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).await.unwrap();
        (line, heard)
    });
    let sent = sent(&transport).await;
    let Err(Failure::Down(why)) = sent else {
        panic!("{sent:?}");
    };
    assert!(why.starts_with("TLS with 127.0.0.1:"), "{why}");
    let (line, heard) = hearing.await.unwrap();
    assert!(line.ends_with("STARTTLS\r\n"), "{line}");
    let heard = String::from_utf8_lossy(&heard).into_owned();
    assert!(
        !heard.contains("MAIL") && !heard.contains("AUTH"),
        "{heard}"
    );
}

#[tokio::test]
async fn a_kept_connection_that_died_is_no_failure() {
    for last_words in [&b""[..], b"421 4.4.2 Idle for too long\r\n"] {
        let (listener, transport) = listen("tls = \"none\"\n").await;
        let serving = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = serve_some(stream, &[], 1).await;
            stream.write_all(last_words).await.unwrap();
            drop(stream);
            let (stream, _) = listener.accept().await.unwrap();
            serve_some(stream, &[], 1).await;
        });
        sent(&transport).await.unwrap();
        sent(&transport).await.unwrap();
        // Both connections were there.
        serving.await.unwrap();
    }
}
