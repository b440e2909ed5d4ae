use super::*;
use crate::fact::OwnerPath;
use crate::provider::Provider;
use crate::provider::tests::{set, site_of};

fn site(host: &str) -> Site {
    site_of(Provider::Bitbucket, host)
}

fn gitops() -> Place {
    Place { owner: OwnerPath { owner: "acme".into(), project: Some("PLAT".into()) }, name: "gitops".into() }
}

#[test]
fn the_api_has_a_host_of_its_own_and_a_token_goes_to_these_two_only() {
    for (host, api, clone, ssh) in [
        (
            "https://bitbucket.org",
            "https://api.bitbucket.org/2.0",
            "https://bitbucket.org/acme/gitops.git",
            "ssh://git@bitbucket.org/acme/gitops.git",
        ),
        (
            "http://127.0.0.1:4000",
            "http://127.0.0.1:4000/2.0",
            "http://127.0.0.1:4000/acme/gitops.git",
            "ssh://git@127.0.0.1/acme/gitops.git",
        ),
    ] {
        let site = site(host);
        assert_eq!(site.api.to_string(), api);
        assert_eq!(Bitbucket.clone_url(&site, &gitops()), clone);
        assert_eq!(Bitbucket.ssh_url(&site, &gitops()), ssh);
    }
    let origins: Vec<_> = site("https://bitbucket.org").origins().iter().map(ToString::to_string).collect();
    assert_eq!(origins, ["https://api.bitbucket.org", "https://bitbucket.org"]);
}

#[test]
fn scopes_of_api_tokens_imply_nothing_and_those_of_access_tokens_some() {
    for (held, gives, not) in [
        ("write:repository:bitbucket", "write:repository:bitbucket", "read:repository:bitbucket"),
        (
            "admin:repository:bitbucket",
            "admin:repository:bitbucket",
            "read:repository:bitbucket write:repository:bitbucket",
        ),
        ("repository:write", "repository", "repository:admin"),
        ("repository:admin", "repository:admin", "repository repository:write"),
        ("repository:delete", "repository:delete", "repository"),
        ("project", "repository", "repository:write"),
        ("project:admin", "project:admin", "project repository"),
        ("pullrequest", "repository", "repository:write"),
        ("pullrequest:write", "pullrequest repository repository:write", "webhook"),
        ("pipeline:variable", "pipeline:write pipeline", "repository"),
        ("", "", "repository"),
    ] {
        let closure = Bitbucket.closure(&set(held));
        assert!(set(gives).is_subset(&closure), "{held} gives {gives}: {closure:?}");
        assert!(set(not).is_disjoint(&closure), "{held} does not give {not}: {closure:?}");
        for scope in set(not) {
            assert_eq!(Bitbucket.covers(&set(held), &scope, true), Coverage::Missing, "{held} {scope}");
        }
    }
}

#[test]
fn the_names_of_scopes_are_those_of_the_form() {
    for (scope, title) in [
        ("write:repository:bitbucket", "write:repository:bitbucket"),
        ("repository", "Repositories: Read"),
        ("repository:write", "Repositories: Write"),
        ("pullrequest:write", "Pull requests: Write"),
        ("webhook", "Webhooks: Read and write"),
    ] {
        assert_eq!(Bitbucket.scope_title(scope), title);
    }
}

#[test]
fn a_token_is_known_by_its_prefix_as_far_as_that_goes() {
    for (text, told) in [
        ("ATATT3xFfGF0CANARYCANARY", Recognised::Kind(API)),
        ("ATCTT3xFfGN0CANARYCANARY", Recognised::Own),
        ("0123456789abcdefghij", Recognised::Untold),
    ] {
        assert_eq!(Bitbucket.recognise(&Secret::parse(text).unwrap()), told, "{text}");
    }
    let told = Bitbucket.recognise(&Secret::parse("ATBBCANARYcanaryCANARY").unwrap());
    let Recognised::Refused { kind: "app-password", reason } = told else { panic!("{told:?}") };
    assert!(reason.contains("2026-07-28") && reason.contains("API token with scopes"), "{reason}");
    let foreign = crate::provider::recognise(Provider::GitLab, &Secret::parse("ATATT3xFfGF0CANARY").unwrap());
    assert_eq!(foreign, Recognised::Foreign(Provider::Bitbucket));
}

#[test]
fn git_signs_in_by_the_kind_of_the_token() {
    for (kind, login, user) in [
        (Some(API), Some("octocat"), "octocat"),
        (Some(API), None, "x-bitbucket-api-token-auth"),
        (Some(REPOSITORY), Some("octocat"), "x-token-auth"),
        (Some(PROJECT), None, "x-token-auth"),
        (Some(WORKSPACE), None, "x-token-auth"),
        (Some(API), Some("x-token-auth"), "x-token-auth"),
        (None, Some("x-token-auth"), "x-token-auth"),
        (None, None, "x-bitbucket-api-token-auth"),
    ] {
        assert_eq!(Bitbucket.git_user(kind, login), user, "{kind:?} {login:?}");
    }
    // A name that only the API told may be one that git does not know.
    assert_eq!(Bitbucket.git_login(None, Some("Octo Cat")), None);
    assert_eq!(Bitbucket.git_login(Some("octocat"), Some("Octo Cat")), Some("octocat"));
    assert_eq!(Bitbucket.git_login(None, Some("x-token-auth")), Some("x-token-auth"));
}

#[test]
fn names_are_those_of_slugs_ids_and_keys() {
    let long = "a".repeat(63);
    for (text, name) in [
        ("gitops", Some("gitops")),
        ("GitOps", Some("gitops")),
        ("_x", Some("_x")),
        (".x", Some(".x")),
        ("a.b-c_d", Some("a.b-c_d")),
        (&long[1..], Some(&long[1..])),
        (&long, None),
        ("-x", None),
        ("x-", None),
        ("a--b", None),
        ("a b", None),
        ("a/b", None),
        ("..", None),
        ("x.git", None),
        ("", None),
    ] {
        assert_eq!(Bitbucket.repository_name(text).ok().as_deref(), name, "{text}");
    }
    for (text, name) in [
        ("acme", Some("acme")),
        ("Acme-1_x", Some("acme-1_x")),
        ("/acme/", Some("acme")),
        ("acme/workspace", Some("acme")),
        ("acme/workspace/projects/PLAT", Some("acme")),
        ("acme/workspaces", None),
        ("acme/gitops", None),
        ("a.b", None),
        ("", None),
    ] {
        assert_eq!(Bitbucket.owner_name(text).ok().as_deref(), name, "{text}");
    }
    for (text, name) in [("PLAT", Some("PLAT")), ("plat_2", Some("PLAT_2")), ("2X", None), ("A-B", None), ("", None)] {
        assert_eq!(Bitbucket.project_name(text).ok().as_deref(), name, "{text}");
    }
}

#[test]
fn addresses_name_workspace_project_and_repository() {
    let address = |scheme, user: Option<&str>, host: &str, path: &str| Address {
        scheme,
        user: user.map(str::to_owned),
        host: host.to_owned(),
        port: None,
        segments: path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect(),
    };
    let here = "bitbucket.org";
    for (address, named) in [
        // https://bitbucket.org/ws/repo/src/main/README.md
        (address("https", None, here, "/ws/repo/src/main/README.md"), Some(("ws", None, Some("repo")))),
        // https://user@bitbucket.org/ws/repo.git
        (address("https", Some("user"), here, "/ws/repo.git"), Some(("ws", None, Some("repo")))),
        // git@bitbucket.org:ws/repo.git
        (address("ssh", Some("git"), here, "ws/repo.git"), Some(("ws", None, Some("repo")))),
        // ssh://git@bitbucket.org/ws/repo
        (address("ssh", Some("git"), here, "/ws/repo"), Some(("ws", None, Some("repo")))),
        (address("https", None, here, "/ws/workspace/projects/KEY"), Some(("ws", Some("KEY"), None))),
        (address("https", None, here, "/ws/workspace/overview"), Some(("ws", None, None))),
        (address("https", None, here, "/ws/"), Some(("ws", None, None))),
        (address("https", None, here, "/account/settings/"), None),
        (address("https", None, here, "/repo/create"), None),
        (address("https", None, here, "/"), None),
    ] {
        let told = Bitbucket.locate(&address);
        let told = told.as_ref().map(|told| {
            assert_eq!(told.host, None);
            (told.owner.as_str(), told.project.as_deref(), told.repository.as_deref())
        });
        assert_eq!(told, named, "{address:?}");
    }
    // ssh://git@altssh.bitbucket.org:443/ws/repo.git
    let told = Bitbucket.locate(&address("ssh", Some("git"), "altssh.bitbucket.org", "/ws/repo.git")).unwrap();
    assert_eq!(told.host.unwrap().to_string(), "https://bitbucket.org");
}

#[test]
fn hosts_are_known_by_the_names_that_only_git_uses_too() {
    for (host, known) in [
        ("bitbucket.org", true),
        ("altssh.bitbucket.org", true),
        ("www.bitbucket.org", true),
        ("bitbucket.org.evil.example", false),
        ("notbitbucket.org", false),
        ("bitbucket.example.com", false),
    ] {
        assert_eq!(Bitbucket.knows_host(host), known, "{host}");
    }
}

#[test]
fn each_kind_has_its_page_and_none_is_said_to_be_filled_in() {
    let site = site("https://bitbucket.org");
    for (kind, owner, page) in [
        (
            API,
            Some("acme"),
            "https://id.atlassian.com/manage-profile/security/api-tokens?autofillToken=&appId=bitbucket",
        ),
        (WORKSPACE, Some("acme"), "https://bitbucket.org/acme/workspace/settings/access-tokens"),
        (PROJECT, Some("acme"), "https://bitbucket.org/acme/workspace/projects/"),
        (REPOSITORY, Some("acme"), "https://bitbucket.org/acme/workspace/repositories/"),
        (REPOSITORY, None, "https://bitbucket.org/account/workspaces/"),
    ] {
        let link = Bitbucket.token_page(&site, kind, &["repository"], owner, "x");
        assert_eq!((link.url.as_str(), link.prefilled), (page, false), "{kind:?}");
    }
    for (lock, page) in [
        (Lock::Repository(gitops()), "https://bitbucket.org/acme/gitops/admin/access-keys/"),
        (Lock::Account, "https://bitbucket.org/account/settings/ssh-keys/"),
    ] {
        assert_eq!(Bitbucket.key_page(&site, &lock), page);
    }
    assert_eq!(Bitbucket.sign_up_page(&site), "https://bitbucket.org/account/signup/");
}
