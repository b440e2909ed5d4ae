//! What is missing on a page, said at the question that it is for, as a sentence that names the thing.

use super::{Ask, Screen};
use crate::answers::{Field, Problem};
use crate::wizard::{Step, Wizard};

/// Puts a sentence beside each question that needs an answer and has none; what was told of it leaves `problems`.
pub(super) fn named(wizard: &Wizard, screen: &mut Screen, problems: &mut Vec<Problem>) {
    let answers = wizard.answers();
    let sourceless = |problem: &Problem| problem.field.is_token_source() && !answers.has(&problem.field);
    let mut needs_token = false;
    problems.retain(|problem| {
        needs_token |= sourceless(problem);
        !sourceless(problem)
    });
    for ask in &mut screen.asks {
        let of_token = ask.field.is_token_source();
        needs_token |= of_token && ask.problem.is_some() && ask.answered.is_none();
    }
    for ask in &mut screen.asks {
        if ask.answered.is_none() && (ask.problem.is_some() || (needs_token && ask.field.is_token_source())) {
            ask.problem = sentence(wizard, ask).or(ask.problem.take());
        }
    }
    // A store that needs a place asks for it below: it is missing there, and not at the kind.
    if screen.step == Step::Store
        && let Some(at) = screen.asks.iter().position(|ask| ask.field == Field::StorePath && ask.answered.is_none())
    {
        screen.asks[at].problem = sentence(wizard, &screen.asks[at]);
        screen.asks.iter_mut().filter(|ask| ask.field == Field::StoreKind).for_each(|ask| ask.problem = None);
    }
}

/// What to write; `None` where something else is amiss than that nothing was.
fn sentence(wizard: &Wizard, ask: &Ask) -> Option<String> {
    let variables = wizard.answers().site().map(|site| site.token_variables()).unwrap_or_default();
    let named_like = wizard.answers().provider().map(|provider| provider.id().to_uppercase().replace('-', "_"));
    let own = variables.iter().find(|name| named_like.as_ref().is_some_and(|like| name.starts_with(like)));
    let variable = own.or(variables.first()).copied().unwrap_or("GIT_TOKEN");
    let text = match &ask.field {
        Field::TokenTyped => "The token is missing: paste it here, or press Tab for another source.",
        Field::TokenEnv => {
            return Some(format!("Write the name of the variable with the token, such as {variable}."));
        }
        Field::TokenFile => "Write the path of the file that holds the token.",
        Field::TokenCommand => "Write the program that prints the token, such as: op read op://vault/item",
        Field::SshPublicKey => "The key is missing: paste it here, or press Tab to have a new one made.",
        Field::StorePath => "Write the path of the file that is to hold the token, such as ~/.git-access-token",
        Field::Host => "Write the address of your server, such as https://git.example.com",
        Field::Owner => "Write the owner: the organisation, user, group or workspace.",
        Field::Project => "Write the name of the project.",
        Field::Repository => "Write the name of the repository.",
        Field::Email => "Write the e-mail address of the account that the token belongs to.",
        Field::Platform | Field::Provider => "Choose one of these.",
        _ => return None,
    };
    Some(text.to_owned())
}
