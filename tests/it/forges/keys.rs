//! SSH keys at the three forges: found whatever the comment, refused in words that say which of the causes it is, and
//! never taken for absent because an answer was wrong.

use std::sync::Arc;

use futures_util::future::join_all;
use git_access::fact::FaultKind;
use git_access::forge::{Forge, Limits, Outside};
use git_access::key::{Lock, NewKey, PublicKey};
use git_access::provider::Provider;

use super::proof::wrong_answers;
use super::{gitops, limits, open, site_of};
use crate::support::raw::{Raw, Seen, Step};

const LINE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf";
const CASTS: [(Provider, &str); 3] = [
    (Provider::GitHub, super::CANARY),
    (Provider::GitLab, crate::gitlab::TOKEN),
    (Provider::Gitea, crate::gitea::CANARY),
];

fn key() -> PublicKey {
    PublicKey::parse(LINE).unwrap()
}

fn new(lock: Lock, read_only: bool) -> NewKey {
    NewKey { lock, key: key(), title: "flux".into(), read_only }
}

fn forge(provider: Provider, token: &str, server: &Raw, limits: Limits) -> Arc<dyn Forge> {
    open(&site_of(provider, &server.origin()), token, &Outside::new(None).with_limits(limits))
}

/// An answer with what marks each forge's own.
fn marked(status: u16, body: &str) -> Step {
    let headers = [
        ("Content-Type", "application/json"),
        ("X-GitHub-Media-Type", "github.v3"),
        ("X-Gitlab-Meta", "{}"),
        ("X-Total-Count", "1"),
    ];
    Step::answer(status, &headers, body)
}

fn is_about_keys(seen: &Seen) -> bool {
    seen.target.contains("/keys") || seen.target.contains("/deploy_keys")
}

/// A row of the list, as each forge writes it.
fn row(provider: Provider, line: &str, more: &str) -> String {
    let own =
        if provider == Provider::GitHub { r#""verified":true"# } else { r#""created_at":"2026-11-20T09:00:00Z""# };
    format!(r#"{{"id":5,"title":"flux","key":"{line} octocat@acme",{own}{more}}}"#)
}

#[tokio::test]
async fn a_key_is_found_whatever_its_comment_with_its_access_and_its_state() {
    for (provider, token) in CASTS {
        let (reads, writes) = if provider == Provider::GitLab {
            (r#","can_push":false"#, r#","can_push":true"#)
        } else {
            (r#","read_only":true"#, r#","read_only":false"#)
        };
        let off = if provider == Provider::GitHub {
            r#","read_only":true,"enabled":false"#
        } else if provider == Provider::GitLab {
            r#","can_push":true,"expires_at":"2020-01-01T00:00:00Z""#
        } else {
            ""
        };
        for (more, read_only, usable) in [(reads, Some(true), true), (writes, Some(false), true), (off, None, false)] {
            if more.is_empty() {
                continue;
            }
            let body = format!("[{},{}]", row(provider, OTHER, reads), row(provider, LINE, more));
            let server = Raw::start(move |_| marked(200, &body)).await;
            let forge = forge(provider, token, &server, limits());
            let found = forge.key(&Lock::Repository(gitops()), &key()).await.unwrap();
            assert_eq!(found.usable, usable, "{provider} {more}");
            assert!(read_only.is_none() || found.read_only == read_only, "{provider} {more}");
            assert_eq!((found.id.as_str(), found.title.as_str()), ("5", "flux"));
            // What an account's list says of it is not what the key may: it does all that the account may.
            assert_eq!(forge.key(&Lock::Account, &key()).await.unwrap().read_only, None, "{provider}");
        }
    }
}

#[tokio::test]
async fn absent_and_hidden_are_two_things() {
    for (provider, token) in CASTS {
        for (status, body, kind) in [
            (200, "[]".to_owned(), FaultKind::NotFound),
            (200, format!("[{}]", row(provider, OTHER, "")), FaultKind::NotFound),
            (404, missing(provider), FaultKind::NoAccess),
        ] {
            let server = Raw::start(move |_| marked(status, &body)).await;
            for lock in [Lock::Repository(gitops()), Lock::Account] {
                let fault = forge(provider, token, &server, limits()).key(&lock, &key()).await.unwrap_err();
                assert_eq!(fault.kind, kind, "{provider} {status}: {}", fault.text);
                assert!(fault.remedy.is_some());
            }
        }
    }
}

fn missing(provider: Provider) -> String {
    if provider == Provider::GitHub {
        super::NOT_FOUND.to_owned()
    } else if provider == Provider::GitLab {
        r#"{"message":"404 Project Not Found"}"#.to_owned()
    } else {
        r#"{"errors":null,"message":"not found","url":"https://git.example/api/swagger"}"#.to_owned()
    }
}

fn refusal(provider: Provider, words: &str) -> (u16, String) {
    if provider == Provider::GitHub {
        let errors = format!(r#"[{{"resource":"PublicKey","message":"{words}"}}]"#);
        let body = r#"{"message":"Validation Failed","documentation_url":"https://docs.github.com/rest","errors":"#;
        (422, format!("{body}{errors}}}"))
    } else if provider == Provider::GitLab {
        (400, format!(r#"{{"message":{{"deploy_key.fingerprint_sha256":["{words}"]}}}}"#))
    } else {
        (422, format!(r#"{{"message":"{words}","url":"https://git.example/api/swagger"}}"#))
    }
}

#[tokio::test]
async fn each_refusal_of_a_new_key_says_which_it_is() {
    for (provider, words, told) in [
        (Provider::GitHub, "key is already in use", "has this key already"),
        (Provider::GitHub, "Deploy keys are disabled for this repository", "switched such keys off"),
        (Provider::GitHub, "key is invalid. You must supply a key in OpenSSH format", "does not take this key"),
        (Provider::GitHub, "something new", "something new"),
        (Provider::GitLab, "has already been taken", "has this key already"),
        (Provider::GitLab, "key type is forbidden. Must be ED25519", "does not take this key"),
        (Provider::Gitea, "Key content has been used as non-deploy key", "has this key already"),
        (Provider::Gitea, "Key title has been used", "Another key is called “flux”"),
        (Provider::Gitea, "SSH is disabled", "switched such keys off"),
        (Provider::Gitea, "Invalid key content: unable to parse", "does not take this key"),
    ] {
        let (status, body) = refusal(provider, words);
        let server = Raw::start(move |_| marked(status, &body)).await;
        let token = CASTS.iter().find(|(one, _)| *one == provider).unwrap().1;
        let forge = forge(provider, token, &server, limits());
        let fault = forge.register_key(&new(Lock::Repository(gitops()), true)).await.unwrap_err();
        assert!(fault.text.contains(told), "{provider} {words}: {}", fault.text);
        assert!(fault.accepted && fault.remedy.is_some() && fault.kind == FaultKind::NoAccess, "{fault:?}");
        assert_eq!(server.seen().len(), 1, "a refusal is not asked again");
    }
}

#[tokio::test]
async fn what_is_asked_for_says_how_far_the_key_reaches() {
    for (provider, token) in CASTS {
        for (lock, read_only, field) in [
            (
                Lock::Repository(gitops()),
                true,
                if provider == Provider::GitLab { "\"can_push\":false" } else { "\"read_only\":true" },
            ),
            (
                Lock::Repository(gitops()),
                false,
                if provider == Provider::GitLab { "\"can_push\":true" } else { "\"read_only\":false" },
            ),
            (Lock::Account, false, "\"key\":\"ssh-ed25519 "),
        ] {
            let body = row(provider, LINE, "");
            let server = Raw::start(move |_| marked(201, &body)).await;
            let made = forge(provider, token, &server, limits()).register_key(&new(lock.clone(), read_only)).await;
            assert_eq!(made.unwrap().id, "5", "{provider}");
            let seen = server.seen();
            let sent = &seen[0].body;
            assert!(sent.contains(field) && sent.contains(LINE), "{provider}: {sent}");
            assert_eq!((seen.len(), seen[0].method.as_str()), (1, "POST"));
        }
    }
}

#[tokio::test]
async fn a_registration_without_an_answer_is_looked_up_and_not_sent_again() {
    for (provider, token) in CASTS {
        for there in [true, false] {
            let list = if there { format!("[{}]", row(provider, LINE, "")) } else { "[]".to_owned() };
            let server =
                Raw::start(move |seen| if seen.method == "POST" { Step::Reset } else { marked(200, &list) }).await;
            let made = forge(provider, token, &server, limits()).register_key(&new(Lock::Account, false)).await;
            assert_eq!(made.is_ok(), there, "{provider}");
            assert_eq!(server.seen().iter().filter(|seen| seen.method == "POST").count(), 1, "{provider}");
        }
    }
}

/// Absent would mean that the key is registered next: no wrong answer may say so.
#[tokio::test]
async fn no_wrong_answer_yields_a_key_or_its_absence() {
    let limits =
        Limits { total: std::time::Duration::from_millis(600), pause: std::time::Duration::from_millis(1), ..limits() };
    let mut count = 0;
    for (provider, token) in CASTS {
        let asked = wrong_answers().into_iter().map(|(name, step)| async move {
            let wrong = move |seen: &Seen| if is_about_keys(seen) { step.clone() } else { marked(404, "{}") };
            let server = Raw::start(wrong).await;
            let forge = forge(provider, token, &server, limits);
            let mut outcomes = Vec::new();
            for lock in [Lock::Repository(gitops()), Lock::Account] {
                outcomes.push(forge.key(&lock, &key()).await);
                outcomes.push(forge.register_key(&new(lock, false)).await);
            }
            (name, outcomes)
        });
        for (name, outcomes) in join_all(asked).await {
            for outcome in outcomes {
                let fault = outcome.expect_err(name);
                assert!(fault.kind != FaultKind::NotFound, "{provider} {name}: {}", fault.text);
                assert!(fault.remedy.is_some(), "{provider} {name}");
                count += 1;
            }
        }
    }
    assert!(count > 600, "{count}");
}
