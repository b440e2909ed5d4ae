//! SSH keys: access keys that only read, account keys, and what is said about a key that is known already.

use git_access::fact::FaultKind;
use git_access::key::{Lock, NewKey, PublicKey};

use super::{ACCESS_TOKEN, LACKS, MECHANISM, as_user, at, described, error, json, list, world};
use crate::forges::gitops;
use crate::support::raw::Step;

pub const LINE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
pub const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBVbcQ2mzQv1QJ9v0kXbVqvRkqoKkGLy6CqTn4L8jXg2";
const UUID: &str = "{4b85b785-1433-4092-8512-20302f4a03be}";
const OF_REPOSITORY: &str = "/2.0/repositories/acme/gitops/deploy-keys";
const OF_ACCOUNT: &str = "/2.0/users/%7B4b85b785-1433-4092-8512-20302f4a03be%7D/ssh-keys";

fn key() -> PublicKey {
    PublicKey::parse(LINE).unwrap()
}

fn new(lock: Lock, read_only: bool) -> NewKey {
    NewKey { lock, key: key(), title: "dxup".into(), read_only }
}

fn access(line: &str) -> String {
    format!(r#"{{"type":"deploy_key","id":123,"key":"{line}","label":"dxup","comment":"me@here"}}"#)
}

fn personal(line: &str) -> String {
    format!(r#"{{"type":"ssh_key","uuid":"{UUID}","key":"{line} me@here","label":"dxup"}}"#)
}

#[tokio::test]
async fn a_key_is_found_by_itself_whatever_stands_beside_it() {
    for (lock, path, row, id, read_only) in [
        (Lock::Repository(gitops()), OF_REPOSITORY, access(LINE), "123", true),
        (Lock::Account, OF_ACCOUNT, personal(LINE), UUID, false),
    ] {
        let rows = list(&format!("{},{row}", row.replace(LINE, OTHER)));
        let server = world(move |seen| seen.target.starts_with(path).then(|| json(200, &rows))).await;
        let found = at(&server).key(&lock, &key()).await.unwrap();
        assert_eq!((found.id.as_str(), found.title.as_str()), (id, "dxup"));
        assert_eq!((found.read_only, found.usable), (Some(read_only), true));
        let strange = row.replace("deploy_key", "thing").replace("ssh_key", "thing");
        let server = world(move |seen| seen.target.starts_with(path).then(|| json(200, list(&strange)))).await;
        assert_eq!(at(&server).key(&lock, &key()).await.unwrap_err().kind, FaultKind::NotTheApi);
        let other = list(&row.replace(LINE, OTHER));
        let server = world(move |seen| seen.target.starts_with(path).then(|| json(200, &other))).await;
        let fault = at(&server).key(&lock, &key()).await.unwrap_err();
        assert_eq!((fault.kind, fault.accepted), (FaultKind::NotFound, true));
        assert!(fault.text.contains(key().fingerprint()) && fault.remedy.unwrap().url.is_some());
    }
}

#[tokio::test]
async fn an_access_key_that_writes_is_refused_before_anything_is_sent() {
    let server = world(|_| None).await;
    let fault = at(&server).register_key(&new(Lock::Repository(gitops()), false)).await.unwrap_err();
    assert!(server.seen().is_empty(), "{:?}", server.seen());
    let remedy = fault.remedy.unwrap();
    assert!(remedy.text.contains("with the account instead") && remedy.text.contains("account key"), "{}", remedy.text);
    assert!(remedy.url.unwrap().ends_with("/account/settings/ssh-keys/"));
}

#[tokio::test]
async fn keys_are_registered_and_read_back_from_the_answer() {
    for (lock, path, row, status) in [
        (Lock::Repository(gitops()), OF_REPOSITORY, access(LINE), 200),
        (Lock::Account, OF_ACCOUNT, personal(LINE), 201),
    ] {
        let answer = row.clone();
        let server = world(move |seen| (seen.method == "POST").then(|| json(status, &answer))).await;
        assert!(at(&server).register_key(&new(lock.clone(), true)).await.is_ok());
        let sent = server.seen().into_iter().find(|seen| seen.method == "POST").unwrap();
        let body: serde_json::Value = serde_json::from_str(&sent.body).unwrap();
        assert_eq!((sent.target.as_str(), body), (path, serde_json::json!({"key": LINE, "label": "dxup"})));
        // Another key came back, or something else altogether.
        for wrong in [row.replace(LINE, OTHER), "{}".to_owned(), "<html>".to_owned()] {
            let server = world(move |seen| (seen.method == "POST").then(|| json(status, &wrong))).await;
            let fault = at(&server).register_key(&new(lock.clone(), true)).await.unwrap_err();
            assert_eq!(fault.kind, FaultKind::NotTheApi, "{fault:?}");
        }
    }
}

#[tokio::test]
async fn a_key_that_is_known_already_is_told_by_where_it_is() {
    let bare = json(400, r#"{"key":[{"message":"Someone has already added that access key to this repository."}]}"#);
    let framed = error(400, "Someone has already registered that SSH key.");
    for (lock, path, step, there, text) in [
        (Lock::Repository(gitops()), OF_REPOSITORY, bare.clone(), true, "already; nothing was added"),
        (Lock::Repository(gitops()), OF_REPOSITORY, bare, false, "in use elsewhere"),
        (Lock::Account, OF_ACCOUNT, framed.clone(), true, "already; nothing was added"),
        (Lock::Account, OF_ACCOUNT, framed, false, "in use elsewhere"),
        (Lock::Account, OF_ACCOUNT, error(400, "That SSH key is invalid."), false, "is invalid"),
    ] {
        let rows = match (&lock, there) {
            (Lock::Account, true) => personal(LINE),
            (Lock::Repository(_), true) => access(LINE),
            _ => String::new(),
        };
        let server = world(move |seen| match seen.method.as_str() {
            "POST" => Some(step.clone()),
            _ => seen.target.starts_with(path).then(|| json(200, list(&rows))),
        })
        .await;
        let fault = at(&server).register_key(&new(lock, true)).await.unwrap_err();
        assert_eq!((fault.kind, fault.accepted), (FaultKind::NoAccess, true), "{fault:?}");
        assert!(fault.text.contains(text) && fault.remedy.is_some(), "{}", fault.text);
        assert_eq!(server.seen().iter().filter(|seen| seen.method == "POST").count(), 1);
    }
}

#[tokio::test]
async fn an_access_token_has_no_account_and_scopes_close_lists() {
    let nobody = described(403, "repo_access_token", "repository:admin", MECHANISM);
    let server = world(move |seen| (seen.target == "/2.0/user").then(|| nobody.clone())).await;
    let forge = as_user(&server, ACCESS_TOKEN, None);
    let fault = forge.key(&Lock::Account, &key()).await.unwrap_err();
    assert_eq!((fault.kind, fault.accepted), (FaultKind::NoAccess, true), "{fault:?}");
    assert!(forge.register_key(&new(Lock::Account, false)).await.is_err());
    let lacks: Step = json(403, LACKS);
    let server = world(move |seen| seen.target.contains("-keys").then(|| lacks.clone())).await;
    let fault = at(&server).key(&Lock::Repository(gitops()), &key()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::MissingScope);
    assert!(fault.remedy.unwrap().url.unwrap().ends_with("/acme/gitops/admin/access-keys/"));
}
