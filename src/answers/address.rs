//! An address that was given where a name is asked: it answers other fields as well.
//!
//! The repository, the owner and the host may each be given as the address of a page or of a clone. What it names is
//! filled in where nothing else was answered, and must agree with what was. A host that nobody knows is read by the
//! rules of the provider that was answered; without one, only what every provider would read in the same way is taken.

use super::field::{Answer, Field};
use super::{Answers, Problem};
use crate::provider::{Address, Host, Located, Provider};

/// The fields that an address may stand in.
const GIVEN_IN: [Field; 3] = [Field::Repository, Field::Owner, Field::Host];

/// What the address in `field` answers, in the light of the other `answers`.
///
/// # Errors
/// Why it is no address, names nothing, or names what its provider would not accept. The text is never repeated.
pub fn located(text: &str, field: &Field, answers: &Answers) -> Result<Vec<(Field, Answer)>, String> {
    let address = Address::parse(text).map_err(|reason| reason.to_string())?;
    let web = address.web_host().map_err(|reason| reason.to_string())?;
    let answered = answers.address(&Field::Host).filter(|_| *field != Field::Host);
    let same = answered.filter(|host| is_same_name(host, &address));
    // The provider of the host that was answered; or the one whose public service this is; or the answered one.
    let provider = match (address.provider(), answers.provider()) {
        (Some(public), Some(chosen)) if public != chosen => {
            return Err(format!("the address belongs to {public}, and the provider is {chosen}: keep one of them"));
        }
        (public, chosen) => public.or(chosen),
    };
    let Some(provider) = provider else { return Ok(certain(&address, web, field)) };
    let length = address.segments.len();
    let address = below(address, same);
    let is_below = address.segments.len() < length;
    let found = whole_owner(&address, field, provider).or_else(|| provider.rules().locate(&address));
    let Some(found) = found else {
        return Err(format!(
            "the address names no owner or repository of {provider}: copy the one that its clone button shows"
        ));
    };
    // Below the path of the answered host there is no other host to be found.
    let found = Located { host: found.host.filter(|_| !is_below), ..found };
    named(provider, found, same.cloned().unwrap_or(web))
}

/// What every provider reads in the same way: the host, and owner and repository where nothing else stands in the path.
fn certain(address: &Address, web: Host, field: &Field) -> Vec<(Field, Answer)> {
    let mut found = vec![(Field::Host, Answer::Host(web))];
    if let ([owner, name], true) = (address.segments.as_slice(), *field == Field::Repository)
        && let Some(name) = name.strip_suffix(".git")
    {
        found.push((Field::Owner, Answer::Text(owner.clone())));
        found.push((Field::Repository, Answer::Text(name.to_owned())));
    }
    found
}

/// The address as it is below the path of the host that was answered.
fn below(mut address: Address, host: Option<&Host>) -> Address {
    let root: Vec<&str> =
        host.map(|host| host.path().split('/').filter(|part| !part.is_empty()).collect()).unwrap_or_default();
    if address.scheme != "ssh" && address.segments.iter().map(String::as_str).take(root.len()).eq(root.iter().copied())
    {
        address.segments.drain(..root.len());
    }
    address
}

/// The whole path as an owner, where an owner was asked for: a group of GitLab may be as deep as a project.
fn whole_owner(address: &Address, field: &Field, provider: Provider) -> Option<Located> {
    if *field != Field::Owner || address.segments.is_empty() {
        return None;
    }
    let owner = provider.rules().owner_name(&address.segments.join("/")).ok()?;
    // A public host with a name of its own for git (ssh.github.com) is told by the rules.
    let host = provider.rules().locate(address).and_then(|found| found.host);
    Some(Located { host, owner, project: None, repository: None })
}

fn named(provider: Provider, found: Located, web: Host) -> Result<Vec<(Field, Answer)>, String> {
    let rules = provider.rules();
    let mut answers = vec![
        (Field::Provider, Answer::Provider(provider)),
        (Field::Host, Answer::Host(found.host.unwrap_or(web))),
        (Field::Owner, Answer::Text(rules.owner_name(&found.owner)?)),
    ];
    answers.extend(found.project.map(|project| (Field::Project, Answer::Text(project))));
    if let Some(name) = found.repository {
        answers.push((Field::Repository, Answer::Text(rules.repository_name(&name)?)));
    }
    Ok(answers)
}

fn is_same_name(host: &Host, address: &Address) -> bool {
    let ports = address.scheme == "ssh" || address.web_host().is_ok_and(|web| web.origin() == host.origin());
    ports && host.origin().name().eq_ignore_ascii_case(address.host.trim_matches(['[', ']']))
}

impl Answers {
    /// Takes over what the addresses among the answers name. Gives sentences about what was filled in. An address that
    /// cannot be used stays where it is, and [`Answers::problems`] tells why.
    pub fn take_addresses(&mut self) -> Vec<String> {
        let mut notes = Vec::new();
        for field in GIVEN_IN {
            let Some(found) = self.address_in(&field).and_then(|text| self.agreeing(&text, &field).ok()) else {
                continue;
            };
            if found.iter().any(|(of, _)| *of == field) {
                self.given.remove(&field);
            }
            self.fill(&field, found, &mut notes);
        }
        notes
    }

    fn fill(&mut self, from: &Field, found: Vec<(Field, Answer)>, notes: &mut Vec<String>) {
        let mut filled = Vec::new();
        for (field, answer) in found {
            if let std::collections::btree_map::Entry::Vacant(open) = self.given.entry(field.clone()) {
                filled.push(format!("{} {}", field.key().replace("repository.name", "repository"), answer.shown()));
                // Not by `set`: the token was answered together with the address, and belongs to it.
                open.insert(answer);
            }
        }
        if !filled.is_empty() {
            let from = from.key().replace("repository.name", "repository");
            notes.push(format!("The address given as {from} says: {}.", filled.join(", ")));
        }
    }

    /// The text in `field`, where it is meant as an address.
    fn address_in(&self, field: &Field) -> Option<String> {
        if let Answer::Host(host) = self.given.get(field)? {
            // The path of anybody's own server may be the place below which it lives.
            let text = (!host.path().is_empty()).then(|| host.to_string())?;
            return Address::parse(&text).is_ok_and(|address| address.provider().is_some()).then_some(text);
        }
        self.text(field).filter(|text| Address::is_meant(text)).map(str::to_owned)
    }

    /// What the address says, as long as it agrees with what was answered.
    fn agreeing(&self, text: &str, field: &Field) -> Result<Vec<(Field, Answer)>, String> {
        let found = located(text, field, self)?;
        for (other, answer) in found.iter().filter(|(other, _)| other != field) {
            // An owner that is an address itself is set against this one when its turn comes.
            let is_address = self.text(other).is_some_and(Address::is_meant);
            if !is_address && self.given.get(other).is_some_and(|given| !agree(given, answer)) {
                let what = other.key();
                return Err(format!(
                    "the address names another {what} than the other answers do: make them agree, or leave one out"
                ));
            }
        }
        Ok(found)
    }

    /// Whether an address stands where a name is asked, since it could not be used.
    pub(super) fn is_address(&self, field: &Field) -> bool {
        GIVEN_IN.contains(field) && self.address_in(field).is_some()
    }

    /// Why the addresses that are still there were not used.
    pub(super) fn address_problems(&self) -> Vec<Problem> {
        let told = |field: &Field| {
            let text = self.address_in(field)?;
            let message = match self.agreeing(&text, field) {
                Err(reason) => reason,
                // That the provider is missing is told by itself.
                Ok(_) if self.provider().is_none() => return None,
                Ok(_) => format!("the address names no {}: write its name", field.key().trim_end_matches(".name")),
            };
            Some(Problem { field: field.clone(), message })
        };
        GIVEN_IN.iter().filter_map(told).collect()
    }
}

/// Whether both say the same; forges do not tell names apart by case.
fn agree(given: &Answer, found: &Answer) -> bool {
    match (given, found) {
        (Answer::Text(given), Answer::Text(found)) => given.eq_ignore_ascii_case(found),
        _ => given == found,
    }
}

impl Answer {
    /// As it is told on a line; only what an address can name.
    fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Provider(provider) => provider.id().to_owned(),
            Self::Host(host) => host.to_string(),
            _ => String::new(),
        }
    }
}
