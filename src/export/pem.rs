//! A PEM file of a client certificate, taken apart: what may be shown, and the key, which may not.

use zeroize::Zeroizing;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";

/// The certificates of `text`, the host's own first as they stand there, and its private key. What stands between the
/// blocks, and blocks of other kinds, is left out.
///
/// # Errors
/// What is missing: half a sentence.
pub fn halves(text: &str) -> Result<(String, Zeroizing<String>), &'static str> {
    let mut certificates = String::new();
    // Room for everything at once: growing would leave unwiped copies behind.
    let mut key = Zeroizing::new(String::with_capacity(text.len() + 1));
    let mut label = None;
    for line in text.lines().map(str::trim_end) {
        label = line.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix("-----")).or(label);
        let half = match label {
            Some("CERTIFICATE") => Some(&mut certificates),
            Some(label) if label.ends_with("PRIVATE KEY") => Some(&mut *key),
            _ => None,
        };
        if let Some(half) = half {
            half.push_str(line);
            half.push('\n');
        }
        if line.starts_with(END) {
            label = None;
        }
    }
    match (certificates.is_empty(), key.is_empty()) {
        (true, _) => Err("has no certificate in it"),
        (_, true) => Err("has no private key in it"),
        _ if !certificates.is_ascii() || !key.is_ascii() => Err("is not PEM"),
        _ => Ok((certificates, key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_halves_are_found_in_any_order_and_nothing_else() {
        let certificate = |letter: &str| format!("-----BEGIN CERTIFICATE-----\n{letter}\n-----END CERTIFICATE-----\n");
        for kind in ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"] {
            let key = format!("-----BEGIN {kind}-----\nsecret\n-----END {kind}-----\n");
            let of_curve = "-----BEGIN EC PARAMETERS-----\nBggq\n-----END EC PARAMETERS-----\n";
            for text in [
                format!("{}{key}{}", certificate("A"), certificate("B")),
                format!("Bag Attributes\n  name\n{of_curve}{key}\n{}subject=x\n{}", certificate("A"), certificate("B")),
                format!("{}{}{key}", certificate("A"), certificate("B")).replace('\n', "\r\n"),
            ] {
                let (certificates, found) = halves(&text).unwrap();
                assert_eq!(certificates, certificate("A") + &certificate("B"));
                assert_eq!(*found, key);
            }
        }
        assert_eq!(halves(&certificate("A")).unwrap_err(), "has no private key in it");
        assert_eq!(halves("-----BEGIN PRIVATE KEY-----\nx\n").unwrap_err(), "has no certificate in it");
        assert!(halves("").is_err());
    }
}
