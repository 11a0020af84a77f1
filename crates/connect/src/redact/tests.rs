use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn redaction(values: &[&[u8]]) -> Redaction {
    let values: Vec<_> = values
        .iter()
        .map(|value| Zeroizing::new(value.to_vec()))
        .collect();
    Redaction::of(&values).unwrap()
}

fn in_pieces(
    redaction: &Redaction,
    bytes: &[u8],
    mut sizes: impl Iterator<Item = usize>,
) -> Vec<u8> {
    let mut stream = Stream::of(redaction.clone());
    let mut shown = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let size = sizes.next().unwrap_or(rest.len()).min(rest.len());
        let (piece, after) = rest.split_at(size);
        shown.extend(stream.push(piece));
        rest = after;
    }
    shown.extend(stream.finish());
    assert_eq!(stream.fired(), shown != bytes);
    shown
}

/// Looks for each spelling at each place of the whole.
fn naive(values: &[Vec<u8>], bytes: &[u8]) -> Vec<u8> {
    let mut covered = vec![false; bytes.len()];
    for spelling in values.iter().flat_map(|value| spellings(value)) {
        for at in 0..bytes.len() {
            if !spelling.is_empty() && bytes[at..].starts_with(&spelling) {
                covered[at..at + spelling.len()].fill(true);
            }
        }
    }
    let mut shown = Vec::new();
    for at in 0..bytes.len() {
        match covered[at] {
            false => shown.push(bytes[at]),
            true if at == 0 || !covered[at - 1] => shown.extend_from_slice(MARK),
            true => {}
        }
    }
    shown
}

/// A secret, and text around it, of few letters: so that much is nearly found.
fn letters(most: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(prop::sample::select(b"ab %".to_vec()), 0..most)
}

proptest! {
    #[test]
    fn it_makes_no_difference_how_output_comes(
        values in vec(letters(7), 0..4),
        parts in vec((letters(9), any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..8),
        sizes in vec(1_usize..9, 0..80),
    ) {
        let mut bytes = Vec::new();
        for (around, which, how) in &parts {
            bytes.extend_from_slice(around);
            if !values.is_empty() {
                let value: &Vec<u8> = which.get(&values[..]);
                let spelled = spellings(value);
                let one: &Vec<u8> = how.get(&spelled[..]);
                bytes.extend_from_slice(one);
            }
        }
        let slices: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
        let redaction = redaction(&slices);
        let shown = in_pieces(&redaction, &bytes, sizes.into_iter());
        prop_assert_eq!(shown, naive(&values, &bytes));
    }

    #[test]
    fn no_encoding_shows_a_secret(
        before in vec(any::<u8>(), 0..7),
        value in vec(any::<u8>(), 12..40),
        after in vec(any::<u8>(), 0..7),
        size in 1_usize..30,
    ) {
        let all = [&before[..], &value, &after].concat();
        let redaction = redaction(&[&value]);
        let until = before.len() + value.len();
        let digits = (until * 8).div_ceil(6) - before.len() * 8 / 6;
        for (encoded, own) in [
            (data_encoding::BASE64.encode(&all), digits),
            (data_encoding::BASE64URL.encode(&all), digits),
            (HEXLOWER.encode(&all), value.len() * 2),
            (HEXUPPER.encode(&all), value.len() * 2),
        ] {
            let shown = in_pieces(&redaction, encoded.as_bytes(), std::iter::repeat(size));
            prop_assert!(shown.windows(MARK.len()).any(|part| part == MARK));
            // No digit is left that the value has a part in.
            let most = encoded.len() - own + MARK.len();
            prop_assert!(shown.len() <= most, "{}", String::from_utf8_lossy(&shown));
        }
    }
}

#[test]
fn a_secret_is_found_as_programs_spell_it() {
    let secret = "p\"ä/ &1";
    let redaction = redaction(&[secret.as_bytes()]);
    for spelled in [
        "p\"ä/ &1",
        r#"p\"ä/ &1"#,
        r#"p\"\u00e4/ &1"#,
        r#"p\"\u00E4\/ &1"#,
        "p%22%C3%A4%2F%20%261",
        "p%22%c3%a4%2f+%261",
        "%70%22%C3%A4%2F%20%26%31",
        "7022c3a42f202631",
        "7022C3A42F202631",
        "cCLDpC8gJj",
    ] {
        let text = format!("<{spelled}>");
        assert_eq!(redaction.text(&text), "<[redacted]>", "{spelled}");
    }
}

#[test]
fn secrets_that_overlap_or_touch_are_one() {
    let redaction = redaction(&[b"abcd", b"cdef", b"gh"]);
    for (text, wanted) in [
        ("abcdef", "[redacted]"),
        ("-abcdefgh-", "-[redacted]-"),
        ("abcd cdef", "[redacted] [redacted]"),
        ("abc", "abc"),
    ] {
        assert_eq!(redaction.text(text), wanted);
    }
    assert_eq!(Redaction::none().text("abcd"), "abcd");
}

#[test]
fn what_cannot_become_a_secret_is_shown_at_once() {
    let mut stream = Stream::of(redaction(&[b"secret-secret-secret"]));
    assert_eq!(stream.push(b"begun\n"), b"begun\n");
    assert_eq!(stream.push(b"a secr"), b"a ");
    assert_eq!(stream.push(b"et"), b"");
    assert_eq!(stream.push(b"."), b"secret.");
    assert_eq!(stream.push(b"secret-secret-secret"), MARK);
    assert!(stream.fired());
    assert_eq!(stream.finish(), b"");
}

#[test]
fn nothing_of_a_secret_is_in_its_debug_form() {
    assert_eq!(format!("{:?}", redaction(&[b"hunter22"])), "Redaction");
}
