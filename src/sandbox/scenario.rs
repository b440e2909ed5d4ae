//! A scenario: a small world, described in TOML.
//!
//! It says who exists, what they may do, which tokens they hold and what the network does to requests. It never says what
//! a client should conclude from that. Tokens have no value here: each start of the sandbox makes new ones.
//! A user's own file is read by the same code as the shipped ones, so every problem carries its line and column.

use std::collections::BTreeMap;
use std::ops::Deref;

use serde::Deserialize;
use toml::value::Datetime;

use super::validate;

/// A parsed world. Start it with [`super::Sandbox::start`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub(super) about: String,
    /// Every request waits this long before it is answered.
    #[serde(default)]
    pub(super) delay_ms: u64,
    /// Which program serves a provider that several programs imitate or continue; the imitation's usual one when absent.
    #[serde(default)]
    pub(super) programs: Vec<Program>,
    #[serde(default)]
    pub(super) accounts: Vec<Account>,
    #[serde(default)]
    pub(super) tokens: Vec<Token>,
    #[serde(default)]
    pub(super) organisations: Vec<Organisation>,
    #[serde(default)]
    pub(super) repositories: Vec<Repository>,
    #[serde(default)]
    pub(super) answers: Vec<SampleAnswers>,
    #[serde(default)]
    pub(super) disturbances: Vec<Disturbance>,
}

/// Why a text is not a scenario, and where. Lines and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ScenarioError {
    pub line: usize,
    pub column: usize,
    pub message: String,
}

/// The shipped worlds, in the order in which they are listed.
const SHIPPED: &[(&str, &str)] = &[
    ("ready", include_str!("../../assets/sandbox/ready.toml")),
    ("fine-grained", include_str!("../../assets/sandbox/fine-grained.toml")),
    ("slow", include_str!("../../assets/sandbox/slow.toml")),
    ("expires-soon", include_str!("../../assets/sandbox/expires-soon.toml")),
    ("missing-scope", include_str!("../../assets/sandbox/missing-scope.toml")),
    ("expired", include_str!("../../assets/sandbox/expired.toml")),
    ("sso-required", include_str!("../../assets/sandbox/sso-required.toml")),
    ("organisation-missing", include_str!("../../assets/sandbox/organisation-missing.toml")),
    ("not-empty", include_str!("../../assets/sandbox/not-empty.toml")),
    ("server-error", include_str!("../../assets/sandbox/server-error.toml")),
    ("rate-limited", include_str!("../../assets/sandbox/rate-limited.toml")),
    ("down", include_str!("../../assets/sandbox/down.toml")),
    ("by-key", include_str!("../../assets/sandbox/by-key.toml")),
];

impl Scenario {
    /// The shipped scenario of that name.
    pub fn named(name: &str) -> Option<Result<Self, ScenarioError>> {
        let (_, text) = SHIPPED.iter().find(|(shipped, _)| *shipped == name)?;
        Some(Self::from_toml(text))
    }

    /// Reads a scenario and checks that everything it refers to exists in it.
    ///
    /// # Errors
    /// The first problem, with its place in the text.
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(text)
            .map_err(|error| place(text, error.span().map_or(0, |span| span.start), error.message()))?;
        validate::consistent(&scenario).map_err(|problem| place(text, problem.at, &problem.message))?;
        Ok(scenario)
    }

    /// One sentence about this world.
    pub fn about(&self) -> &str {
        &self.about
    }
}

/// The shipped scenarios: name, and one sentence about each.
pub fn scenarios() -> impl Iterator<Item = (&'static str, String)> {
    SHIPPED.iter().filter_map(|(name, text)| Some((*name, Scenario::from_toml(text).ok()?.about)))
}

fn place(text: &str, at: usize, message: &str) -> ScenarioError {
    let before = text.get(..at).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    ScenarioError {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        message: message.to_owned(),
    }
}

/// A text that remembers where it stands in the file, so that a wrong reference can be pointed at.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Text(toml::Spanned<String>);

impl Text {
    pub(super) fn at(&self) -> usize {
        self.0.span().start
    }
}

impl Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        self.0.get_ref()
    }
}

/// What runs at a provider's address.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Program {
    pub provider: Text,
    /// Its name in lower case.
    pub product: Text,
    pub version: Text,
}

/// Somebody who can sign in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Account {
    pub provider: Text,
    pub login: Text,
    #[serde(default)]
    pub kind: AccountKind,
    pub name: Option<String>,
    pub email: Option<String>,
    #[serde(default)]
    pub site_admin: bool,
    #[serde(default)]
    pub note: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AccountKind {
    #[default]
    User,
    Bot,
}

/// A token of an account. Its value is made when the sandbox starts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Token {
    pub provider: Text,
    /// Names the token's file; unique over all providers.
    pub name: Text,
    pub account: Text,
    pub kind: Text,
    /// What a token with coarse rights may do.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// What a token with fine rights may do: name and level.
    #[serde(default)]
    pub permissions: BTreeMap<String, Level>,
    /// Whose resources a token with fine rights is for; the account's own when absent.
    pub owner: Option<Text>,
    /// The repositories that were selected for the token; all of its owner when absent.
    pub repositories: Option<Vec<String>>,
    /// False while an owner of the organisation has still to approve the token.
    #[serde(default = "yes")]
    pub approved: bool,
    /// The organisations whose single sign-on the token was authorised for.
    #[serde(default)]
    pub signed_on: Vec<String>,
    pub expires_in_days: Option<u32>,
    pub expires: Option<toml::Spanned<Datetime>>,
    /// Revoked; or past its end, where the forge does not tell the two apart.
    #[serde(default)]
    pub dead: bool,
    #[serde(default)]
    pub note: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Level {
    Read,
    Write,
    Admin,
}

/// An owner that is not a person.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Organisation {
    pub provider: Text,
    pub login: Text,
    pub name: Option<String>,
    #[serde(default)]
    pub members: Vec<Member>,
    /// May ordinary members create repositories? Admins always may.
    #[serde(default = "yes")]
    pub members_can_create: bool,
    /// What a member may do in repositories where nothing else is said.
    #[serde(default = "read")]
    pub base_rights: Rights,
    /// Members have to sign on through the organisation's identity provider.
    #[serde(default)]
    pub requires_single_sign_on: bool,
    #[serde(default)]
    pub forbids_classic_tokens: bool,
    /// The longest life, in days, of a token with fine rights.
    pub longest_lifetime_days: Option<u32>,
    /// Only listed addresses may come in, and this machine's is not listed.
    #[serde(default)]
    pub restricts_addresses: bool,
    #[serde(default = "yes")]
    pub deploy_keys: bool,
    /// Its projects by their keys, the oldest first, where the provider has projects.
    #[serde(default)]
    pub projects: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Member {
    pub login: Text,
    pub role: MemberRole,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum MemberRole {
    Admin,
    Member,
    /// Invited, and has not accepted yet.
    Pending,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Repository {
    pub provider: Text,
    pub owner: Text,
    pub name: Text,
    #[serde(default)]
    pub visibility: Visibility,
    /// How many commits the default branch has. With none the repository is empty.
    #[serde(default)]
    pub commits: u32,
    #[serde(default = "main_branch")]
    pub default_branch: Text,
    #[serde(default)]
    pub archived: bool,
    /// The project that it is in, where the provider has projects; the oldest when absent.
    pub project: Option<String>,
    /// A name that it had before, under the same owner.
    pub renamed_from: Option<Text>,
    #[serde(default)]
    pub collaborators: Vec<Collaborator>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Visibility {
    #[default]
    Private,
    Internal,
    Public,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Collaborator {
    pub login: Text,
    pub rights: Rights,
}

/// What somebody may do in a repository, each including those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Rights {
    None,
    Read,
    Triage,
    Write,
    Maintain,
    Admin,
}

/// Answers that lead a platform through this world. They are written into the data directory.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SampleAnswers {
    pub platform: Text,
    pub provider: Text,
    pub token: Text,
    pub owner: String,
    pub project: Option<String>,
    /// Whether the answers tell when the token ends, where the forge does not.
    #[serde(default)]
    pub tells_end: bool,
    pub username: Option<String>,
    pub email: Option<String>,
    pub repository: Option<String>,
    pub create: Option<bool>,
    pub visibility: Option<String>,
    pub contents: Option<String>,
    pub branch: Option<String>,
    /// The key, where the platform signs in with one: its path, what it opens, and whether it only reads.
    pub key: Option<SampleKey>,
    /// What the platform's own form asks beside all that.
    #[serde(default)]
    pub handover: BTreeMap<String, String>,
}

/// A key that the sample answers have made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SampleKey {
    pub generate: String,
    pub scope: Option<String>,
    pub read_only: Option<bool>,
}

/// Something that happens to requests on their way.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Disturbance {
    /// All providers when absent.
    pub provider: Option<Text>,
    /// `*` stands for anything within one segment, `**` for anything at all.
    pub path: Text,
    /// A piece that the query has to contain.
    pub query: Option<String>,
    pub method: Option<String>,
    /// The first matching request that is disturbed, counted from 1.
    #[serde(default = "one")]
    pub first: u64,
    /// How many are disturbed from there on; all of them when absent.
    pub count: Option<u64>,
    #[serde(default)]
    pub delay_ms: u64,
    /// Answer with this instead of asking the provider.
    pub status: Option<u16>,
    #[serde(default)]
    pub headers: BTreeMap<String, Text>,
    pub content_type: Option<Text>,
    /// `{host}` stands for the address of this server, here and in headers.
    pub body: Option<String>,
    /// Drop the connection: before any answer, or half-way through the body where a status is given.
    #[serde(default)]
    pub close: bool,
    /// The provider does what was asked, and the disturbance takes the place of its answer.
    #[serde(default)]
    pub afterwards: bool,
}

fn yes() -> bool {
    true
}

fn one() -> u64 {
    1
}

fn read() -> Rights {
    Rights::Read
}

fn main_branch() -> Text {
    Text(toml::Spanned::new(0..0, "main".to_owned()))
}
