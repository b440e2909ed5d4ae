//! `export`: a connection in the form that its consumer wants, ready to apply.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal as _;
use std::path::Path;

use jiff::Timestamp;
use serde_json::json;
use zeroize::Zeroizing;

use super::credential::git_user;
use super::standing::{Ends, Standing};
use super::{ExportFlags, Out, Refusal, manage, wait};
use crate::config::Connection;
use crate::disk::{self, Paths};
use crate::export::{Case, Document, FORMATS, Format, KNOWN_HOSTS, Parameters, Secrets, certificates};
use crate::export::{format, halves, ssh_url};
use crate::key::{PublicHalf, PublicKey, SshAddress};
use crate::record::{Exported, Record};
use crate::store::{Entry, Stores};
use crate::text::sanitise;

pub fn export(out: &Out, paths: &Paths, flags: &ExportFlags) -> Result<(), Refusal> {
    let format = format(&flags.consumer).ok_or_else(unknown)?;
    let config = manage::config(paths)?;
    let connection = manage::named(&config, paths, &flags.name)?;
    manage::tell_exposed(out, paths, [connection]);
    let output = flags.output.as_deref().filter(|path| *path != Path::new("-"));
    if flags.with_secret && output.is_none() && !is_pipe() {
        return Err(Refusal::usage(
            "A document with the secret goes to a file that only you can read, or to a program.",
            "Give --output FILE, or pipe the output into the program that takes it.",
        ));
    }
    let parameters = parameters(connection, format, &flags.set)?;
    let files = Files::read(connection, format, &parameters, paths)?;
    let user = connection.token.as_ref().map(|token| git_user(connection, token));
    let case = Case {
        connection,
        connections: config.connections(),
        exported: &exported(config.connections(), paths),
        user: user.as_deref().unwrap_or("git"),
        ends: match Standing::of(connection, &config, paths).ends() {
            Ends::At(at) => Some(at),
            Ends::Never | Ends::NotKnown | Ends::NoToken => None,
        },
        ca: files.ca.as_deref(),
        client_cert: files.client.as_ref().map(|(certificate, _)| certificate.as_str()),
        public_key: files.public_key.as_deref(),
        known_hosts: files.known_hosts.as_deref(),
        parameters: &parameters,
        now: Timestamp::now(),
    };
    let mut document = Document::write(format, &case).map_err(|reason| {
        let message = format!("The format {} cannot carry the connection {}: {reason}.", format.name, connection.name);
        Refusal::usage(message, "")
    })?;
    if let Some(key) = parameters.without_effect().next() {
        let message = format!(
            "The parameter {key} has no effect on what the format {} says of {}.",
            format.name, connection.name
        );
        return Err(Refusal::usage(message, with_effect(format, &parameters)));
    }
    if !flags.with_secret && (document.takes_token() || document.takes_private_key()) {
        document.notes.push("The secret is not in it: with --with-secret it is, for --output FILE or a pipe.".into());
    }
    let secrets = flags.with_secret.then(|| secrets(connection, &document)).transpose()?;
    let secrets = secrets.map(|secrets| Secrets { client_key: files.client_key(&document), ..secrets });
    document.notes.extend(files.note.clone());
    let text = document.render(secrets.as_ref());
    deliver(out, flags, output, &document, &text)?;
    if out.is_lost() {
        return Ok(());
    }
    Record::change(paths, &connection.id, |record| {
        record.exports.retain(|exported| exported.format != format.name);
        let at = case.now.strftime("%Y-%m-%d").to_string();
        record.exports.push(Exported { format: format.name.to_owned(), at, stale: false });
    });
    for note in &document.notes {
        out.say(&sanitise(note, 2000));
    }
    Ok(())
}

fn unknown() -> Refusal {
    let formats: Vec<_> = FORMATS.iter().map(|format| format!("\n  {:16}{}", format.name, format.about)).collect();
    Refusal::usage("There is no such format.", format!("Give one of these with --for:{}", formats.concat()))
}

/// The hand-over of the connection, where it is to the platform of this format, and over it what the command line sets.
fn parameters(connection: &Connection, format: &Format, set: &[String]) -> Result<Parameters, Refusal> {
    let is_own = format.platform == Some(connection.platform.as_str());
    let answered = if is_own { connection.handover.clone() } else { BTreeMap::new() };
    let mut parameters = Parameters::of_the_hand_over(answered);
    for pair in set {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(Refusal::usage("--set wants key=value.", known(format)));
        };
        if !format.parameters.iter().any(|(name, _)| *name == key) {
            let message = format!("The format {} has no parameter {}", format.name, sanitise(key, 60));
            return Err(Refusal::usage(message, known(format)));
        }
        if value.chars().any(char::is_control) {
            return Err(Refusal::usage(format!("The value of {key} has a control character."), ""));
        }
        if value.trim().is_empty() {
            let remedy = format!("Give it one, or leave --set {key}= out.");
            return Err(Refusal::usage(format!("The value of {key} is empty."), remedy));
        }
        parameters.set(key, value);
    }
    Ok(parameters)
}

fn known(format: &Format) -> String {
    match rows(format, |_| true).as_str() {
        "" => format!("{} takes none.", format.name),
        rows => format!("{} takes:{rows}", format.name),
    }
}

/// The parameters that the document was written by.
fn with_effect(format: &Format, parameters: &Parameters) -> String {
    match rows(format, |key| parameters.has_effect(key)).as_str() {
        "" => "No parameter has one here.".to_owned(),
        rows => format!("These have one here:{rows}"),
    }
}

fn rows(format: &Format, which: impl Fn(&str) -> bool) -> String {
    let rows = format.parameters.iter().filter(|(key, _)| which(key));
    rows.fold(String::new(), |text, (key, about)| format!("{text}\n  {key:14}{about}"))
}

/// What was exported before, of any of these.
fn exported(connections: &[Connection], paths: &Paths) -> BTreeSet<(String, String)> {
    let of_one = |one: &Connection| {
        let exports = Record::load(paths, &one.id).exports;
        exports.into_iter().map(|exported| (one.id.clone(), exported.format)).collect::<Vec<_>>()
    };
    connections.iter().flat_map(of_one).collect()
}

/// What goes into a document of the files of a connection; of it the key of the client certificate is a secret. A file may
/// hold more than it is named for, so each is read for what it is, and only that is written anew.
struct Files {
    ca: Option<String>,
    /// The client certificate, and its key.
    client: Option<(String, Zeroizing<String>)>,
    public_key: Option<String>,
    known_hosts: Option<String>,
    /// What was left out.
    note: Option<String>,
}

impl Files {
    fn read(connection: &Connection, format: &Format, parameters: &Parameters, paths: &Paths) -> Result<Self, Refusal> {
        let (site, ssh) = (&connection.site, connection.ssh.as_ref().filter(|_| format.carries_files));
        let given = parameters.value(KNOWN_HOSTS).map(|path| host_keys(Path::new(path))).transpose()?;
        let (known_hosts, note) = match given {
            Some((lines, note)) => (Some(lines), note),
            None => (known_hosts(connection, paths)?, None),
        };
        Ok(Self {
            ca: site.ca_file.as_deref().filter(|_| format.carries_files).map(authorities).transpose()?,
            // Who has no place for it says so, whatever is in the file.
            client: client(
                site.client_cert.as_deref().filter(|_| connection.token.is_some() && format.carries_client),
            )?,
            public_key: ssh.map(|ssh| public_key(&ssh.public_key)).transpose()?,
            known_hosts,
            note,
        })
    }

    /// The key of the client certificate, where the document takes it.
    fn client_key(&self, document: &Document) -> Option<Zeroizing<String>> {
        self.client.as_ref().filter(|_| document.takes_client_key()).map(|(_, key)| key.clone())
    }
}

/// The file at `path` is not what it is named as.
fn not_that(path: &Path, reason: &str, remedy: &str) -> Refusal {
    Refusal::storage(format!("{} {reason}.", sanitise(&path.display().to_string(), 300)), remedy)
}

/// The certificate that the host asks for, and its key.
fn client(path: Option<&Path>) -> Result<Option<(String, Zeroizing<String>)>, Refusal> {
    let Some(path) = path else { return Ok(None) };
    let remedy = "Name a PEM file that holds both as `client_cert`: git-access setup edits the connection.";
    halves(&contents(path)?).map(Some).map_err(|reason| not_that(path, reason, remedy))
}

/// The certificates of the file that says which servers are the right ones.
fn authorities(path: &Path) -> Result<String, Refusal> {
    disk::trusted(path)?;
    let remedy =
        "Name a PEM file with the certificates of the authorities as `ca_file`: git-access setup edits the connection.";
    certificates(&contents(path)?).map_err(|reason| not_that(path, reason, remedy))
}

/// The public half as one line.
fn public_key(half: &PublicHalf) -> Result<String, Refusal> {
    let path = match half {
        PublicHalf::Line(key) => return Ok(key.to_string()),
        PublicHalf::File(path) => path,
    };
    let remedy = "Name the file of the public half as `ssh.public_key`: git-access setup edits the connection.";
    let refused = |reason| not_that(path, &format!("cannot be taken as the public key: {reason}"), remedy);
    PublicKey::parse(&contents(path)?).map(|key| key.to_string()).map_err(refused)
}

/// The keys of hosts in the file that the command line names, and what to say of its other lines.
fn host_keys(path: &Path) -> Result<(String, Option<String>), Refusal> {
    let (lines, others) = crate::ssh::host_keys(&contents(path)?);
    if lines.is_empty() {
        let remedy = "Give a file with a line for each key, such as ssh-keyscan writes it.";
        return Err(not_that(path, "has no SSH key of a host in it", remedy));
    }
    let note = format!("{} has lines that are not the SSH key of a host, which were left out.", path.display());
    Ok((lines, (others > 0).then_some(note)))
}

/// The keys of the host of the connection: those that are pinned, and those that its user has vouched for.
fn known_hosts(connection: &Connection, paths: &Paths) -> Result<Option<String>, Refusal> {
    let Some(address) = ssh_url(connection).and_then(|url| SshAddress::parse(&url).ok()) else { return Ok(None) };
    let vouched = disk::read_trusted(&paths.config_dir.join(crate::key::KNOWN_HOSTS))?;
    let vouched = vouched.as_ref().map(|text| text.as_str()).unwrap_or_default();
    let lines = crate::ssh::known_hosts(&address.known_as(), vouched).unwrap_or_default();
    Ok(Some(crate::ssh::host_keys(&lines).0).filter(|lines| !lines.is_empty()))
}

fn contents(path: &Path) -> Result<Zeroizing<String>, Refusal> {
    let missing =
        || Refusal::storage(format!("{} is not there.", path.display()), "Put it back, or edit the connection.");
    disk::read(path)?.ok_or_else(missing)
}

/// What the document takes, and no more.
fn secrets(connection: &Connection, document: &Document) -> Result<Secrets, Refusal> {
    let mut secrets = Secrets::default();
    if let Some(token) = connection.token.as_ref().filter(|_| document.takes_token()) {
        let entry = Entry { id: connection.id.clone(), generation: token.generation };
        secrets.token = Some(wait(Stores::of_the_system().read(&token.store, &entry))??);
    }
    if document.takes_private_key() {
        let path = connection.ssh.as_ref().and_then(|ssh| ssh.private_key.as_deref());
        secrets.private_key = path.map(contents).transpose()?;
    }
    Ok(secrets)
}

fn deliver(
    out: &Out,
    flags: &ExportFlags,
    output: Option<&Path>,
    document: &Document,
    text: &Zeroizing<String>,
) -> Result<(), Refusal> {
    if let Some(path) = output {
        disk::replace(path, text)?;
        out.say(&format!("Written to {}", path.display()));
        if out.is_json() {
            let path = path.display().to_string();
            out.json(&json!({ "version": 1, "connection": flags.name, "for": flags.consumer, "output": path, "notes": document.notes }));
        }
        return Ok(());
    }
    // Straight to stdout: a document with the secret must not pass what hides secrets.
    let written = if out.is_json() {
        let json = json!({ "version": 1, "connection": flags.name, "for": flags.consumer, "document": text.as_str(), "notes": document.notes });
        Zeroizing::new(format!("{json:#}\n"))
    } else {
        text.clone()
    };
    out.bare(written.as_bytes());
    Ok(())
}

/// Whether stdout goes to another program: a terminal shows it to whoever looks, and a file is readable by others.
pub(super) fn is_pipe() -> bool {
    if std::io::stdout().is_terminal() {
        return false;
    }
    #[cfg(unix)]
    {
        use rustix::fs::{FileType, fstat};
        fstat(std::io::stdout())
            .is_ok_and(|stat| matches!(FileType::from_raw_mode(stat.st_mode), FileType::Fifo | FileType::Socket))
    }
    #[cfg(not(unix))]
    true
}
