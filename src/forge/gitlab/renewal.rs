//! A token that replaces itself, or ends itself.
//!
//! `POST …/self/rotate` answers once with the new token, and ends the old one in the same moment ("Rotate a personal
//! access token", <https://docs.gitlab.com/api/personal_access_tokens/>, read on 2026-11-20). Without `expires_at` the new
//! one lives for a week, so the date is always sent. Rotating a token that has been rotated before ends the new one as
//! well ("Automatic reuse detection"): the request is never repeated.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::json;

use super::GitLab;
use super::refusal::Refusal;
use crate::fact::{Expiry, Fault, FaultKind, Remedy};
use crate::forge::NewToken;
use crate::forge::client::{Answer, Request, Sign};
use crate::forge::part;
use crate::secret::Secret;

/// The answer. The token is read where it lies, so that no copy of it is left.
#[derive(Deserialize)]
struct Renewed<'a> {
    #[serde(borrow)]
    token: Cow<'a, str>,
    #[serde(default)]
    expires_at: Option<String>,
}

impl part::Renewal for GitLab {
    async fn rotate_token(&self, ends: Timestamp) -> Result<NewToken, Fault> {
        let path = format!("{}/self/rotate", self.own_tokens().await);
        let body = json!({ "expires_at": ends.to_zoned(TimeZone::UTC).date().to_string() });
        let request = Request::post(self.0.site.api.join(&path), body);
        let answer = self.send(&request.header("accept", "application/json").sign(Sign::Bearer)).await?;
        if !matches!(answer.status, 200 | 201) {
            return Err(self.not_rotated(&answer));
        }
        let host = answer.host().to_owned();
        let read = |text: &str| {
            let told: Renewed<'_> = serde_json::from_str(text).ok()?;
            let day = told.expires_at.as_deref().and_then(|day| day.parse::<Date>().ok());
            let day = day.and_then(|day| day.to_zoned(TimeZone::UTC).ok());
            let expires = day.map_or(Expiry::NotTold, |day| Expiry::At(day.timestamp()));
            Some(NewToken { secret: Secret::parse(&told.token).ok()?, expires })
        };
        let new = answer.wiped(read).ok_or_else(|| {
            let text = format!("{host} answered that the token was replaced, and the answer holds no new one.");
            Fault::new(FaultKind::NotTheApi, text).remedy(super::look_at_the_host())
        })?;
        self.0.client.learn(&new.secret);
        Ok(new)
    }

    /// `DELETE /personal_access_tokens/self`, open to every scope from 15.4 on.
    async fn revoke_token(&self) -> Result<(), Fault> {
        let request = Request::delete(self.0.site.api.join("/personal_access_tokens/self"));
        let answer = self.send(&request.header("accept", "application/json").sign(Sign::Bearer)).await?;
        if answer.status == 204 { Ok(()) } else { Err(self.refused(&answer, "the end of the replaced token").await) }
    }
}

impl GitLab {
    /// Where the token stands among its like. That of a project or a group has addresses of its own, which keep the
    /// membership of its robot alive as well ("Project access tokens", "Group access tokens").
    async fn own_tokens(&self) -> String {
        let user = self.user().await.ok();
        let robot = user.as_ref().and_then(|user| {
            let (kind, rest) = user.username.split_once('_')?;
            let (number, _) = rest.split_once("_bot")?;
            let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            (plain && ["project", "group"].contains(&kind)).then(|| format!("/{kind}s/{number}/access_tokens"))
        });
        robot.unwrap_or_else(|| "/personal_access_tokens".to_owned())
    }

    fn not_rotated(&self, answer: &Answer) -> Fault {
        let fault = self.refused_as(answer, "the rotation of this token", None);
        let Some(refusal) = Refusal::read(answer) else { return fault };
        let remedy = match refusal.status {
            400 => "Choose another end with --expires: GitLab limits how long a token may live.",
            403 => {
                "Give the token the scope self_rotate or api, or make a new one on its page and give it with --answers."
            }
            404 | 405 => {
                "Make a new token on its page, and give it with --answers: GitLab 16.10 and newer replace one."
            }
            _ => return fault,
        };
        let text = format!("GitLab did not replace the token and said “{}”.", refusal.words);
        // An address that an older version does not know is a definite answer, not the silence of another program.
        let kind = if fault.kind.is_silence() { FaultKind::NotFound } else { fault.kind };
        Fault { kind, text, remedy: Some(Remedy::new(remedy)), ..fault }
    }
}
