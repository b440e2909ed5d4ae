//! The files and variables that answers name, looked at before anybody is asked: what cannot be read is a problem of the
//! answers, with its line, and not a server that did not answer. Only what the answers file itself names is looked at.

use std::path::Path;

use crate::answers::file::{Located, Reading};
use crate::answers::{Answer, Answers, Field};
use crate::cli::Ending;
use crate::fact::Fault;
use crate::key::{KeyFiles, PublicHalf};
use crate::store::StoreFault;
use crate::{forge, ssh, store};

/// What a look came to: the sentence to tell.
type Look = Result<(), String>;
type Row = (Field, Ending, fn(&Path) -> Look);

/// How each kind of file ends a run that cannot read it, and how it is looked at. A secret that cannot be read is a matter
/// of its store; anything else is a mistake of the answers.
const FILES: [Row; 5] = [
    (Field::CaFile, Ending::Usage, |path| forge::look_at_ca_file(path).map_err(of_fault)),
    (Field::ClientCert, Ending::Storage, |path| forge::look_at_client_cert(path).map_err(of_fault)),
    (Field::TokenFile, Ending::Storage, |path| store::read_file(path).map(drop).map_err(|fault| of_store(&fault))),
    (Field::SshPublicKey, Ending::Usage, |path| {
        let files = KeyFiles { public: PublicHalf::File(path.to_path_buf()), private: None };
        ssh::read_key(&files).map(drop).map_err(of_fault)
    }),
    (Field::SshPrivateKey, Ending::Storage, |path| ssh::read_private(path).map(drop).map_err(of_fault)),
];

/// What is amiss with a file or a variable.
pub(super) struct Amiss {
    pub ending: Ending,
    pub problem: Located,
    /// It is where the token comes from: the checks tell it, too, and what they found besides.
    pub is_source: bool,
}

/// What cannot be read, or does not belong together. `answers` are whole, with whole paths; only what was answered in
/// `reading` is told.
pub(super) fn amiss(answers: &Answers, reading: &Reading) -> Vec<Amiss> {
    let mut amiss = Vec::new();
    let given = |field: &Field| answers.iter().find(|(of, _)| *of == field).map(|(_, answer)| answer);
    let mut tell = |field: &Field, ending: Ending, look: Look| {
        let told = look.err().and_then(|message| reading.locate_value(field, message));
        amiss.extend(told.map(|problem| Amiss { ending, problem, is_source: field.is_token_source() }));
    };
    for (field, ending, look) in FILES {
        if let Some(Answer::Path(path)) = given(&field) {
            tell(&field, ending, look(path));
        }
    }
    if let Some(Answer::Text(name)) = given(&Field::TokenEnv) {
        tell(&Field::TokenEnv, Ending::Storage, store::read_env(name).map(drop).map_err(|fault| of_store(&fault)));
    }
    if let Some(files) = answers.key_files().filter(|_| !answers.generates_key()) {
        tell(&Field::SshPrivateKey, Ending::Usage, are_halves(&files));
    }
    amiss
}

/// Whether both halves are of one key, where both can be read.
fn are_halves(files: &KeyFiles) -> Look {
    let public = ssh::read_key(&KeyFiles { private: None, ..files.clone() });
    let private = files.private.as_deref().map(ssh::read_private);
    match (public, private) {
        (Ok(_), Some(Ok(_))) => ssh::read_key(files).map(drop).map_err(of_fault),
        _ => Ok(()),
    }
}

fn of_fault(fault: Fault) -> String {
    let remedy = fault.remedy.map(|remedy| remedy.text).unwrap_or_default();
    format!("{} {remedy}", fault.text).trim_end().to_owned()
}

fn of_store(fault: &StoreFault) -> String {
    format!("{} {}", fault.message, fault.remedy)
}
