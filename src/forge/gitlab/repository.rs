//! One repository (a project, as GitLab has it): looked up, or created.

use serde_json::json;

use super::list::is_going;
use super::refusal::Refusal;
use super::wire::{DEVELOPER, MAINTAINER, OWNER, role};
use super::{GitLab, wire};
use crate::fact::{Fault, FaultKind, OwnerPath, Place, Remedy, Repository, Service, Told, Visibility};
use crate::forge::client::{Answer, Request, Sign};
use crate::forge::{NewRepository, creation, is_silent, name, part};
use crate::key::SshAddress;

impl part::Repository for GitLab {
    /// The repository, asked at most once until something is created there.
    async fn repository(&self, place: &Place) -> Result<Repository, Fault> {
        let place = self.place(place).await?;
        let (me, asked) = (self.clone(), place.clone());
        self.0.repositories.ask(place, || async move { me.repository_now(&asked).await }).await
    }

    async fn create(&self, new: &NewRepository) -> Result<Repository, Fault> {
        let place = self.place(&new.place).await?;
        let subject = subject(&place);
        let mut body = json!({
            "name": place.name,
            "path": place.name,
            "visibility": new.visibility.name(),
            "initialize_with_readme": new.readme,
        });
        // Without a group it is made below the account itself; a group is taken by its number only.
        if new.in_organisation {
            body["namespace_id"] = json!(self.group(&place.owner.owner).await?.id);
        }
        let request = Request::post(self.0.site.api.join("/projects"), body).sign(Sign::Bearer);
        let outcome = self.send(&request.header("accept", "application/json")).await;
        self.0.repositories.forget(&place);
        let answer = match outcome {
            Ok(answer) => answer,
            Err(fault) if is_silent(&fault) => return creation::after_silence(self, &place, fault).await,
            Err(fault) => return Err(fault),
        };
        if answer.status == 201 {
            let made = answer.json(&subject).and_then(|told| self.understood(told, &answer, &subject));
            return match made {
                Ok(repository) if repository.place.owner.owner.eq_ignore_ascii_case(&place.owner.owner) => {
                    Ok(repository)
                }
                Ok(_) => creation::after_silence(self, &place, answer.not_the_api(&subject)).await,
                Err(fault) => creation::after_silence(self, &place, fault).await,
            };
        }
        let fault = self.refused(&answer, &format!("creating {subject}")).await;
        if answer.status >= 500 || answer.status < 400 {
            return creation::after_silence(self, &place, fault).await;
        }
        Err(self.why_not(&answer, &place, fault).await)
    }
}

impl GitLab {
    /// The place with names that are safe for an address; an owner's number is replaced by the path.
    pub(super) async fn place(&self, place: &Place) -> Result<Place, Fault> {
        let name = name::repository(&self.0.site, place)?;
        let mut owner = name::owner(&self.0.site, &place.owner)?;
        if owner.bytes().all(|byte| byte.is_ascii_digit()) {
            owner = self.group(&owner).await?.full_path;
        }
        Ok(Place { owner: OwnerPath { owner, project: None }, name })
    }

    /// A renamed project answers with a redirect to its number: the outcome then has the new name.
    async fn repository_now(&self, place: &Place) -> Result<Repository, Fault> {
        let subject = subject(place);
        let path = format!("/projects/{}", shown(place).replace('/', "%2F"));
        let (told, answer): (wire::Project, _) = match self.read(&path, &subject).await {
            Ok(told) => told,
            Err(fault) if fault.kind == FaultKind::MissingScope => return self.seen_by_git(place, fault).await,
            Err(fault) => return Err(fault),
        };
        let repository = self.understood(told, &answer, &subject)?;
        let same = shown(&repository.place).eq_ignore_ascii_case(&shown(place));
        if same || answer.followed { Ok(repository) } else { Err(answer.not_the_api(&subject)) }
    }

    /// A token for git only is told nothing by the API. What git tells a reader proves that the project is there; asking
    /// to push would not, since that creates it.
    async fn seen_by_git(&self, place: &Place, closed: Fault) -> Result<Repository, Fault> {
        let user = self.0.site.provider.rules().git_user(None, None);
        let refs = match self.git(place, Service::Read, &user).await {
            Ok(refs) => refs,
            // A token for neither: what the API said tells more.
            Err(fault) if fault.kind == FaultKind::MissingScope => return Err(closed),
            Err(fault) => return Err(fault),
        };
        Ok(Repository {
            place: place.clone(),
            id: None,
            default_branch: refs.head.and_then(|head| head.strip_prefix("refs/heads/").map(str::to_owned)),
            visibility: None,
            archived: false,
            disabled: false,
            account_pushes: Told::NotTold,
            account_administers: Told::NotTold,
            account_deletes: Told::NotTold,
            role: None,
            pushed: None,
            ssh: None,
        })
    }

    fn understood(&self, told: wire::Project, answer: &Answer, subject: &str) -> Result<Repository, Fault> {
        let rules = self.0.site.provider.rules();
        if is_going(&told) {
            let day = told.marked_for_deletion_on.or(told.marked_for_deletion_at).unwrap_or_default();
            let text =
                format!("{} is to be deleted (marked {}).", answer.say(&told.path_with_namespace), answer.say(&day));
            let remedy = "Restore it in its settings (General, Advanced), or choose another name.";
            return Err(answer.fault(FaultKind::NoAccess, &text).remedy(Remedy::new(remedy)).accepted());
        }
        let whole = told.path_with_namespace == format!("{}/{}", told.namespace.full_path, told.path);
        let names = rules.owner_name(&told.namespace.full_path).ok().zip(rules.repository_name(&told.path).ok());
        let Some((owner, name)) = names.filter(|_| whole) else { return Err(answer.not_the_api(subject)) };
        let visibility = match told.visibility.as_deref() {
            Some("private") => Some(Visibility::Private),
            Some("internal") => Some(Visibility::Internal),
            Some("public") => Some(Visibility::Public),
            _ => None,
        };
        // Both absent: the account comes in by another way (public, administrator, another group), which is not told.
        let level = told.permissions.and_then(|both| {
            both.project_access.into_iter().chain(both.group_access).map(|access| access.access_level).max()
        });
        let reaches = |least| level.map(|level| level >= least).into();
        Ok(Repository {
            place: Place { owner: OwnerPath { owner, project: None }, name },
            id: Some(told.id.to_string()),
            default_branch: told.default_branch.filter(|branch| name::is_branch(branch)),
            visibility,
            archived: told.archived,
            disabled: told.repository_access_level.as_deref() == Some("disabled"),
            account_pushes: reaches(DEVELOPER),
            account_administers: reaches(MAINTAINER),
            account_deletes: reaches(OWNER),
            role: level.map(role),
            pushed: told.last_activity_at.and_then(|moment| moment.parse().ok()),
            ssh: told.ssh_url_to_repo.and_then(|url| SshAddress::parse(&url).ok()),
        })
    }

    /// Why a project was not created, where the refusal has a meaning of its own here.
    async fn why_not(&self, answer: &Answer, place: &Place, fault: Fault) -> Fault {
        let Some(refusal) = Refusal::read(answer) else { return fault };
        let shown = shown(place);
        let told = |text: String, remedy: &str| {
            answer.fault(FaultKind::NoAccess, &text).remedy(Remedy::new(remedy)).accepted()
        };
        if refusal.says("has already been taken") {
            return match self.repository_now(place).await {
                Ok(_) => told(
                    format!("A project {shown} exists already; nothing was created."),
                    "Use the existing project, or choose another name.",
                ),
                Err(going) if going.text.contains("to be deleted") => going,
                Err(_) => told(
                    format!("The path {shown} is taken by what this token may not see; nothing was created."),
                    "Choose another name, or a token that may see it. A project that waits for its deletion holds its path on older versions.",
                ),
            };
        }
        if refusal.says("visibility") {
            let remedy = "Choose private: a project is never more visible than its group, and an administrator may rule a visibility out.";
            return told(
                format!("{shown} cannot have this visibility; nothing was created. GitLab said “{}”.", refusal.words),
                remedy,
            );
        }
        if refusal.says("limit") {
            return told(
                format!(
                    "The account may have no more projects of its own; nothing was created. GitLab said “{}”.",
                    refusal.words
                ),
                "Create it in a group, or ask an administrator for a higher limit.",
            );
        }
        if refusal.says("namespace") {
            return told(
                format!("The account may not create projects in {}; nothing was created.", place.owner.owner),
                "Ask an Owner of the group for a role that may create projects there.",
            );
        }
        fault
    }
}

pub(super) fn subject(place: &Place) -> String {
    format!("the project {}", shown(place))
}

fn shown(place: &Place) -> String {
    format!("{}/{}", place.owner.owner, place.name)
}
