//! Answers in the shapes of the API: objects, lists, refusals with a byte order mark, and those without a word.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use crate::sandbox::http;

pub(super) struct Reply {
    status: StatusCode,
    kind: &'static str,
    body: String,
    headers: Vec<(&'static str, String)>,
}

/// A reply either way; the error side lets a refusal leave a handler early.
pub(super) type Outcome = Result<Reply, Reply>;

const JSON: &str = "application/json; charset=utf-8; api-version=7.1";
const SIGN_IN: &str = "<!DOCTYPE html><html lang=\"en-US\"><head><title>Azure DevOps Services | Sign In</title></head><body>Sign in to your account</body></html>";
pub(super) const REALM: &str = "Basic realm=\"https://tfsprodweu1.visualstudio.com/\"";

impl Reply {
    pub(super) fn json(status: StatusCode, body: &Value) -> Self {
        Self { status, kind: JSON, body: body.to_string(), headers: Vec::new() }
    }

    pub(super) fn ok(body: &Value) -> Self {
        Self::json(StatusCode::OK, body)
    }

    pub(super) fn list(rows: &[Value]) -> Self {
        Self::ok(&json!({"count": rows.len(), "value": rows}))
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// `key` is the name of the exception. Refusals begin with a mark that JSON does not have.
    pub(super) fn refused(status: StatusCode, key: &str, message: &str) -> Self {
        let body = json!({
            "$id": "1", "innerException": null, "message": message,
            "typeName": format!("Microsoft.TeamFoundation.{key}, Microsoft.TeamFoundation"), "typeKey": key,
            "errorCode": 0, "eventId": 3000,
        });
        Self { status, kind: JSON, body: format!("\u{feff}{body}"), headers: Vec::new() }
    }

    /// The page to sign in, in the place of an answer.
    pub(super) fn sign_in() -> Self {
        let status = StatusCode::NON_AUTHORITATIVE_INFORMATION;
        Self { status, kind: "text/html; charset=utf-8", body: SIGN_IN.to_owned(), headers: Vec::new() }
    }

    /// The way to it, for those who do not say that they want none.
    pub(super) fn to_sign_in() -> Self {
        let target = "https://spsprodweu1.vssps.visualstudio.com/_signin?realm=dev.azure.com&reply_to=https%3A%2F%2Fdev.azure.com%2F";
        Self::silent(StatusCode::FOUND).header("location", target)
    }

    /// The same for a token that has ended or was revoked, and for a scope that is missing.
    pub(super) fn unauthorised() -> Self {
        Self::silent(StatusCode::UNAUTHORIZED).header("www-authenticate", REALM)
    }

    /// Nobody signed in.
    pub(super) fn challenge() -> Self {
        let bearer = "Bearer authorization_uri=https://login.microsoftonline.com/00000000-0000-4000-8000-000000000000";
        Self::unauthorised().header("www-authenticate", bearer)
    }

    /// A token past its end, where the server says so in a header.
    pub(super) fn ended() -> Self {
        Self::unauthorised()
            .header("x-tfs-serviceerror", "Access+Denied%3a+The+Personal+Access+Token+used+has+expired.")
    }

    pub(super) fn no_such_project(name: &str) -> Self {
        let text = format!(
            "TF200016: The following project does not exist: {name}. Verify that the name of the project is correct and that the project exists on the specified Azure DevOps Server."
        );
        Self::refused(StatusCode::NOT_FOUND, "ProjectDoesNotExistWithNameException", &text)
    }

    pub(super) fn no_such_repository(name: &str) -> Self {
        let text = format!(
            "TF401019: The Git repository with name or identifier {name} does not exist or you do not have permissions for the operation you are attempting."
        );
        Self::refused(StatusCode::NOT_FOUND, "GitRepositoryNotFoundException", &text)
    }

    /// The page for addresses that lead nowhere: an organisation that does not exist, or a path with too much in it.
    pub(super) fn page_not_found() -> Self {
        let body =
            "<!DOCTYPE html><html><head><title>Azure DevOps Services</title></head><body>Page not found</body></html>";
        Self { status: StatusCode::NOT_FOUND, kind: "text/html; charset=utf-8", body: body.to_owned(), headers: vec![] }
    }

    pub(super) fn broken() -> Self {
        Self::refused(StatusCode::INTERNAL_SERVER_ERROR, "VssServiceException", "TF30040: something broke")
    }

    pub(super) fn silent(status: StatusCode) -> Self {
        Self { status, kind: "", body: String::new(), headers: Vec::new() }
    }
}

impl From<Reply> for Response {
    fn from(reply: Reply) -> Self {
        http::response(reply.status, reply.kind, reply.body, reply.headers)
    }
}
