//! One repository: looked up, or created.

use serde_json::{Value, json};

use super::refusal::{self, Refusal};
use super::{Bitbucket, wire};
use crate::fact::{Fault, FaultKind, OwnerPath, Place, Remedy, Repository, Told, Visibility};
use crate::forge::client::{Answer, Request};
use crate::forge::{NewRepository, creation, name, part};

impl part::Repository for Bitbucket {
    /// The repository, asked at most once until something is created there.
    async fn repository(&self, place: &Place) -> Result<Repository, Fault> {
        let place = self.place(place)?;
        let (me, asked) = (self.clone(), place.clone());
        self.0.repositories.ask(place, || async move { me.repository_now(&asked).await }).await
    }

    async fn create(&self, new: &NewRepository) -> Result<Repository, Fault> {
        let place = self.place(&new.place)?;
        self.session().await?;
        let subject = subject(&place);
        let project = self.project(&place.owner.owner, place.owner.project.as_deref()).await?;
        let mut body = json!({ "scm": "git", "is_private": new.visibility != Visibility::Public });
        if let Some(key) = &project {
            // Without it some workspaces refuse, and others take the oldest project: which one is said, not left to them.
            body["project"] = json!({ "key": key });
        }
        let url = self.0.site.api.join(&format!("/repositories/{}", shown(&place)));
        let sent = self.send(Request::post(url, body).header("accept", "application/json")).await;
        self.0.repositories.forget(&place);
        let answer = match sent {
            Ok(answer) => answer,
            Err(fault) if fault.kind.is_silence() => return creation::after_silence(self, &place, fault).await,
            Err(fault) => return Err(fault),
        };
        if matches!(answer.status, 200 | 201) {
            let made = answer.json(&subject).and_then(|told| self.understood(told, &answer, &place));
            return match made {
                Ok(made) if made.place.is_same_as(&place) => self.filled(made, new).await,
                Ok(_) => creation::after_silence(self, &place, answer.not_the_api(&subject)).await,
                Err(fault) => creation::after_silence(self, &place, fault).await,
            };
        }
        let asked = format!("creating {subject}");
        let fault = refusal::fault(&answer, &self.asking(&asked));
        if fault.kind.is_silence() {
            return creation::after_silence(self, &place, fault).await;
        }
        Err(self.why_not(&answer, &place, fault).await)
    }
}

impl Bitbucket {
    /// The place with names that are safe for an address.
    pub(super) fn place(&self, place: &Place) -> Result<Place, Fault> {
        let name = name::repository(&self.0.site, place)?;
        let owner = OwnerPath { owner: name::owner(&self.0.site, &place.owner)?, project: place.owner.project.clone() };
        Ok(Place { owner, name })
    }

    /// A renamed repository answers with a redirect: the outcome then has the new name.
    async fn repository_now(&self, place: &Place) -> Result<Repository, Fault> {
        let subject = subject(place);
        let session = self.session().await?;
        let path = format!("/repositories/{}", shown(place));
        let (told, answer): (wire::Repository, _) = self.read(&path, &subject).await?;
        let mut repository = self.understood(told, &answer, place)?;
        if !repository.place.is_same_as(place) && !answer.followed {
            return Err(answer.not_the_api(&subject));
        }
        if session.user().is_some() {
            repository.role = self.permission(&repository).await?;
        }
        let reaches = |roles: &[&str]| repository.role.as_deref().map(|role| roles.contains(&role)).into();
        let pushes = reaches(&["admin", "write"]);
        let administers: Told = reaches(&["admin"]);
        Ok(Repository {
            account_pushes: pushes,
            account_administers: administers,
            account_deletes: administers,
            ..repository
        })
    }

    /// The account's permission on a repository; `None`: it is not told to this token.
    async fn permission(&self, repository: &Repository) -> Result<Option<String>, Fault> {
        let place = &repository.place;
        let subject = format!("the permission on {}", shown(place));
        let path = format!(
            "/user/workspaces/{}/permissions/repositories?q=repository.slug%3D%22{}%22&pagelen=1",
            place.owner.owner, place.name
        );
        let (part, answer): (wire::Part<wire::Permission>, _) = match self.read(&path, &subject).await {
            Ok(told) => told,
            Err(fault) if fault.accepted => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let Some(row) = part.values.into_iter().next() else { return Ok(None) };
        let of = row.repository;
        let same = of.is_none_or(|of| {
            of.full_name.is_none_or(|name| name.eq_ignore_ascii_case(&shown(place)))
                && of.uuid.is_none_or(|id| repository.id.as_ref().is_none_or(|known| *known == id))
        });
        let known = ["admin", "write", "read"].contains(&row.permission.as_str());
        if same && known { Ok(Some(row.permission)) } else { Err(answer.not_the_api(&subject)) }
    }

    /// A repository as the API told it, without the account's part in it.
    fn understood(&self, told: wire::Repository, answer: &Answer, asked: &Place) -> Result<Repository, Fault> {
        let rules = self.0.site.provider.rules();
        let names = told.full_name.split_once('/').and_then(|(owner, slug)| {
            let same = told.slug.as_ref().is_none_or(|told| told.eq_ignore_ascii_case(slug));
            rules.owner_name(owner).ok().zip(rules.repository_name(slug).ok()).filter(|_| same)
        });
        let fine = told.kind == "repository" && wire::is_uuid(&told.uuid);
        let Some((owner, name)) = names.filter(|_| fine) else { return Err(answer.not_the_api(&subject(asked))) };
        // Without a project in the answers none is compared.
        let project =
            asked.owner.project.as_ref().map(|asked| told.project.map_or(asked.clone(), |project| project.key));
        Ok(Repository {
            place: Place { owner: OwnerPath { owner, project }, name },
            id: Some(told.uuid),
            default_branch: told.mainbranch.map(|branch| branch.name).filter(|branch| name::is_branch(branch)),
            visibility: Some(if told.is_private { Visibility::Private } else { Visibility::Public }),
            archived: false,
            disabled: false,
            account_pushes: Told::NotTold,
            account_administers: Told::NotTold,
            account_deletes: Told::NotTold,
            role: None,
            pushed: told.updated_on.and_then(|moment| moment.parse().ok()),
            // Its one address over SSH follows from the names.
            ssh: None,
        })
    }

    /// The first commit, where one was asked for: creation makes none, an upload of a file does ("Create a commit by
    /// uploading a file").
    async fn filled(&self, made: Repository, new: &NewRepository) -> Result<Repository, Fault> {
        if !new.readme {
            return Ok(made);
        }
        let shown = shown(&made.place);
        let readme = format!("# {}\n", made.place.name);
        let fields = [("/README.md", readme.as_str()), ("message", "Initial commit")];
        let url = self.0.site.api.join(&format!("/repositories/{shown}/src"));
        let answer = self.send(Request::form(url, &fields).header("accept", "application/json")).await;
        let fault = match answer {
            Ok(answer) if answer.status == 201 => return Ok(made),
            Ok(answer) => refusal::fault(&answer, &self.asking("the first commit")),
            Err(fault) => fault,
        };
        let text = format!("The repository {shown} was created, and its first commit was not. {}", fault.text);
        let remedy =
            "Run this again to use the repository as it is, with `contents = \"empty\"`, or push a first commit.";
        Err(Fault { text, ..fault }.remedy(Remedy::new(remedy)))
    }

    /// A name that is taken is refused with 400, and so is a lack of rights.
    async fn why_not(&self, answer: &Answer, place: &Place, fault: Fault) -> Fault {
        let Some(refusal) = Refusal::read(answer) else { return fault };
        let told = |text: String, remedy: &str| {
            answer.fault(FaultKind::NoAccess, &text).remedy(Remedy::new(remedy)).accepted()
        };
        if refusal.says("already exists") || refusal.says("already have a repository") {
            let (text, remedy) = creation::taken(self, place).await;
            return told(text, remedy);
        }
        if refusal.says("project") && answer.status == 400 {
            let text =
                format!("Bitbucket does not create {} in this project and said “{}”.", shown(place), refusal.words);
            return told(
                text,
                "Name a project of the workspace as `project`, in which the account may create repositories.",
            );
        }
        if answer.status == 400 {
            let text = format!(
                "The account may not create repositories in {}, or something does not fit: Bitbucket said “{}”.",
                place.owner.owner, refusal.words
            );
            return told(
                text,
                "Ask an administrator of the workspace for the right to create repositories in the project.",
            );
        }
        fault
    }
}

pub(super) fn subject(place: &Place) -> String {
    format!("the repository {}", shown(place))
}

pub(super) fn shown(place: &Place) -> String {
    format!("{}/{}", place.owner.owner, place.name)
}

/// Whether `value` is a list as every list of the API is.
pub(super) fn is_list(value: &Value) -> bool {
    value.get("values").is_some_and(Value::is_array) && value.get("pagelen").is_some_and(Value::is_u64)
}
