//! The second net: known secrets, and the forms in which they travel, replaced with `***`.
//!
//! A fleet knows hundreds of secrets and tells much about them, so a text is read once, whatever the number of secrets.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use zeroize::Zeroizing;

use super::Secret;

/// The shortest form that is looked for. Whatever is shorter stands in many texts that have nothing to do with it.
const SHORTEST: usize = 8;
/// How many kinds of two bytes are told apart at first sight.
const KINDS: usize = 1024;

/// Replaces known secrets, and the forms in which they travel, with `***`.
#[derive(Clone, Default)]
pub struct Redactor {
    /// In the order of their bytes, each with at least [`SHORTEST`].
    needles: Vec<Zeroizing<String>>,
    /// A bit for each kind of two bytes with which a needle begins: most places of a text are none of them.
    beginnings: [u64; KINDS / 64],
}

impl Redactor {
    /// Adds a secret: as it is, percent-encoded, base64 of itself, and the stable middle of `Basic` with any user name.
    pub fn learn(&mut self, secret: &Secret) {
        let raw = secret.expose();
        if raw.len() >= SHORTEST && self.needles.binary_search_by(|known| known.as_str().cmp(raw)).is_ok() {
            return;
        }
        self.add(Zeroizing::new(raw.to_owned()));
        // Room for all of it: what a growing text leaves behind is not wiped.
        let mut encoded = Zeroizing::new(String::with_capacity(3 * raw.len()));
        encoded.extend(url::form_urlencoded::byte_serialize(raw.as_bytes()));
        self.add(encoded);
        // Base64 depends on how many bytes stand before: cut what the neighbours can change at either end.
        for before in 0..3_usize {
            let padded = Zeroizing::new(format!("{}{raw}", &"xxx"[..before]));
            let encoded = Zeroizing::new(base64::engine::general_purpose::STANDARD_NO_PAD.encode(padded.as_bytes()));
            let middle = encoded.get(if before == 0 { 0 } else { 4 }..encoded.len() / 4 * 4).unwrap_or_default();
            if middle.len() >= 12 {
                self.add(Zeroizing::new(middle.to_owned()));
            }
        }
    }

    fn add(&mut self, form: Zeroizing<String>) {
        if form.len() < SHORTEST {
            return;
        }
        if let Err(at) = self.needles.binary_search_by(|known| known.as_str().cmp(&form)) {
            let kind = kind(form.as_bytes());
            self.beginnings[kind / 64] |= 1 << (kind % 64);
            self.needles.insert(at, form);
        }
    }

    /// `text` with every known secret replaced. Forms that overlap are replaced together, so that no end of one is left.
    pub fn clean(&self, text: &str) -> String {
        let bytes = text.as_bytes();
        let mut clean = String::with_capacity(text.len());
        // Up to here the text is copied, or replaced.
        let mut done = 0;
        for at in 0..bytes.len().saturating_sub(SHORTEST - 1) {
            let kind = kind(&bytes[at..]);
            if self.beginnings[kind / 64] & (1 << (kind % 64)) == 0 {
                continue;
            }
            let Some(length) = self.longest(&bytes[at..]) else { continue };
            if at >= done {
                clean.push_str(text.get(done..at).unwrap_or_default());
                clean.push_str("***");
            }
            done = done.max(at + length);
        }
        clean.push_str(text.get(done..).unwrap_or_default());
        clean
    }

    /// How long the longest form is with which `rest` begins.
    fn longest(&self, rest: &[u8]) -> Option<usize> {
        let (head, all) = (&rest[..SHORTEST], &self.needles);
        let first = all.partition_point(|needle| &needle.as_bytes()[..SHORTEST] < head);
        let alike = all[first..].iter().take_while(|needle| &needle.as_bytes()[..SHORTEST] == head);
        alike.filter(|needle| rest.starts_with(needle.as_bytes())).map(|needle| needle.len()).max()
    }
}

/// Which kind its first two bytes are of.
fn kind(bytes: &[u8]) -> usize {
    (usize::from(bytes[0]) * 37 + usize::from(bytes[1])) % KINDS
}

impl fmt::Debug for Redactor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Redactor({})", self.needles.len())
    }
}

/// One redactor for everything that leaves a run. Clones share what they know.
#[derive(Clone, Debug, Default)]
pub struct Redaction(Arc<Mutex<Redactor>>);

impl Redaction {
    /// From now on this secret is replaced.
    pub fn learn(&self, secret: &Secret) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).learn(secret);
    }

    /// `text` without known secrets.
    pub fn clean(&self, text: &str) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clean(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knows(secrets: &[&str]) -> Redactor {
        let mut redactor = Redactor::default();
        for secret in secrets {
            redactor.learn(&Secret::parse(secret).unwrap());
        }
        redactor
    }

    #[test]
    fn a_secret_is_found_in_every_form_it_travels_in() {
        let secret = "ghp_abcdefghijklmnopqrstuvwxyz/0123456789";
        let redactor = knows(&[secret]);
        for user in ["", "o", "me", "octocat", "x-access-token"] {
            let basic = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{secret}"));
            let clean = redactor.clean(&format!("Basic {basic}"));
            assert!(clean.contains("***"), "{user}: {clean}");
        }
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        assert_eq!(redactor.clean(&format!("a {secret} b {encoded}")), "a *** b ***");
    }

    #[test]
    fn each_of_many_is_found_wherever_it_stands() {
        let secrets: Vec<_> = (0..300).map(|number| format!("ghp_{number:03}abcdefghijkl{number}")).collect();
        let redactor = knows(&secrets.iter().map(String::as_str).collect::<Vec<_>>());
        for secret in &secrets {
            assert_eq!(redactor.clean(secret), "***");
            assert_eq!(redactor.clean(&format!("ä{secret}{secret}ö\u{1f600}")), "ä******ö\u{1f600}");
            assert_eq!(redactor.clean(&format!("{} {}", &secret[1..], &secret[..12])).matches("***").count(), 0);
        }
    }

    #[test]
    fn no_end_of_one_is_left_where_two_overlap() {
        let redactor = knows(&["abcdefgh", "abcdefghijkl", "ghijklmnop", "klmnopqrst"]);
        assert_eq!(redactor.clean("<abcdefghijkl>"), "<***>");
        assert_eq!(redactor.clean("<abcdefghijklmnopqrst>"), "<***>");
        assert_eq!(redactor.clean("<abcdefghi>"), "<***i>");
        assert_eq!(redactor.clean("abcdefg"), "abcdefg");
        assert_eq!(redactor.clean(""), "");
    }

    #[test]
    fn what_is_too_short_is_not_looked_for() {
        assert_eq!(knows(&["abcdefg"]).clean("abcdefg"), "abcdefg");
        assert_eq!(Redactor::default().clean("nothing known"), "nothing known");
    }
}
