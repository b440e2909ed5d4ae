use super::*;
use crate::fact::OwnerPath;
use crate::provider::Provider;
use crate::provider::tests::set;

fn site(host: &str, owner: &str) -> Site {
    let host = Host::parse(host).unwrap();
    let api = Provider::AzureDevops.api(&host, None, Some(owner));
    Site { provider: Provider::AzureDevops, host, api, ca_file: None, client_cert: None }
}

fn place(owner: &str, project: &str, name: &str) -> Place {
    Place { owner: OwnerPath { owner: owner.into(), project: Some(project.into()) }, name: name.into() }
}

#[test]
fn api_and_git_are_below_the_organisation_and_spaces_are_encoded_once() {
    for (host, owner, project, name, api, clone) in [
        (
            "https://dev.azure.com",
            "acme",
            "platform",
            "gitops",
            "https://dev.azure.com/acme",
            "https://dev.azure.com/acme/platform/_git/gitops",
        ),
        (
            "https://dev.azure.com",
            "acme",
            "My Project",
            "a b",
            "https://dev.azure.com/acme",
            "https://dev.azure.com/acme/My%20Project/_git/a%20b",
        ),
        (
            "https://acme.visualstudio.com",
            "acme",
            "platform",
            "gitops",
            "https://acme.visualstudio.com",
            "https://acme.visualstudio.com/platform/_git/gitops",
        ),
        (
            "https://tfs.example/tfs",
            "DefaultCollection",
            "Größe",
            "gitops",
            "https://tfs.example/tfs/DefaultCollection",
            "https://tfs.example/tfs/DefaultCollection/Gr%C3%B6%C3%9Fe/_git/gitops",
        ),
        (
            "https://tfs.example/tfs",
            "Old Things",
            "platform",
            "gitops",
            "https://tfs.example/tfs/Old%20Things",
            "https://tfs.example/tfs/Old%20Things/platform/_git/gitops",
        ),
    ] {
        let site = site(host, owner);
        assert_eq!(site.api.to_string(), api);
        assert_eq!(AzureDevops.clone_url(&site, &place(owner, project, name)), clone);
        // Narrowing what is narrow already changes nothing.
        assert_eq!(AzureDevops.api_of(site.api.clone(), owner), site.api);
    }
    let short = Place { owner: OwnerPath { owner: "acme".into(), project: None }, name: "platform".into() };
    let url = AzureDevops.clone_url(&site("https://dev.azure.com", "acme"), &short);
    assert_eq!(url, "https://dev.azure.com/acme/_git/platform");
}

#[test]
fn the_token_goes_to_the_service_its_accounts_and_to_nobody_else() {
    let origins = |host: &str| site(host, "acme").origins().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(origins("https://dev.azure.com"), ["https://app.vssps.visualstudio.com", "https://dev.azure.com"]);
    assert_eq!(origins("https://tfs.example/tfs"), ["https://tfs.example"]);
    assert_eq!(origins("http://127.0.0.1:3000"), ["http://127.0.0.1:3000"]);
}

fn address(scheme: &'static str, user: Option<&str>, host: &str, port: Option<u16>, path: &str) -> Address {
    let segments = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    Address { scheme, user: user.map(str::to_owned), host: host.to_owned(), port, segments }
}

const HTTPS: &str = "https";
const SERVICES: Option<&str> = Some("https://dev.azure.com");

type Named = Option<&'static str>;

type Case = (&'static str, Named, &'static str, &'static str, Named, &'static str, Named, Named);

/// An address (scheme, user, host, path), and what it names: the host where it is another, owner, project, repository.
const ADDRESSES: &[Case] = &[
    (HTTPS, None, "dev.azure.com", "acme/platform/_git/gitops", None, "acme", Some("platform"), Some("gitops")),
    (HTTPS, Some("acme"), "dev.azure.com", "acme/My Project/_git/a b", None, "acme", Some("My Project"), Some("a b")),
    (HTTPS, None, "dev.azure.com", "acme/_git/platform", None, "acme", Some("platform"), Some("platform")),
    (HTTPS, None, "dev.azure.com", "acme/platform/_git/platform", None, "acme", Some("platform"), Some("platform")),
    (
        HTTPS,
        None,
        "dev.azure.com",
        "acme/platform/_git/gitops/branches",
        None,
        "acme",
        Some("platform"),
        Some("gitops"),
    ),
    (HTTPS, None, "dev.azure.com", "acme/platform", None, "acme", Some("platform"), None),
    (HTTPS, None, "dev.azure.com", "acme/platform/_settings/repositories", None, "acme", Some("platform"), None),
    (HTTPS, None, "dev.azure.com", "acme/_usersSettings/tokens", None, "acme", None, None),
    (HTTPS, None, "dev.azure.com", "acme", None, "acme", None, None),
    (HTTPS, None, "acme.visualstudio.com", "platform/_git/gitops", SERVICES, "acme", Some("platform"), Some("gitops")),
    (
        HTTPS,
        None,
        "acme.visualstudio.com",
        "DefaultCollection/platform/_git/_full/gitops",
        SERVICES,
        "acme",
        Some("platform"),
        Some("gitops"),
    ),
    (
        HTTPS,
        None,
        "acme.visualstudio.com",
        "DefaultCollection/_git/platform",
        SERVICES,
        "acme",
        Some("platform"),
        Some("platform"),
    ),
    (HTTPS, None, "acme.visualstudio.com", "", SERVICES, "acme", None, None),
    (
        "ssh",
        Some("git"),
        "ssh.dev.azure.com",
        "v3/acme/platform/gitops",
        SERVICES,
        "acme",
        Some("platform"),
        Some("gitops"),
    ),
    (
        "ssh",
        Some("acme"),
        "vs-ssh.visualstudio.com",
        "v3/acme/platform/gitops",
        SERVICES,
        "acme",
        Some("platform"),
        Some("gitops"),
    ),
    (
        "ssh",
        Some("acme"),
        "vs-ssh.visualstudio.com",
        "DefaultCollection/platform/_ssh/gitops",
        SERVICES,
        "acme",
        Some("platform"),
        Some("gitops"),
    ),
    (
        HTTPS,
        None,
        "tfs.example",
        "tfs/DefaultCollection/platform/_git/gitops",
        Some("https://tfs.example:8443/tfs"),
        "DefaultCollection",
        Some("platform"),
        Some("gitops"),
    ),
    (
        HTTPS,
        None,
        "tfs.example",
        "tfs/DefaultCollection/_git/platform",
        Some("https://tfs.example:8443/tfs"),
        "DefaultCollection",
        Some("platform"),
        Some("platform"),
    ),
    (
        HTTPS,
        None,
        "tfs.example",
        "Collection/platform/_git/gitops",
        Some("https://tfs.example:8443"),
        "Collection",
        Some("platform"),
        Some("gitops"),
    ),
    (
        "ssh",
        None,
        "tfs.example",
        "tfs/DefaultCollection/platform/_git/gitops",
        Some("https://tfs.example/tfs"),
        "DefaultCollection",
        Some("platform"),
        Some("gitops"),
    ),
];

#[test]
fn every_form_of_address_names_the_same_repository() {
    for &(scheme, user, host, path, at, owner, project, repository) in ADDRESSES {
        let port = (host == "tfs.example").then_some(if scheme == "ssh" { 22 } else { 8443 });
        let located = AzureDevops.locate(&address(scheme, user, host, port, path));
        let located = located.unwrap_or_else(|| panic!("{host} {path}"));
        let text = |part: Option<&str>| part.map(str::to_owned);
        assert_eq!(located.host.map(|host| host.to_string()), text(at), "{host} {path}");
        assert_eq!(
            (located.owner.as_str(), located.project, located.repository),
            (owner, text(project), text(repository)),
            "{host} {path}"
        );
    }
    for (host, path) in [
        ("dev.azure.com", ""),
        ("dev.azure.com", "acme/a/b/_git/c"),
        ("tfs.example", "_git/x"),
        ("tfs.example", "acme/gitops"),
        ("ssh.dev.azure.com", "v3/acme"),
    ] {
        assert_eq!(AzureDevops.locate(&address("https", None, host, None, path)), None, "{host} {path}");
    }
}

#[test]
fn the_public_service_is_known_under_all_its_names() {
    for name in ["dev.azure.com", "ssh.dev.azure.com", "acme.visualstudio.com", "vs-ssh.visualstudio.com"] {
        assert!(AzureDevops.knows_host(name), "{name}");
    }
    for name in
        ["azure.com", "evil-dev.azure.com", "dev.azure.com.evil.example", ".visualstudio.com", "a.b.visualstudio.com"]
    {
        assert!(!AzureDevops.knows_host(name), "{name}");
    }
}

#[test]
fn an_organisation_is_a_name_or_its_address() {
    for text in [
        "acme",
        "acme/",
        "https://dev.azure.com/acme",
        "https://dev.azure.com/acme/",
        "https://acme@dev.azure.com/acme",
        "https://acme.visualstudio.com",
        "https://acme.visualstudio.com/DefaultCollection/",
    ] {
        assert_eq!(AzureDevops.owner_name(text).as_deref(), Ok("acme"), "{text}");
    }
    for text in
        ["", "tfs/DefaultCollection", "https://dev.azure.com/acme/platform", "https://dev.azure.com", ".a", "a%20b"]
    {
        assert!(AzureDevops.owner_name(text).is_err(), "{text}");
    }
}

#[test]
fn names_that_azure_refuses_are_refused_here() {
    for name in ["gitops", "My Project", "a.b", "a-b", "Größe", "a(b)"] {
        assert!(AzureDevops.project_name(name).is_ok() && AzureDevops.repository_name(name).is_ok(), "{name}");
    }
    let long = "x".repeat(65);
    for name in ["", " a", "_a", ".a", "a.", "a/b", "a\\b", "a?b", "a#b", "a:b", "a%20b", "a\tb", &long] {
        assert!(AzureDevops.project_name(name).is_err() && AzureDevops.repository_name(name).is_err(), "{name}");
    }
}

#[test]
fn scopes_reach_as_far_as_the_documentation_says() {
    for (held, gives, not) in [
        ("vso.code_full", "vso.code_manage vso.code_write vso.code vso.profile vso.code_status", "vso.project"),
        ("vso.code_manage", "vso.code_write vso.code vso.hooks_write vso.hooks vso.profile", "vso.code_full"),
        ("vso.code", "vso.profile vso.hooks_write", "vso.code_write"),
        ("vso.project_manage", "vso.project", "vso.profile vso.code"),
    ] {
        let closure = AzureDevops.closure(&set(held));
        assert!(set(gives).is_subset(&closure) && set(not).is_disjoint(&closure), "{held}: {closure:?}");
    }
}

#[test]
fn both_shapes_of_tokens_are_recognised() {
    let recognise = |text: &str| AzureDevops.recognise(&Secret::parse(text).unwrap());
    let marked = |at: usize| format!("{}AZDO{}", "Ab1".repeat(25) + &"x".repeat(at - 75), "z".repeat(80 - at));
    assert_eq!(recognise(&"a7".repeat(26)), Recognised::Kind(PAT));
    assert_eq!(recognise(&marked(75)), Recognised::Kind(PAT));
    assert_eq!(recognise(&marked(76)), Recognised::Kind(PAT));
    for text in [&"A7".repeat(26), &"a7".repeat(42), "eyJhbGciOi.eyJhdWQi.c2ln", &"0af1".repeat(10)] {
        assert_eq!(recognise(text), Recognised::Untold, "{text}");
    }
}

#[test]
fn pages_are_those_of_the_organisation() {
    let services = site("https://dev.azure.com", "acme");
    assert_eq!(AzureDevops.tokens_page(&services, None), "https://dev.azure.com/acme/_usersSettings/tokens");
    assert_eq!(AzureDevops.new_project_page(&services, "acme"), "https://dev.azure.com/acme");
    let there = place("acme", "My Project", "gitops");
    assert_eq!(AzureDevops.ssh_url(&services, &there), "ssh://git@ssh.dev.azure.com/v3/acme/My%20Project/gitops");
    let key = AzureDevops.key_page(&services, &Lock::Repository(there.clone()));
    assert_eq!(key, "https://dev.azure.com/acme/_usersSettings/keys");
    assert_eq!(AzureDevops.key_page(&services, &Lock::Account), key);
    let server = site("https://tfs.example/tfs", "Main");
    assert_eq!(AzureDevops.tokens_page(&server, None), "https://tfs.example/tfs/Main/_usersSettings/tokens");
    assert_eq!(AzureDevops.ssh_url(&server, &there), "ssh://tfs.example:22/tfs/acme/My%20Project/_git/gitops");
    // Without an organisation there is no such page.
    let bare = Site { api: services.host.clone(), ..services };
    assert_eq!(AzureDevops.tokens_page(&bare, None), "https://dev.azure.com/");
}
