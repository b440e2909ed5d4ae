//! Standard input as a source: the one line that is piped in.

use std::io::{self, IsTerminal as _, Read};

use super::{StoreFault, StoreFaultKind, one_line, room};
use crate::secret::Secret;

/// The secret that is piped into this program.
///
/// # Errors
/// Standard input is a terminal, which would show what is typed; or it holds something else than one line.
pub fn read() -> Result<Secret, StoreFault> {
    let input = io::stdin();
    if input.is_terminal() {
        return Err(StoreFault::new(
            StoreFaultKind::Denied,
            "Standard input is a terminal, which would show the token while it is typed.",
            "Pipe the token in, or leave the source out and let the wizard ask for it.",
        ));
    }
    read_from(&mut input.lock())
}

fn read_from(input: &mut impl Read) -> Result<Secret, StoreFault> {
    let mut bytes = room();
    let mut length = 0;
    while length < bytes.len() {
        match input.read(&mut bytes[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                return Err(StoreFault::new(
                    StoreFaultKind::Broken,
                    format!("Standard input could not be read: {error}."),
                    "Pipe the token in, or name another source.",
                ));
            }
        }
    }
    one_line("Standard input", &bytes[..length])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_a_token_and_more_is_not() {
        let read = |text: &str| read_from(&mut text.as_bytes()).map(|secret| secret.expose().to_owned());
        assert_eq!(read("ghp_abc\r\n").unwrap(), "ghp_abc");
        assert_eq!(read("ghp_abc").unwrap(), "ghp_abc");
        for text in ["", "\n", "one\ntwo\n", "one\n\n", "a b", &"x".repeat(super::super::LONGEST + 1)] {
            assert_eq!(read(text).unwrap_err().kind, StoreFaultKind::NotASecret);
        }
    }
}
