//! The refusals of GitHub, each with its meaning. The texts are those that the service has been seen to send.

use super::refusal::{Asking, Refusal, scopes};
use crate::fact::{FaultKind, Site};
use crate::provider::{Host, Provider, TokenKind};

fn site() -> Site {
    let host = Host::parse("https://github.com").unwrap();
    let api = Provider::GitHub.rules().api(&host);
    Site { provider: Provider::GitHub, host, api, ca_file: None, client_cert: None }
}

fn said(status: u16, message: &str) -> Refusal {
    Refusal { status, message: message.to_owned(), ..Refusal::default() }
}

/// What a classic token is told about `refusal`: the kind, whether it was accepted, and that `part` is in text or remedy.
fn check(refusal: &Refusal, kind: FaultKind, part: &str) {
    for message in [refusal.message.clone(), refusal.message.to_uppercase()] {
        // The names and addresses inside are as they are written; only the words around them may vary.
        let shouted = message != refusal.message;
        let refusal = Refusal { message, ..refusal.clone() };
        let site = site();
        let asking = Asking { site: &site, kind: Some(TokenKind("classic")), subject: "the repository acme/gitops" };
        let fault = refusal.classify(&asking);
        assert_eq!(fault.kind, kind, "{refusal:?}");
        let silent = matches!(kind, FaultKind::Auth | FaultKind::RateLimit | FaultKind::Server);
        assert_eq!(fault.accepted, !silent, "{refusal:?}");
        let remedy = fault.remedy.map(|remedy| format!("{} {}", remedy.text, remedy.url.unwrap_or_default()));
        let all = format!("{} {}", fault.text, remedy.clone().unwrap_or_default());
        assert!(shouted || all.contains(part), "{part}: {all}");
        assert!(remedy.is_some() || silent, "{refusal:?}");
    }
}

#[test]
fn an_unknown_token_is_told_apart_from_a_missing_one() {
    use FaultKind::Auth;
    check(&said(401, "Bad credentials"), Auth, "mistyped, expired or revoked");
    check(&said(401, "Requires authentication"), Auth, "no token");
    check(&said(401, "Must authenticate to access this API."), Auth, "no token");
    check(&said(401, "Must specify two-factor authentication OTP code."), Auth, "not a token");
    // Whatever else stands there, 401 comes first.
    check(&Refusal { limited: true, sso: Some("required; url=x".into()), ..said(401, "Bad credentials") }, Auth, "");
}

#[test]
fn limits_come_before_everything_else_that_shares_their_status() {
    use FaultKind::RateLimit;
    let saml = "Resource protected by organization SAML enforcement.";
    check(&Refusal { limited: true, ..said(403, saml) }, RateLimit, "");
    check(&Refusal { limited: true, ..said(403, "Resource not accessible by personal access token") }, RateLimit, "");
    check(&said(429, "Too many requests"), RateLimit, "");
    check(&said(403, "You have exceeded a secondary rate limit. Please wait a few minutes."), RateLimit, "");
    check(&said(403, "API rate limit exceeded for user ID 1."), RateLimit, "");
    check(&said(403, "You have triggered an abuse detection mechanism."), RateLimit, "");
    check(&said(403, "Maximum number of login attempts exceeded. Please try again later."), RateLimit, "");
    for page in
        ["https://developer.github.com/v3/#abuse-rate-limits", "https://docs.github.com/x#secondary-rate-limits"]
    {
        check(&Refusal { documentation: page.to_owned(), ..said(403, "Forbidden") }, RateLimit, "");
    }
}

#[test]
fn rules_of_an_organisation_are_named_with_the_page_that_mends_them() {
    let url = "https://github.com/orgs/acme/sso?authorization_request=A2B";
    for header in [
        format!("required; url={url}"),
        format!("required;url={url}; organizations=1"),
        "required; url=https://github.com/enterprises/acme/sso?authorization_request=A2B".to_owned(),
    ] {
        check(&Refusal { sso: Some(header), ..said(403, "No") }, FaultKind::Sso, "/sso?authorization_request=A2B");
    }
    for tail in [
        "You must grant your Personal Access token access to this organization.",
        "You must grant your OAuth token access to this organization.",
        "You must grant your personal token access to this organization.",
    ] {
        let message = format!("Resource protected by organization SAML enforcement. {tail}");
        check(&said(403, &message), FaultKind::Sso, "Configure SSO");
    }
    check(&said(404, "Resource protected by organization SAML enforcement."), FaultKind::Sso, "Configure SSO");
    check(
        &Refusal { sso: Some("partial-results; organizations=1".into()), ..said(404, "Not Found") },
        FaultKind::NotFound,
        "",
    );
    let hostile = Refusal { sso: Some("required; url=javascript:alert(1)".into()), ..said(403, "No") };
    check(&hostile, FaultKind::Sso, "https://github.com/settings/tokens");

    let ip = "Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.";
    check(&said(403, ip), FaultKind::IpAllowlist, "organisation acme ");
    check(&said(403, &ip.replace("your IP address", "13.52.4.51")), FaultKind::IpAllowlist, "organisation acme ");
    let classic = "`acme` forbids access via a personal access token (classic). Please use a GitHub App, OAuth App, or a personal access token with fine-grained permissions.";
    check(&said(403, classic), FaultKind::TokenPolicy, "acme does not let classic");
    check(&said(403, &classic.replace("token (classic)", "tokens (classic)")), FaultKind::TokenPolicy, "acme does not");
    let page = "https://github.com/settings/personal-access-tokens/19512093";
    let lifetime = format!(
        "The 'acme' organization forbids access via a fine-grained personal access tokens if the token's lifetime is greater than 366 days. Please adjust your token's lifetime at the following URL: {page}"
    );
    check(&said(403, &lifetime), FaultKind::TokenPolicy, page);
    check(&said(403, &lifetime), FaultKind::TokenPolicy, "longer than 366 days");
}

#[test]
fn a_missing_permission_is_named_as_github_names_it() {
    use FaultKind::{MissingScope, NoAccess};
    let wanted = Some("contents=write; contents=write,workflows=write".to_owned());
    for who in ["personal access token", "integration"] {
        let refusal =
            Refusal { wanted_permissions: wanted.clone(), ..said(403, &format!("Resource not accessible by {who}")) };
        check(&refusal, MissingScope, "contents=write; contents=write,workflows=write");
    }
    let admin = "You need admin access to the organization before adding a repository to it.";
    check(&said(403, admin), NoAccess, "resource owner");
    check(&said(403, "Organization members cannot delete repositories."), NoAccess, "cannot delete");
    check(&said(403, "Repository was archived so is read-only."), NoAccess, "Unarchive");
    check(&said(403, "Must have admin rights to Repository."), NoAccess, "role");
    check(&said(403, "Must have push access to view collaborator permission."), NoAccess, "role");

    let scoped = |status, held: &str| Refusal {
        wanted_scopes: scopes("admin:org, read:org, repo"),
        held_scopes: Some(scopes(held)),
        ..said(status, "Not for you")
    };
    check(&scoped(403, "gist"), MissingScope, "admin:org, read:org, repo");
    check(&scoped(403, "write:org"), NoAccess, "Not for you");
    check(&scoped(403, ""), MissingScope, "takes one of");
    check(&Refusal { held_scopes: None, ..scoped(403, "") }, NoAccess, "Not for you");
    check(&scoped(404, "gist"), FaultKind::NotFound, "admin:org, read:org, repo");
    // A single one is not one of several.
    let single = |status| Refusal { wanted_scopes: scopes("repo"), ..scoped(status, "gist") };
    check(&single(403), MissingScope, "GitHub takes repo for it.");
    check(&single(404), FaultKind::NotFound, "it lacks the scope that is needed (repo)");
}

#[test]
fn whatever_is_left_keeps_its_words() {
    check(&said(404, "Not Found"), FaultKind::NotFound, "does not find the repository acme/gitops");
    check(&said(410, "Gone"), FaultKind::NotTheApi, "Update git-access");
    check(&said(500, "Server Error"), FaultKind::Server, "");
    check(&said(418, "I'm a teapot"), FaultKind::NoAccess, "I'm a teapot");
    let with_errors = Refusal { errors: vec!["one".into(), "two".into()], ..said(422, "Validation Failed") };
    check(&with_errors, FaultKind::NoAccess, "Validation Failed; one; two");
}

#[test]
fn a_fine_grained_token_is_told_its_own_causes_of_404() {
    let site = site();
    let asking = Asking { site: &site, kind: Some(TokenKind("fine-grained")), subject: "the repository acme/gitops" };
    let remedy = said(404, "Not Found").classify(&asking).remedy.unwrap();
    for cause in ["resource owner", "not selected", "approved"] {
        assert!(remedy.text.contains(cause), "{}", remedy.text);
    }
}
