//! Accounts, organisations, projects, and what an account may do there.

use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::caller::{Caller, is_of, project, title};
use super::reply::{Outcome, Reply};
use super::{Call, account_guid, guid, is_hosted, typed};
use crate::sandbox::scenario::{Account, Organisation, Rights, Visibility};
use crate::sandbox::world::World;

/// Below the place that knows all organisations. A token for one of them is not let in.
pub(super) fn accounts(world: &World, headers: &HeaderMap, path: &[&str]) -> Outcome {
    let of = |organisation: &Organisation| Caller::of(world, headers, &organisation.login).ok();
    let tops = || world.organisations.iter().filter(|it| !it.login.contains('/'));
    let caller = tops().find_map(|it| of(it).filter(|caller| caller.account().is_some()));
    let account = match caller {
        Some(caller) if is_hosted(world) && caller.is_global() => caller.signed_in()?,
        Some(_) => return Err(Reply::unauthorised()),
        None => return Err(super::caller::unknown(headers)),
    };
    match path {
        ["profile", "profiles", "me"] => Ok(Reply::ok(&json!({
            "displayName": display(account), "publicAlias": account_guid(world, &account.login),
            "emailAddress": account.email, "coreRevision": 411_938_451, "timeStamp": "2026-01-20T19:20:51.6433333+00:00",
            "id": account_guid(world, &account.login), "revision": 411_938_451,
        }))),
        ["accounts"] => {
            let belongs = tops().filter(|it| it.has_member(&account.login));
            let rows: Vec<_> = belongs
                .map(|it| {
                    let id = guid(3, world.owner_id(&it.login) as u64);
                    json!({"accountId": id, "accountName": &*it.login, "accountUri": "https://vssps.dev.azure.com/", "properties": {}})
                })
                .collect();
            Ok(Reply::list(&rows))
        }
        _ => Err(Reply::page_not_found()),
    }
}

fn display(account: &Account) -> &str {
    account.name.as_deref().unwrap_or(&account.login)
}

/// Who is signed in. It takes no scope, and where anybody may look around it answers for nobody as well.
pub(super) fn connection(call: &Call) -> Outcome {
    let world = call.world();
    let user = match call.caller.account() {
        None if call.caller.is_stranger => json!({
            "id": "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa",
            "descriptor": "System:PublicAccess;aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa",
            "subjectDescriptor": "sys.UHVibGljQWNjZXNz", "providerDisplayName": "Anonymous", "isActive": true,
            "properties": {},
        }),
        None => return Err(Reply::challenge()),
        Some(account) => {
            let login = account.email.as_deref().unwrap_or(&account.login);
            json!({
                "id": account_guid(world, &account.login),
                "descriptor": format!("Microsoft.IdentityModel.Claims.ClaimsIdentity;{}\\{login}", guid(4, 1)),
                "providerDisplayName": display(account), "isActive": true, "properties": {"Account": typed(login)},
            })
        }
    };
    Ok(Reply::ok(&json!({
        "authenticatedUser": user, "authorizedUser": user,
        "instanceId": guid(3, world.owner_id(&call.organisation.login) as u64), "deploymentId": guid(5, 1),
        "deploymentType": if is_hosted(world) { "hosted" } else { "onPremises" },
        "locationServiceData": {"serviceOwner": guid(6, 1), "clientCacheFresh": false},
    })))
}

pub(super) fn row(world: &World, project: &Organisation) -> Value {
    let public =
        world.repositories().iter().any(|it| it.owner == *project.login && it.visibility == Visibility::Public);
    let id = guid(2, world.owner_id(&project.login) as u64);
    json!({
        "id": id, "name": title(project), "url": format!("{}/_apis/projects/{id}", world.host), "state": "wellFormed",
        "revision": 12, "visibility": if public { "public" } else { "private" },
        "lastUpdateTime": "2026-01-05T09:23:38.607Z",
    })
}

/// Parts, and where the next one begins; the token for it has letters that an address does not.
pub(super) fn list(call: &Call) -> Outcome {
    call.caller.needs(&["vso.profile", "vso.project"])?;
    let world = call.world();
    let organisation = &call.organisation.login;
    let mine = |it: &&Organisation| {
        it.login.split_once('/').is_some_and(|(first, _)| first.eq_ignore_ascii_case(organisation))
            && call.caller.sees(it)
    };
    let rows: Vec<_> = world.organisations.iter().filter(mine).map(|it| row(world, it)).collect();
    let number = |name: &str| call.parameter(name).and_then(|text| text.split(' ').next()?.parse::<usize>().ok());
    let (start, most) = (number("continuationToken").unwrap_or(0), number("$top").unwrap_or(100).clamp(1, 100));
    let part: Vec<_> = rows.iter().skip(start).take(most).cloned().collect();
    let reply = Reply::list(&part);
    let end = start + part.len();
    Ok(if end < rows.len() { reply.header("x-ms-continuationtoken", format!("{end} +&=")) } else { reply })
}

pub(super) fn one(call: &Call, name: &str) -> Outcome {
    call.caller.needs(&["vso.profile", "vso.project"])?;
    let found = project(call.world(), &call.organisation.login, name).filter(|it| call.caller.sees(it));
    found.map(|it| Reply::ok(&row(call.world(), it))).ok_or_else(|| Reply::no_such_project(name))
}

/// What the account may do, whatever its token holds. Which scope the question takes is documented nowhere; here it is
/// the one that manages code, so that both answers are to be met.
pub(super) fn permission(call: &Call, namespace: &str, bits: &str) -> Outcome {
    call.caller.needs(&["vso.code_manage"])?;
    let world = call.world();
    let token = call.parameter("tokens").unwrap_or_default().to_owned();
    let mut parts = token.split('/').skip(1);
    let found = parts.next().and_then(|id| project(world, &call.organisation.login, id));
    let repository = parts.next().and_then(|id| {
        let repositories = world.repositories();
        repositories.into_iter().find(|it| guid(7, it.id) == id && is_of(it, &call.organisation.login))
    });
    let Some(found) = found.filter(|_| namespace == "2e9eb7ed-3c0a-47d4-87c1-0ffdd275fd87") else {
        return Ok(Reply::list(&[json!(false)]));
    };
    let rights = repository.map_or(Rights::None, |it| call.caller.rights(&it));
    let told = match bits {
        "256" => call.caller.may_create(found),
        "512" => rights >= Rights::Admin,
        "4" => rights >= Rights::Write,
        _ => false,
    };
    Ok(Reply::list(&[json!(told)]))
}
