//! The program, set up against the imitated Bitbucket.

use std::path::PathBuf;

use crate::headless::{clone_and_push, git, setup};
use crate::program::{Home, Run, Served};
use crate::support::scenario::{EVERYWHERE, EXPIRES_SOON, SLOW, comes_to};

const USER: &str = "username = \"octocat\"\nemail = \"octocat@acme.example\"\n";
const PLAIN: &str = "email = \"octocat@acme.example\"\n";
const NEW: &str = "[repository]\nname = \"gitops\"\ncreate = true\n";
const BLANK: &str = "[repository]\nname = \"blank\"\n";
const SHOP: &str = "[repository]\nname = \"webshop\"\n";

/// Answers with a date for the token: no answer of Bitbucket's tells one.
fn answers(home: &Home, served: &Served, platform: &str, token: &str, more: &str) -> PathBuf {
    let path = served.answers_on(home, "bitbucket", platform, token, more);
    let text = std::fs::read_to_string(&path).unwrap().replace("[token]\n", "[token]\nexpires = 2027-06-01\n");
    std::fs::write(&path, text).unwrap();
    path
}

fn run(home: &Home, served: &Served, platform: &str, token: &str, more: &str) -> Run {
    setup(home, &answers(home, served, platform, token, more))
}

/// The user name that our helper gives git for a repository.
fn helper_name(home: &Home, served: &Served, repository: &str) -> String {
    use std::io::Write as _;
    let mut command = home.program();
    command.args(["credential", "get"]).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let host = served.host_of("bitbucket").replace("http://", "");
    let asked = format!("protocol=http\nhost={host}\npath=acme/{repository}.git\n\n");
    child.stdin.take().unwrap().write_all(asked.as_bytes()).unwrap();
    let told = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    told.lines().find_map(|line| line.strip_prefix("username=")).unwrap_or_default().to_owned()
}

#[test]
fn git_clones_and_pushes_with_the_name_for_each_kind_of_token() {
    for (token, more, repository, name) in [
        ("bitbucket-keptn", format!("{USER}{NEW}"), "gitops", "octocat"),
        ("bitbucket-keptn", format!("{PLAIN}{NEW}"), "gitops", "x-bitbucket-api-token-auth"),
        ("bitbucket-workspace", BLANK.to_owned(), "blank", "x-token-auth"),
        ("bitbucket-project", BLANK.to_owned(), "blank", "x-token-auth"),
    ] {
        let home = Home::new();
        let served = Served::start(&home, "ready");
        let first = run(&home, &served, "keptn", token, &more).expect(0);
        assert_eq!(first.json()["verdict"], "pass", "{token}: {}", first.stdout);
        assert_eq!(first.json()["connections"][0]["repository"]["created"], repository == "gitops");
        assert!(!home.config_text().contains(&served.token(token)));
        assert!(!home.config_text().contains("somebody@"), "the API's own clone address carries a user name");
        assert_eq!(helper_name(&home, &served, repository), name, "{token}");
        let url = format!("{}/acme/{repository}.git", served.host_of("bitbucket"));
        clone_and_push(&home, &url);
        let again = run(&home, &served, "keptn", token, &more).expect(0);
        assert_eq!(again.json()["connections"][0]["repository"]["created"], false);
        let looked = home.run(&["check", "--format", "json"]).expect(0);
        assert_eq!(looked.json()["verdict"], "pass", "{}", looked.stdout);
    }
}

#[test]
fn a_repository_token_reads_its_repository_and_no_other() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let fine = run(&home, &served, "qovery", "bitbucket-repository", SHOP).expect(0);
    assert_eq!(fine.json()["verdict"], "pass", "{}", fine.stdout);
    assert!(fine.check("identity")["detail"].as_str().unwrap().contains("repository access token, and no user"));
    let url = format!("{}/acme/webshop.git", served.host_of("bitbucket"));
    git(&home, &["clone", "-q", &url, "work"]).expect(0);
    let home = Home::new();
    let other = run(&home, &served, "qovery", "bitbucket-repository", BLANK).expect(1);
    assert_eq!(other.check("repository")["fault"], "not-found", "{}", other.stdout);
}

/// Platform, token, what else is answered; exit code; id, verdict and a part of the detail of one check.
type Row = (&'static str, &'static str, String, i32, &'static str, &'static str, &'static str);

fn ends(rows: Vec<Row>) {
    for (platform, token, more, code, id, verdict, part) in rows {
        let home = Home::new();
        let served = Served::start(&home, "ready");
        let run = run(&home, &served, platform, token, &more).expect(code);
        let check = run.check(id);
        assert_eq!(check["verdict"], verdict, "{platform} {token}: {}", run.stdout);
        assert!(check["detail"].as_str().unwrap().contains(part), "{platform} {token}: {check}");
        assert!(verdict == "pass" || check["remedy"]["text"].is_string(), "{check}");
    }
}

/// A row for Keptn with an API token beside its e-mail address.
fn keptn(
    token: &'static str,
    more: &str,
    code: i32,
    id: &'static str,
    verdict: &'static str,
    part: &'static str,
) -> Row {
    ("keptn", token, format!("{PLAIN}{more}"), code, id, verdict, part)
}

#[test]
fn names_and_kinds_are_told_apart() {
    let no_email = format!("username = \"octocat\"\n{BLANK}");
    let other = format!("email = \"other@acme.example\"\n{BLANK}");
    let email_for_git = format!("username = \"octocat@acme.example\"\n{PLAIN}{BLANK}");
    let (api, only) = (format!("{PLAIN}{SHOP}"), "repository and workspace access tokens");
    ends(vec![
        ("keptn", "bitbucket-keptn", no_email, 1, "identity", "fail", "e-mail address"),
        ("keptn", "bitbucket-keptn", other, 1, "identity", "fail", "beside this e-mail"),
        ("keptn", "bitbucket-keptn", email_for_git, 1, "push", "fail", "although the API takes it"),
        ("keptn", "bitbucket-app-password", BLANK.to_owned(), 1, "identity", "fail", "2026-07-28"),
        keptn("bitbucket-unscoped", BLANK, 1, "identity", "fail", "without scopes"),
        keptn("bitbucket-withdrawn", BLANK, 1, "identity", "fail", "does not know"),
        ("qovery", "bitbucket-none", api, 1, "identity", "fail", only),
        ("qovery", "bitbucket-project", SHOP.to_owned(), 1, "identity", "fail", only),
    ]);
}

#[test]
fn scopes_and_rights_are_told_apart() {
    let of_rita = format!("email = \"rita@partner.example\"\n{BLANK}");
    let renamed = format!("{PLAIN}[repository]\nname = \"shop\"\n");
    ends(vec![
        keptn("bitbucket-write-only", BLANK, 1, "scope:read:repository:bitbucket", "fail", "does not have it"),
        keptn("bitbucket-full", BLANK, 0, "excess", "warn", "delete:repository:bitbucket"),
        keptn("bitbucket-nameless", BLANK, 0, "identity", "unknown", "does not tell whose"),
        keptn("bitbucket-nameless", BLANK, 0, "push", "pass", "x-bitbucket-api-token-auth"),
        ("keptn", "bitbucket-reader", of_rita, 1, "push", "fail", "write"),
        keptn("bitbucket-keptn", "[repository]\nname = \"attic\"\n", 1, "push", "fail", "payment"),
        keptn("bitbucket-keptn", SHOP, 1, "empty", "fail", "has commits"),
        ("none", "bitbucket-none", renamed, 0, "repository", "warn", "storefront"),
    ]);
}

#[test]
fn a_project_is_found_named_or_missed_before_anything_is_created() {
    let in_project = |key: &str| format!("project = \"{key}\"\n{PLAIN}{NEW}");
    let of_mia = format!("email = \"mia@acme.example\"\n{NEW}");
    ends(vec![
        keptn("bitbucket-keptn", NEW, 0, "owner", "pass", "its project PLAT"),
        ("keptn", "bitbucket-keptn", in_project("core"), 0, "owner", "pass", "its project CORE"),
        ("keptn", "bitbucket-keptn", in_project("NOPE"), 1, "owner", "fail", "CORE, PLAT"),
        ("keptn", "bitbucket-member", of_mia, 1, "create-repository", "fail", "may not create"),
        ("keptn", "bitbucket-builder", NEW.to_owned(), 0, "create-repository", "pass", "just now"),
    ]);
}

#[test]
fn an_end_that_nobody_told_is_unknown_and_a_kind_without_its_address_is_a_problem() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let path = served.answers_on(&home, "bitbucket", "none", "bitbucket-none", &format!("{PLAIN}{SHOP}"));
    let run = setup(&home, &path).expect(0);
    assert_eq!(run.check("expiry")["verdict"], "unknown", "{}", run.stdout);
    assert!(run.check("expiry")["remedy"]["text"].as_str().unwrap().contains("token.expires"));
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace("[token]\n", "[token]\nkind = \"api\"\n").replace("octocat@acme.example", "");
    std::fs::write(&path, text.replace("email = \"\"\n", "")).unwrap();
    // A saved connection would lend its own address.
    let run = setup(&Home::new(), &path).expect(2);
    assert!(run.stdout.contains("`email` is missing"), "{}", run.stdout);
}

#[test]
fn devtron_is_told_which_of_the_two_it_loses_whichever_name_it_sends() {
    let source = "devtron-labs/devtron, 2026-07-24";
    for (token, more, loses, other) in [
        ("bitbucket-devtron", format!("{USER}{BLANK}"), "Devtron loses the API", "git works"),
        ("bitbucket-devtron", format!("{PLAIN}{BLANK}"), "Devtron loses the API", "git works"),
        (
            "bitbucket-devtron",
            format!("username = \"octocat@acme.example\"\n{PLAIN}{BLANK}"),
            "Devtron loses git",
            "the API works",
        ),
        ("bitbucket-builder", BLANK.to_owned(), "Devtron loses the API", "git works"),
    ] {
        let home = Home::new();
        let served = Served::start(&home, "ready");
        // Git itself fails where the name is the address: that is no matter of what Devtron sends alone.
        let code = i32::from(loses.ends_with("git"));
        let run = run(&home, &served, "devtron", token, &more).expect(code);
        let check = run.check("handover");
        let detail = check["detail"].as_str().unwrap();
        assert_eq!((&check["verdict"], &check["fault"]), (&"warn".into(), &"auth".into()), "{}", run.stdout);
        assert!(detail.contains(loses) && detail.contains(other) && detail.contains(source), "{detail}");
        assert!(check["remedy"]["text"].as_str().unwrap().contains("Flux and Argo CD"), "{check}");
    }
    // Keptn asks git alone, so that one name is enough for it.
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let run = run(&home, &served, "keptn", "bitbucket-keptn", &format!("{USER}{BLANK}")).expect(0);
    assert_eq!(run.check("handover")["verdict"], "pass", "{}", run.stdout);
    let shown = home.run(&["show", "keptn-bitbucket-acme"]).expect(0);
    assert!(shown.stdout.contains("octocat"), "{}", shown.stdout);
}

#[test]
fn dxup_says_why_no_token_helps_it_here() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    for (token, more) in [("bitbucket-keptn", PLAIN), ("bitbucket-workspace", "")] {
        let run = run(&home, &served, "dxup", token, &format!("{more}{SHOP}")).expect(1);
        let detail = run.check("identity")["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("2026-07-28") && detail.contains("410") && detail.contains("SSH key"), "{detail}");
    }
}

/// The lists across workspaces answer 410 since 2026-04-14: they do here too, and nobody asks them.
#[test]
fn what_bitbucket_has_withdrawn_is_never_asked() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    for (platform, token, more) in [
        ("keptn", "bitbucket-keptn", format!("{USER}{NEW}")),
        ("devtron", "bitbucket-devtron", format!("{USER}{BLANK}")),
        ("qovery", "bitbucket-qovery", SHOP.to_owned()),
        ("qovery", "bitbucket-repository", SHOP.to_owned()),
        ("flux", "bitbucket-flux", format!("{PLAIN}[repository]\nname = \"fleet\"\ncreate = true\n")),
        ("argocd", "bitbucket-argocd", format!("{PLAIN}{SHOP}")),
        ("none", "bitbucket-nameless", format!("{PLAIN}{SHOP}")),
    ] {
        run(&home, &served, platform, token, &more);
    }
    let requests = served.requests();
    assert!(requests.len() > 40, "{}", requests.len());
    let gone: Vec<_> = requests.iter().filter(|request| request["status"] == 410).collect();
    assert!(gone.is_empty(), "{gone:?}");
    let paths: Vec<_> = requests.iter().map(|request| request["path"].as_str().unwrap()).collect();
    let withdrawn = |path: &&&str| {
        let path = path.split('?').next().unwrap();
        ["/2.0/workspaces", "/2.0/repositories"].contains(&path.trim_end_matches('/'))
            || path.starts_with("/2.0/user/permissions")
            || path.starts_with("/2.0/pullrequests")
    };
    assert_eq!(paths.iter().find(withdrawn), None);
    // The world does answer so to git with an app password, and (see `played`) to those lists.
    let host = served.host_of("bitbucket");
    let url = host.replace("http://", &format!("http://octocat:{}@", served.token("bitbucket-app-password")));
    let refused = git(&home, &["ls-remote", &format!("{url}/acme/webshop.git")]);
    assert!(refused.code != 0 && refused.stderr.contains("410"), "{}", refused.stderr);
}

/// The rows of the table of scenarios, as far as they apply: Devtron fails in each, by what it sends.
#[test]
fn every_scenario_ends_as_it_is_promised() {
    let sso = ("sso-required", "fail", 1, false, "owner", "token-policy");
    for row in EVERYWHERE.into_iter().chain([EXPIRES_SOON, SLOW, sso]) {
        for platform in ["keptn", "devtron", "qovery", "flux", "argocd"] {
            let absent = row == sso && platform == "qovery";
            // Each request takes two seconds there: one platform is enough.
            if absent || (row == SLOW && platform != "argocd") {
                continue;
            }
            let (scenario, verdict, code, saved, id, fault) = row;
            let devtron = platform == "devtron" && matches!(verdict, "pass" | "warn" | "unknown");
            let (verdict, id, fault) = if devtron { ("warn", "handover", "auth") } else { (verdict, id, fault) };
            comes_to("bitbucket", platform, (scenario, verdict, code, saved, id, fault));
        }
    }
}
