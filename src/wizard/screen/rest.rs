//! Checks, store, review, apply and done.

use super::{Ask, Choice, Control, Note, NoteKind, Screen};
use crate::answers::Field;
use crate::fact::Source;
use crate::platform::Platform;
use crate::secret::Store;
use crate::wizard::{Step, Wizard};

pub(super) fn checks(wizard: &Wizard) -> Screen {
    let what = match wizard.platform().filter(|platform| !platform.is_own_use()) {
        Some(platform) => format!("Everything that {} will do is looked at now.", platform.title),
        None => "What this access opens is looked at now.".to_owned(),
    };
    Screen {
        step: Step::Checks,
        title: "Does it work?".into(),
        lead: vec![format!("{what} Nothing is changed.")],
        asks: Vec::new(),
        notes: Vec::new(),
    }
}

pub(super) fn store(wizard: &Wizard) -> Screen {
    let answers = wizard.answers();
    let mut rows = vec![
        Choice::new("keyring", "keyring", "of the operating system")
            .detail("Encrypted, and opened with your session. Nothing stands in a file in clear text."),
        Choice::new("git-credential", "git's helpers", "what git is configured to use")
            .detail("As safe as the credential helper that you have configured for git."),
        Choice::new("file", "file", "clear text, for you alone (0600)").detail(
            "In clear text: whoever reads your files or their backup has the token. For machines without a keyring.",
        ),
    ];
    let kept = wizard.held().and_then(|held| held.token.as_ref()).map(|token| &token.store);
    let source = answers.source().or_else(|| match kept {
        Some(Store::Env(name)) => Some(Source::Env(name.clone())),
        Some(Store::Command(argv)) => Some(Source::Command(argv.clone())),
        _ => None,
    });
    match source {
        Some(Source::Env(name)) => rows.insert(
            0,
            Choice::new("env", "variable", format!("only the name {name} is kept"))
                .detail("Nothing is stored: the variable has to hold the token whenever it is needed."),
        ),
        Some(Source::Command(_)) => rows.insert(
            0,
            Choice::new("command", "program", "only the command is kept")
                .detail("Nothing is stored: the program is run whenever the token is needed."),
        ),
        _ => {}
    }
    let default = answers.default_store().kind().to_owned();
    let help = "Where the token is kept between two runs. The config says where that is, and never holds the token.";
    let mut asks = vec![Ask::new(Field::StoreKind, "Kept in", help, Control::Choice(rows)).default(default)];
    if matches!(answers.store(), Store::File(_)) {
        let help = "The file that will hold the token. Its folder has to be yours.";
        asks.push(Ask::text(Field::StorePath, "Path", help));
    }
    Screen {
        step: Step::Store,
        title: "Where is the token kept?".into(),
        lead: vec!["It is tried before anything is changed, and read back afterwards.".into()],
        asks,
        notes: Vec::new(),
    }
}

pub(super) fn review(wizard: &Wizard) -> Screen {
    let mut asks = Vec::new();
    if wizard.held().is_none() {
        let name = Ask::text(Field::Name, "Name", "The name of this connection, for the commands that come later.");
        let default = wizard.free_name();
        asks.push(Ask { default, ..name });
    }
    for parameter in wizard.platform().map(|one| one.handover.parameters.as_slice()).unwrap_or_default() {
        let field = Field::Handover(parameter.key.clone());
        asks.push(Ask::text(field, &parameter.key, &parameter.doc));
    }
    let lead = if wizard.settings().dry_run {
        "This is a dry run: nothing will be changed."
    } else {
        "Nothing has been changed yet. Look at everything once more, and apply it."
    };
    let (title, lead) = ("Is everything right?".into(), vec![lead.to_owned()]);
    let notes = wizard.comparison().into_iter().map(|text| Note::new(NoteKind::Advice, text, None)).collect();
    Screen { step: Step::Review, title, lead, asks, notes }
}

pub(super) fn apply(wizard: &Wizard) -> Screen {
    let stopped = wizard.applied().any(|(_, outcome)| outcome.is_err());
    let lead = if stopped { "It was stopped at the first refusal." } else { "One after the other." };
    let (title, lead) = ("Setting up".into(), vec![lead.to_owned()]);
    Screen { step: Step::Apply, title, lead, asks: Vec::new(), notes: Vec::new() }
}

pub(super) fn done(wizard: &Wizard) -> Screen {
    let platform = wizard.platform();
    let who = |platform: &Platform| format!("Who may do that: {}", begun_small(&platform.who));
    let mut lead = match platform {
        _ if !wizard.is_saved() => vec!["The checks were made. Nothing was changed.".to_owned()],
        Some(platform) if !platform.is_own_use() && wizard.is_rotation() => {
            vec![format!("Replaced. Next: enter the new token in {}.", platform.title), who(platform)]
        }
        Some(platform) if !platform.is_own_use() => {
            vec![format!("Saved. Next: enter this in {}.", platform.title), who(platform)]
        }
        _ => vec!["Saved.".to_owned()],
    };
    let mut notes = Vec::new();
    if let Some(connection) = wizard.connection().filter(|_| wizard.is_saved()) {
        let name = &connection.name;
        if wizard.is_rotation()
            && !wizard.is_the_same_token()
            && !wizard.old_is_over()
            && wizard.took_the_old() != Some(false)
        {
            let (site, rules) = (&connection.site, connection.site.provider.rules());
            let (text, page) = match wizard.old_key() {
                Some((lock, _)) => ("Then remove the old key, which is still let in:", rules.key_page(site, &lock)),
                None => ("Then revoke the old token, which still works:", rules.tokens_page(site, wizard.token_kind())),
            };
            notes.push(Note::new(NoteKind::Link, text, Some(page)));
        }
        if !wizard.is_played() {
            notes.push(Note::new(NoteKind::Advice, format!("Before it ends: git access rotate {name}"), None));
            notes.push(Note::new(NoteKind::Advice, format!("To look at it again: git access check {name}"), None));
            notes.push(Note::new(NoteKind::Advice, "To let git use it: git access setup-git", None));
        }
    }
    if wizard.is_played() && wizard.is_saved() {
        let text = "This was a sandbox: it ends with this program, and the connection works no more then. One that stays \
                    as long as you let it run: git-access sandbox --data DIR";
        lead.push(text.into());
    }
    Screen { step: Step::Done, title: "Done".into(), lead, asks: Vec::new(), notes }
}

/// A sentence that goes on another one.
fn begun_small(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

impl Wizard {
    /// Where the secret will be kept, in words.
    pub fn rests(&self) -> String {
        if let Some(files) = self.answers().key_files().filter(|_| self.answers().has_ssh()) {
            return match files.private {
                Some(private) => format!("the file of the key, which stays where it is: {}", private.display()),
                None => "nowhere of ours: the platform has the private half of the key".to_owned(),
            };
        }
        match self.token().store {
            Store::Keyring => "the keyring of the operating system".to_owned(),
            Store::GitCredential => "git's own credential helper".to_owned(),
            Store::File(path) => format!("a file in clear text that only you can read: {}", path.display()),
            Store::Env(name) => format!("nowhere of ours; it is read from the variable {name} each time"),
            Store::Command(argv) => {
                let program = argv.first().cloned().unwrap_or_default();
                format!("nowhere of ours; {program} is asked for it each time")
            }
        }
    }
}
