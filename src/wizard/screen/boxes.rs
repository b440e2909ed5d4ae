//! What to tick on the provider's form for tokens: for the platform, and apart from it for this program itself.

use std::collections::BTreeSet;

use crate::answers::KeyScope;
use crate::platform::{Condition, Level};
use crate::provider::{Link, TokenKind};
use crate::wizard::Wizard;

/// The form for a token of this kind, and its boxes.
#[derive(Clone, Debug)]
pub struct Boxes {
    /// The form, with all of these ticked where the provider can.
    pub page: Link,
    /// Who may make such a token, which plan it takes, how far it reaches: sentences.
    pub advice: &'static str,
    /// Whether the form lets one choose the day on which it ends.
    pub can_expire: bool,
    /// For the platform.
    pub needed: Vec<Tick>,
    /// For this program alone: to look, to create, to register.
    pub own: Vec<Tick>,
}

/// A box.
#[derive(Clone, Debug)]
pub struct Tick {
    /// Its name there.
    pub scope: String,
    /// What the form calls it, where that is something else.
    pub title: String,
    pub level: Level,
    /// Why, and under which condition: sentences.
    pub reason: String,
}

impl Wizard {
    /// What to tick; `None` before platform and server are known, and where no token serves.
    pub fn boxes(&self) -> Option<Boxes> {
        let (answers, platform) = (self.answers(), self.platform()?);
        let site = answers.site()?;
        let rules = site.provider.rules();
        let mut kinds = rules.kinds().iter();
        let registers = answers.has_ssh();
        let serves = |kind| registers || platform.refuses(site.provider, kind).is_none();
        let kind = answers.token_kind().or_else(|| kinds.find(|row| serves(row.kind)).map(|row| row.kind))?;
        let row = rules.kinds().iter().find(|row| row.kind == kind)?;
        let needs = if registers { Vec::new() } else { platform.needs(site.provider, kind, None) };
        let needed: Vec<Tick> = needs
            .iter()
            .map(|need| Tick {
                scope: need.scope.clone(),
                title: rules.scope_title(&need.scope),
                level: need.level,
                reason: match need.when.filter(|_| platform.owner_kind.is_none()) {
                    Some(Condition::Organisation) => {
                        format!("{} (Only where the owner is an organisation.)", need.reason)
                    }
                    Some(Condition::User) => format!("{} (Only where the owner is a user.)", need.reason),
                    None => need.reason.clone(),
                },
            })
            .collect();
        let own = self.own_boxes(kind, &needed);
        let scopes: Vec<&str> = needed.iter().chain(&own).map(|tick| tick.scope.as_str()).collect();
        let owner = answers.owner();
        let owner = owner.as_ref().map(|path| path.owner.as_str());
        let page = rules.token_page(&site, kind, &scopes, owner, platform.token_name());
        Some(Boxes { page, advice: row.advice, can_expire: row.can_expire, needed, own })
    }

    /// What this program does itself and the boxes of the platform do not cover.
    fn own_boxes(&self, kind: TokenKind, needed: &[Tick]) -> Vec<Tick> {
        let answers = self.answers();
        let Some(rules) = answers.provider().map(crate::provider::Provider::rules) else { return Vec::new() };
        let mut wanted: Vec<(&'static str, &str)> = Vec::new();
        let looks = "It sees whose token it is, and the owner.";
        wanted.extend(rules.wizard_scopes(kind, false).into_iter().map(|scope| (scope, looks)));
        if answers.creates() {
            let creates = "It creates the repository.";
            let scopes = rules.wizard_scopes(kind, true).into_iter().chain(rules.creation_scopes(kind, None));
            wanted.extend(scopes.map(|scope| (scope, creates)));
        }
        if answers.has_ssh() {
            let scopes = rules.registration_scopes(kind, answers.key_scope() == KeyScope::Account);
            wanted.extend(scopes.into_iter().map(|scope| (scope, "It registers the SSH key.")));
        }
        let mut held: BTreeSet<String> = rules.closure(&needed.iter().map(|tick| tick.scope.clone()).collect());
        let mut own = Vec::new();
        // What changes something first: it may give what only looks as well.
        wanted.reverse();
        for (scope, reason) in wanted {
            if held.contains(scope) {
                continue;
            }
            held.extend(rules.closure(&[scope.to_owned()].into()));
            let title = rules.scope_title(scope);
            own.push(Tick { scope: scope.to_owned(), title, level: Level::Required, reason: reason.to_owned() });
        }
        own.reverse();
        own
    }
}
