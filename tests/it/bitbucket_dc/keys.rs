//! SSH keys: found by their fingerprint, registered with the right permission, refused in words that say why.

use git_access::fact::FaultKind;
use git_access::key::{Lock, NewKey, PublicKey};

use super::{answer, at, error, gitops, not_permitted, page, world};

pub const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDnylCPIwNdp4hLwjoqn70nR1TNR5H/03/RpfcHh3MAp";

pub fn key(line: &str) -> PublicKey {
    PublicKey::parse(line).unwrap()
}

pub fn new(lock: Lock, read_only: bool) -> NewKey {
    NewKey { lock, key: key(KEY), title: "git-access dxup".into(), read_only }
}

fn row(id: u32, line: &str, more: &str) -> String {
    format!(r#"{{"id":{id},"text":"{line} somebody","label":"dxup"{more}}}"#)
}

fn access(id: u32, line: &str, permission: &str) -> String {
    format!(r#"{{"key":{},"permission":"{permission}","repository":{{}}}}"#, row(id, line, ""))
}

#[tokio::test]
async fn an_access_key_is_found_on_the_second_part_of_the_list() {
    for (permission, read_only) in [("REPO_READ", Some(true)), ("REPO_WRITE", Some(false)), ("NEW", None)] {
        let server = world(move |seen| {
            let there = seen.target.starts_with("/rest/keys/1.0/projects/ACME/repos/gitops/ssh?");
            let first = page(&[&access(1, OTHER, "REPO_WRITE")])
                .replace("\"isLastPage\":true", "\"isLastPage\":false")
                .replace("\"nextPageStart\":null", "\"nextPageStart\":1");
            let second = page(&[&access(2, KEY, permission)]).replace("\"start\":0", "\"start\":1");
            there.then(|| answer(200, if seen.target.ends_with("start=1") { second } else { first }))
        })
        .await;
        let found = at(&server).key(&Lock::Repository(gitops()), &key(KEY)).await.unwrap();
        assert_eq!((found.id.as_str(), found.title.as_str(), found.read_only), ("2", "dxup", read_only));
        assert!(found.usable);
    }
    let server = world(|seen| seen.target.contains("/rest/keys/").then(|| answer(200, page(&[])))).await;
    let fault = at(&server).key(&Lock::Repository(gitops()), &key(KEY)).await.unwrap_err();
    assert_eq!((fault.kind, fault.accepted), (FaultKind::NotFound, true));
    let link = fault.remedy.unwrap().url.unwrap();
    assert!(link.ends_with("/plugins/servlet/ssh/projects/ACME/repos/gitops/keys"), "{link}");
}

#[tokio::test]
async fn a_key_of_the_account_tells_whether_it_has_ended() {
    for (more, usable) in [
        ("", true),
        (r#","createdDate":1600000000000,"expiryDays":30"#, false),
        (r#","createdDate":1600000000000,"expiryDays":300000"#, true),
        (r#","createdDate":1600000000000,"expiryDays":null"#, true),
    ] {
        let server = world(move |seen| {
            let there = seen.target.starts_with("/rest/ssh/1.0/keys?");
            there.then(|| answer(200, page(&[&row(5, KEY, more)])))
        })
        .await;
        let found = at(&server).key(&Lock::Account, &key(KEY)).await.unwrap();
        assert_eq!((found.id.as_str(), found.read_only, found.usable), ("5", Some(false), usable), "{more}");
    }
}

#[tokio::test]
async fn a_key_is_registered_once_with_the_permission_that_was_asked_for() {
    for (lock, read_only, path, body) in [
        (
            Lock::Repository(gitops()),
            true,
            "/rest/keys/1.0/projects/ACME/repos/gitops/ssh",
            format!(
                r#"{{"key":{{"label":"git-access dxup","text":"{KEY} git-access dxup"}},"permission":"REPO_READ"}}"#
            ),
        ),
        (
            Lock::Repository(gitops()),
            false,
            "/rest/keys/1.0/projects/ACME/repos/gitops/ssh",
            format!(
                r#"{{"key":{{"label":"git-access dxup","text":"{KEY} git-access dxup"}},"permission":"REPO_WRITE"}}"#
            ),
        ),
        (
            Lock::Account,
            false,
            "/rest/ssh/1.0/keys",
            format!(r#"{{"label":"git-access dxup","text":"{KEY} git-access dxup"}}"#),
        ),
    ] {
        let account = lock == Lock::Account;
        let server = world(move |seen| {
            let permission = if read_only { "REPO_READ" } else { "REPO_WRITE" };
            let made = if account { row(9, KEY, "") } else { access(9, KEY, permission) };
            (seen.method == "POST").then(|| answer(201, made))
        })
        .await;
        let made = at(&server).register_key(&new(lock, read_only)).await.unwrap();
        assert_eq!((made.id.as_str(), made.read_only, made.usable), ("9", Some(read_only), true));
        let posts: Vec<_> = server.seen().into_iter().filter(|seen| seen.method == "POST").collect();
        assert_eq!(posts.len(), 1);
        let sent: serde_json::Value = serde_json::from_str(&posts[0].body).unwrap();
        assert_eq!((posts[0].target.as_str(), sent), (path, serde_json::from_str(&body).unwrap()));
    }
}

#[tokio::test]
async fn a_key_that_is_refused_says_why_and_where_to_go() {
    let twice = ("bitbucket.ssh.DuplicateSshKeyException", "SSH key already provides access to this repository");
    let taken = ("stash.ssh.api.SshKeyAlreadyInUseException", "This SSH key is already assigned to 'octocat'.");
    for (lock, step, text, remedy) in [
        (Lock::Repository(gitops()), answer(409, error(twice.0, twice.1)), "already among", "as it is"),
        (Lock::Repository(gitops()), answer(409, error(taken.0, taken.1)), "assigned to 'octocat'", "never both"),
        (Lock::Repository(gitops()), not_permitted(), "does not permit", "repository admin"),
        (Lock::Account, not_permitted(), "does not permit", "may not change its account"),
    ] {
        let server = world(move |seen| (seen.method == "POST").then(|| step.clone())).await;
        let fault = at(&server).register_key(&new(lock, true)).await.unwrap_err();
        assert_eq!((fault.kind, fault.accepted), (FaultKind::NoAccess, true), "{}", fault.text);
        let told = fault.remedy.unwrap();
        assert!(fault.text.contains(text) && told.text.contains(remedy), "{} {}", fault.text, told.text);
        assert!(told.url.unwrap().ends_with("/keys"));
    }
}

#[tokio::test]
async fn what_is_made_has_to_be_the_key_that_was_sent() {
    let server = world(|seen| (seen.method == "POST").then(|| answer(201, access(9, OTHER, "REPO_READ")))).await;
    let fault = at(&server).register_key(&new(Lock::Repository(gitops()), true)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotTheApi);
}
