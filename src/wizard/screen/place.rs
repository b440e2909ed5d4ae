//! Owner, project and repository: as text, or from what the token can see.

use std::sync::Arc;

use super::{Ask, Choice, Control, Note, NoteKind, Screen};
use crate::answers::{Contents, Field};
use crate::fact::{Credential, OwnerPath, Query, Site, Visibility};
use crate::platform::{Platform, RepositoryRule};
use crate::provider::{Projects, Rules};
use crate::wizard::{Step, Wizard};

pub(super) fn place(wizard: &Wizard) -> Screen {
    let mut screen = Screen {
        step: Step::Place,
        title: "Whose repositories?".into(),
        lead: vec!["Write the owner, or leave it empty: then you choose from what your token can see.".into()],
        asks: vec![owner(wizard)],
        notes: Vec::new(),
    };
    screen.asks.extend(project(wizard));
    let platform = wizard.platform();
    if let Some(site) = wizard.answers().site() {
        let rules = site.provider.rules();
        if platform.is_some_and(|one| one.owner_kind == Some(crate::fact::OwnerKind::Organisation)) {
            let text = format!(
                "{} works with an organisation, not with the account of a person.",
                platform.map(|one| one.title.as_str()).unwrap_or_default()
            );
            screen.notes.push(Note::new(NoteKind::Advice, text, None));
        }
        screen.notes.push(Note::new(NoteKind::Link, "There is none yet? Make one:", Some(rules.new_owner_page(&site))));
        if let (Projects::Required, Some(owner)) = (rules.projects(), wizard.answers().owner()) {
            let text = "A new project brings an empty repository of its own name:";
            let page = rules.new_project_page(&site, &owner.owner);
            screen.notes.push(Note::new(NoteKind::Link, text, Some(page)));
        }
    }
    screen
}

fn owner(wizard: &Wizard) -> Ask {
    let help = "As it stands in the address of its page. A pasted web or clone address fills this and more.";
    Ask::new(Field::Owner, "Owner", help, live(wizard, |site, with| Some(Query::Owners(site, with))))
}

fn project(wizard: &Wizard) -> Option<Ask> {
    let projects = wizard.answers().provider()?.rules().projects();
    let help = match projects {
        Projects::None => return None,
        Projects::Required => "The project that holds the repository.",
        Projects::Optional => {
            "The key of the project in which a new repository is made; left out, the oldest is taken."
        }
    };
    // Where a repository is always in a project, the owner's repositories are asked for without one: they are its projects.
    let lists = projects == Projects::Required;
    let owner = wizard.answers().owner().filter(|_| lists).map(|owner| OwnerPath { project: None, ..owner });
    let list = live(wizard, |site, with| Some(Query::Repositories(site, with, owner?)));
    Some(Ask::new(Field::Project, "Project", help, list))
}

/// A live list where a token can look, else a text.
fn live(wizard: &Wizard, query: impl FnOnce(Arc<Site>, Arc<Credential>) -> Option<Query>) -> Control {
    let with = wizard.answers().site().zip(wizard.credential());
    with.and_then(|(site, credential)| query(site, credential))
        .map_or(Control::Text, |query| Control::Live(Box::new(query)))
}

pub(super) fn repository(wizard: &Wizard) -> Screen {
    let rule = wizard.platform().map_or(RepositoryRule::Optional, |platform| platform.repository);
    let title = wizard.platform().map(|platform| platform.title.clone()).unwrap_or_default();
    let mut lead = Vec::new();
    let mut screen = Screen {
        step: Step::Repository,
        title: "Which repository?".into(),
        lead: Vec::new(),
        asks: Vec::new(),
        notes: Vec::new(),
    };
    match rule {
        RepositoryRule::Refused => return screen,
        RepositoryRule::Required => lead.push(format!("{title} keeps its files in one repository.")),
        RepositoryRule::Optional if wizard.platform().is_none_or(Platform::is_own_use) => {
            lead.push("It can be left out: leave the name empty then.".to_owned());
        }
        RepositoryRule::Optional => lead.push(format!("{title} can do without one: leave the name empty then.")),
    }
    screen.asks.push(name(wizard));
    let answers = wizard.answers();
    if answers.has(&Field::Repository) {
        let create = Ask::new(
            Field::RepositoryCreate,
            "Create it",
            "Whether to make it if it is not there. One that is there is used as it is.",
            Control::Flag,
        );
        screen.asks.push(create.default("no"));
        if answers.creates() {
            screen.asks.extend(of_a_new_one(wizard));
        }
        let help = "The branch that the platform reads. Left out, the repository's own.";
        screen.asks.push(Ask::text(Field::Branch, "Branch", help).advanced());
        if let (false, Some(site), Some(owner)) = (answers.creates(), answers.site(), answers.owner()) {
            let page = site.provider.rules().new_repository_page(&site, &owner.owner);
            let text = if wizard.platform().is_some_and(|platform| platform.wants_empty) {
                "You would rather make it by hand? Add no README, no licence and no .gitignore: it has to stay empty."
            } else {
                "You would rather make it by hand?"
            };
            screen.notes.push(Note::new(NoteKind::Link, text, Some(page)));
        }
    }
    if wizard.platform().is_some_and(|platform| platform.wants_empty) {
        lead.push("It has to be empty: without any commit.".into());
    }
    screen.lead = lead;
    screen
}

fn name(wizard: &Wizard) -> Ask {
    let owner = wizard.answers().owner();
    let list = live(wizard, |site, with| Some(Query::Repositories(site, with, owner?)));
    let help = "Its name, without the owner. A pasted web or clone address does as well.";
    Ask::new(Field::Repository, "Repository", help, list)
}

fn of_a_new_one(wizard: &Wizard) -> Vec<Ask> {
    let rules = wizard.answers().provider().map(crate::provider::Provider::rules);
    let visibilities = rules.map(Rules::visibilities).unwrap_or_default();
    let rows = visibilities.iter().map(|visibility| {
        let note = match visibility {
            Visibility::Private => "only those whom you let in",
            Visibility::Internal => "everybody who has an account there",
            Visibility::Public => "everybody",
        };
        Choice::new(visibility.name(), visibility.name(), note)
    });
    let visibility = Ask::new(Field::Visibility, "Visible to", "Who may read it.", Control::Choice(rows.collect()));
    let mut asks = vec![visibility.default(Visibility::Private.name())];
    if !wizard.platform().is_some_and(|platform| platform.wants_empty) {
        let rows = vec![
            Choice::new(Contents::Empty.name(), "empty", "no commit"),
            Choice::new(Contents::Readme.name(), "a README", "one first commit, so that it can be cloned at once"),
        ];
        let contents = Ask::new(Field::Contents, "Begins with", "What is in it at first.", Control::Choice(rows));
        asks.push(contents.default(Contents::Empty.name()));
    }
    asks
}

/// What was left open before there was a token.
pub(super) fn open(wizard: &Wizard) -> Screen {
    let answers = wizard.answers();
    let mut screen = Screen {
        step: Step::Open,
        title: "What your token can see".into(),
        lead: vec!["Choose what was left open.".into()],
        asks: Vec::new(),
        notes: Vec::new(),
    };
    // A choice that is made here stays on the page, so that it can be changed.
    let visited = wizard.reached >= Step::Open;
    let left = |field: &Field| !answers.has(field) || (visited && wizard.left_open.contains(field));
    if left(&Field::Owner) {
        screen.asks.push(owner(wizard));
    }
    let projects = answers.provider().map(|provider| provider.rules().projects());
    if projects == Some(Projects::Required) && left(&Field::Project) {
        screen.asks.extend(project(wizard));
    }
    let rule = wizard.platform().map(|platform| platform.repository);
    let wants = rule == Some(RepositoryRule::Required) && left(&Field::Repository);
    let may = rule == Some(RepositoryRule::Optional) && left(&Field::Owner) && left(&Field::Repository);
    if (wants || may) && answers.has(&Field::Owner) {
        screen.asks.push(name(wizard));
    }
    screen
}
