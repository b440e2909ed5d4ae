//! PEM files taken apart: the certificates, which may be shown, and the key of a client certificate, which may not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
/// The letters of a line of base64 (RFC 7468, section 2).
const LINE: usize = 64;
/// The byte with which a SEQUENCE of DER begins.
const SEQUENCE: u8 = 0x30;

/// The certificates of `text`, each written anew from what its block holds, so that nothing else that stands in the file
/// goes along: no key beside them, no text between them.
///
/// # Errors
/// What is wrong: half a sentence, without anything of the file.
pub fn certificates(text: &str) -> Result<String, &'static str> {
    let blocks = blocks(text);
    let mut certificates = blocks.iter().filter(|block| block.label == "CERTIFICATE").peekable();
    if certificates.peek().is_none() {
        return Err("has no certificate in it");
    }
    certificates.map(|block| certificate(&block.body)).collect()
}

/// The certificates of `text`, the host's own first as they stand there, and its private key. What stands between the
/// blocks, and blocks of other kinds, is left out.
///
/// # Errors
/// What is missing: half a sentence.
pub fn halves(text: &str) -> Result<(String, Zeroizing<String>), &'static str> {
    let certificates = certificates(text)?;
    // Room for everything at once: growing would leave unwiped copies behind.
    let mut key = Zeroizing::new(String::with_capacity(text.len() + 1));
    for block in blocks(text).iter().filter(|block| block.label.ends_with("PRIVATE KEY")) {
        for piece in [BEGIN, block.label, "-----\n"].into_iter().chain(block.body.iter().flat_map(|line| [*line, "\n"]))
        {
            key.push_str(piece);
        }
        for piece in [END, block.label, "-----\n"] {
            key.push_str(piece);
        }
    }
    match () {
        () if key.is_empty() => Err("has no private key in it"),
        () if !key.is_ascii() => Err("is not PEM"),
        () => Ok((certificates, key)),
    }
}

/// What stands between a beginning and its end; the lines are those of the file.
struct Block<'t> {
    label: &'t str,
    body: Vec<&'t str>,
}

/// The blocks that end as they begin (RFC 7468, section 2). One that begins inside another makes the outer one no block.
fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut whole = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for line in text.lines().map(str::trim_end) {
        if let Some(label) = label(line, BEGIN) {
            open = Some(Block { label, body: Vec::new() });
        } else if let Some(ended) = label(line, END) {
            whole.extend(open.take().filter(|block| block.label == ended));
        } else if let Some(block) = &mut open {
            block.body.push(line);
        }
    }
    whole
}

fn label<'t>(line: &'t str, edge: &str) -> Option<&'t str> {
    line.strip_prefix(edge)?.strip_suffix("-----")
}

/// A certificate from the lines of its block.
fn certificate(body: &[&str]) -> Result<String, &'static str> {
    let broken = "has a certificate in it that is not well formed";
    let text: String = body.iter().flat_map(|line| line.split_ascii_whitespace()).collect();
    let der = STANDARD.decode(text).map_err(|_| broken)?;
    // SEQUENCE { SEQUENCE … } (RFC 5280, section 4.1): a private key under this name begins with a number instead.
    if sequence(&der).is_none_or(|inside| inside.first() != Some(&SEQUENCE)) {
        return Err(broken);
    }
    let encoded = STANDARD.encode(der);
    // The pieces of base64 are ASCII, so that each of them is a text.
    let lines = encoded.as_bytes().chunks(LINE).flat_map(|line| [std::str::from_utf8(line).unwrap_or_default(), "\n"]);
    Ok(["-----BEGIN CERTIFICATE-----\n"].into_iter().chain(lines).chain(["-----END CERTIFICATE-----\n"]).collect())
}

/// What is in the one SEQUENCE that `der` is, to its last byte.
fn sequence(der: &[u8]) -> Option<&[u8]> {
    let (&SEQUENCE, rest) = der.split_first()? else { return None };
    let (&first, rest) = rest.split_first()?;
    let (length, inside) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, inside) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), inside)
        }
        _ => return None,
    };
    (inside.len() == length).then_some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SEQUENCE { SEQUENCE {} }, and one with a NULL inside.
    const A: &str = "MAIwAA==";
    const B: &str = "MAQwAgUA";

    #[test]
    fn both_halves_are_found_in_any_order_and_nothing_else() {
        let certificate = |letter: &str| format!("-----BEGIN CERTIFICATE-----\n{letter}\n-----END CERTIFICATE-----\n");
        for kind in ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"] {
            let key = format!("-----BEGIN {kind}-----\nsecret\n-----END {kind}-----\n");
            let of_curve = "-----BEGIN EC PARAMETERS-----\nBggq\n-----END EC PARAMETERS-----\n";
            for text in [
                format!("{}{key}{}", certificate(A), certificate(B)),
                format!("Bag Attributes\n  name\n{of_curve}{key}\n{}subject=x\n{}", certificate(A), certificate(B)),
                format!("{}{}{key}", certificate(A), certificate(B)).replace('\n', "\r\n"),
            ] {
                let (certificates, found) = halves(&text).unwrap();
                assert_eq!(certificates, certificate(A) + &certificate(B));
                assert_eq!(*found, key);
            }
        }
        assert_eq!(halves(&certificate(A)).unwrap_err(), "has no private key in it");
        assert_eq!(halves("-----BEGIN PRIVATE KEY-----\nx\n").unwrap_err(), "has no certificate in it");
        assert!(halves("").is_err());
    }
    #[test]
    fn only_certificates_go_along_and_only_whole_ones() {
        let pem = |label: &str, body: &str| format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
        let (one, key) = (pem("CERTIFICATE", A), pem("PRIVATE KEY", "c2VjcmV0"));
        for text in [
            format!("{key}{one}"),
            format!("{one}{key}"),
            format!("token glpat-secret\n{}\nsecret", one.replace("MAIw", "MA\r\n Iw")),
            format!("-----BEGIN CERTIFICATE-----\nc2VjcmV0\n{key}{one}"),
            format!("-----BEGIN CERTIFICATE-----\nc2VjcmV0\n{one}"),
        ] {
            assert_eq!(certificates(&text), Ok(one.clone()), "{text}");
        }
        let none = "has no certificate in it";
        for text in ["", "hello", "glpat-0123456789", key.as_str(), "-----BEGIN CERTIFICATE-----\nMAIwAA==\n"] {
            assert_eq!(certificates(text), Err(none), "{text}");
        }
        // A token, a text, the version of a PKCS #8 key (a number), bytes behind the end.
        for body in ["glpat-0123456789", "aGVsbG8=", "MAMCAQA=", "MAIwAAA="] {
            assert!(certificates(&format!("{one}{}", pem("CERTIFICATE", body))).is_err(), "{body}");
        }
    }

    #[test]
    fn a_long_certificate_is_written_in_lines_of_the_usual_length() {
        let mut der = vec![SEQUENCE, 0x82, 0x01, 0x04, SEQUENCE, 0x82, 0x01, 0x00];
        der.extend([7; 256]);
        let long = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(&der));
        let written = certificates(&long).unwrap();
        assert!(written.lines().all(|line| line.len() <= LINE), "{written}");
        assert_eq!(certificates(&written), Ok(written.clone()));
        assert_eq!(written.replace('\n', ""), long.replace('\n', ""));
    }
}
