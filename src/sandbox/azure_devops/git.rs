//! Who may read and write with git, and what the others are told.
//!
//! The right to contribute is looked at when git asks what there is, and its absence is told inside git's own listing
//! (<https://github.com/microsoft/azure-pipelines-agent/issues/2257>).

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::caller::{Caller, project};
use super::reply::Reply;
use crate::sandbox::http::signed;
use crate::sandbox::scenario::{Rights, Visibility};
use crate::sandbox::smart_http::{Action, Service, plain, serve_admitted};
use crate::sandbox::world::{Repository, World};

pub(super) async fn answer(world: &World, request: Request, below: &[String]) -> Response {
    let Some((segments, action)) = Action::of(request.method(), below, request.uri().query()) else {
        return Reply::page_not_found().into();
    };
    let (organisation, owner, name) = match segments {
        [organisation, project, git, name] if git == "_git" => (organisation, project, name),
        // A repository that is called like its project.
        [organisation, git, name] if git == "_git" => (organisation, name, name),
        _ => return Reply::page_not_found().into(),
    };
    let caller = match Caller::of(world, request.headers(), organisation) {
        Ok(caller) => caller,
        Err(refusal) => return refusal.into(),
    };
    let project = project(world, organisation, owner).map(|it| it.login.to_string()).unwrap_or_default();
    let admitted = admitted(&caller, &project, name, action);
    let response = serve_admitted(&world.git, admitted, action, request).await;
    signed(response, caller.account().map(|account| &*account.login))
}

/// A refusal is a whole answer, and an answer is large.
#[expect(clippy::result_large_err, reason = "it is made once for a request and handed on as it is")]
fn admitted(caller: &Caller, project: &str, name: &str, action: Action) -> Result<Repository, Response> {
    let writes = action.service() == Service::ReceivePack;
    let there = caller.world.repository(project, name).filter(|it| !it.archived);
    if caller.account().is_none() {
        let open = there.filter(|it| it.visibility == Visibility::Public && !writes);
        return open.ok_or_else(|| Reply::challenge().into());
    }
    if !caller.holds(if writes { "vso.code_write" } else { "vso.code" }) {
        return Err(Reply::unauthorised().into());
    }
    let missing = || {
        let text = format!(
            "TF401019: The Git repository with name or identifier {name} does not exist or you do not have permissions for the operation you are attempting."
        );
        plain(StatusCode::NOT_FOUND, &text)
    };
    let repository = there.filter(|it| caller.rights(it) >= Rights::Read).ok_or_else(missing)?;
    if writes && caller.rights(&repository) < Rights::Write {
        return Err(may_not_contribute());
    }
    Ok(repository)
}

fn may_not_contribute() -> Response {
    let line = "TF401027: You need the Git 'GenericContribute' permission to perform this action. Details: identity 'x', scope 'repository'.\n";
    let body = format!("001f# service=git-receive-pack\n0000{:04x}{line}", line.len() + 4);
    let mut response = plain(StatusCode::FORBIDDEN, &body);
    let kind = HeaderValue::from_static("application/x-git-receive-pack-advertisement");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
