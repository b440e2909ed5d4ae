//! Steps: a cursor on the path. A step names its fields; everything else about it is derived.

use crate::answers::{Answers, Field, Problem};
use crate::platform::Platform;

/// A page of the wizard, in the order of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Platform,
    Provider,
    Place,
    Repository,
    Access,
    Token,
    /// What was left open until a token could look: from live lists.
    Open,
    Checks,
    Store,
    Review,
    Apply,
    Done,
}

impl Step {
    pub const PATH: &'static [Self] = &[
        Self::Platform,
        Self::Provider,
        Self::Place,
        Self::Repository,
        Self::Access,
        Self::Token,
        Self::Open,
        Self::Checks,
        Self::Store,
        Self::Review,
        Self::Apply,
        Self::Done,
    ];

    /// The fields that are answered here.
    pub fn fields(self) -> &'static [Field] {
        match self {
            Self::Platform => &[Field::Platform],
            Self::Provider => &[Field::Provider, Field::Host, Field::ApiUrl, Field::CaFile, Field::ClientCert],
            Self::Place => &[Field::Owner, Field::Project],
            Self::Repository => {
                &[Field::Repository, Field::RepositoryCreate, Field::Visibility, Field::Contents, Field::Branch]
            }
            Self::Access => &[
                Field::TokenKind,
                Field::Username,
                Field::Email,
                Field::SshPublicKey,
                Field::SshGenerate,
                Field::SshPrivateKey,
                Field::SshScope,
                Field::SshReadOnly,
                Field::SshTitle,
                Field::SshUrl,
            ],
            Self::Token => &[
                Field::TokenTyped,
                Field::TokenEnv,
                Field::TokenFile,
                Field::TokenCommand,
                Field::TokenStdin,
                Field::TokenExpires,
            ],
            Self::Open => &[Field::Owner, Field::Project, Field::Repository],
            Self::Store => &[Field::StoreKind, Field::StorePath, Field::StoreEnv, Field::StoreCommand],
            Self::Review => &[Field::Name],
            Self::Checks | Self::Apply | Self::Done => &[],
        }
    }

    #[must_use]
    pub fn after(self) -> Self {
        Self::PATH.iter().copied().find(|step| *step > self).unwrap_or(Self::Done)
    }

    #[must_use]
    pub fn before(self) -> Self {
        Self::PATH.iter().copied().rev().find(|step| *step < self).unwrap_or(Self::Platform)
    }

    /// What stands in the way of leaving this step. `has_credential`: a token is known from elsewhere.
    pub fn problems(self, answers: &Answers, platform: Option<&Platform>, has_credential: bool) -> Vec<Problem> {
        let all = answers.problems(platform, has_credential && answers.source().is_none());
        let missing_token = |problem: &Problem| problem.field == Field::TokenEnv && !answers.has(&Field::TokenEnv);
        let mine = all.into_iter().filter(|problem| self.fields().contains(&problem.field));
        mine.filter(|problem| !(has_credential && missing_token(problem))).collect()
    }
}
