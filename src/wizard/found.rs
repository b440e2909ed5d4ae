//! What lies around and could be an answer: offered where it belongs, never taken by itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::answers::{Answers, Field};
use crate::provider::{HOST_NAME, Host, Origin, Provider};

/// Something that lies around and could be the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub field: Field,
    /// The text that would be parsed as the answer. In a command [`HOST`] and [`HOST_NAME`] stand for the answered host.
    pub text: String,
    /// Where it was found: half a sentence.
    pub place: String,
    /// Where it is offered: everywhere, or only where these are answered.
    pub only: Option<Only>,
}

/// Stands for the address of the answered host.
pub const HOST: &str = "{host}";

/// What has to be answered for something found to be offered: a token is for its own host and no other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Only {
    pub provider: Option<Provider>,
    pub at: At,
    /// The id of a platform.
    pub platform: Option<String>,
}

/// The hosts at which something is offered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum At {
    #[default]
    All,
    /// The public ones of the provider.
    Public,
    /// Those that somebody runs for themselves.
    Own,
    This(Host),
    Origin(Origin),
    AllBut(Vec<Origin>),
}

/// What lies around when the wizard begins.
#[derive(Clone, Debug, Default)]
pub struct Nearby {
    pub found: Vec<Found>,
    /// The names of the saved connections.
    pub taken: BTreeSet<String>,
    /// The hosts of a sandbox that ends with this run: they stand in for whatever host would be answered. Empty where
    /// the run is about real ones.
    pub played: BTreeMap<Provider, Host>,
}

impl Only {
    /// For `provider`, wherever it is.
    pub fn of(provider: Provider) -> Self {
        Self { provider: Some(provider), ..Self::default() }
    }

    #[must_use]
    pub fn at(self, at: At) -> Self {
        Self { at, ..self }
    }
}

impl Found {
    /// It, as it is offered beside `answers`; `None` where it is for others.
    pub fn here(&self, answers: &Answers) -> Option<Self> {
        let Some(only) = &self.only else { return Some(self.clone()) };
        let site = answers.site();
        let host = site.as_ref().map(|site| &site.host);
        let at = |fits: &dyn Fn(&Host) -> bool| host.is_some_and(fits);
        let is_public = site.as_ref().map(|site| site.is_public());
        let fits = only.provider.is_none_or(|provider| answers.provider() == Some(provider))
            && only.platform.as_ref().is_none_or(|id| answers.platform() == Some(id))
            && match &only.at {
                At::All => true,
                At::Public => is_public == Some(true),
                At::Own => is_public == Some(false),
                At::This(this) => at(&|host| host == this),
                At::AllBut(others) => at(&|host| !others.contains(host.origin())),
                At::Origin(origin) => at(&|host| host.origin() == origin),
            };
        let text = if self.field == Field::TokenCommand { filled(&self.text, host)? } else { self.text.clone() };
        fits.then(|| Self { text, ..self.clone() })
    }
}

/// The command for `host`; `None` where it cannot name this one.
fn filled(command: &str, host: Option<&Host>) -> Option<String> {
    if ![HOST, HOST_NAME].iter().any(|mark| command.contains(mark)) {
        return Some(command.to_owned());
    }
    let host = host?;
    let origin = host.origin();
    let is_named = origin.is_secure() && origin.authority() == origin.name() && host.path().is_empty();
    if command.contains(HOST_NAME) && !is_named {
        return None;
    }
    Some(command.replace(HOST_NAME, origin.name()).replace(HOST, &host.to_string()))
}
