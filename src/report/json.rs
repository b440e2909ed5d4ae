//! The report for programs. It is written as it is gone through: that of a fleet is long.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::json;

use super::{Entry, Located, Report};
use crate::check::Check;
use crate::fact::FaultKind;
use crate::text::stamp;

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        let mut map = into.serialize_map(None)?;
        map.serialize_entry("version", &1)?;
        map.serialize_entry("verdict", &self.verdict())?;
        map.serialize_entry("config", &self.config.as_ref().map(|path| path.display().to_string()))?;
        let faults =
            self.faults.iter().map(|fault| Located { message: fault.trim_end().to_owned(), ..Located::default() });
        map.serialize_entry("problems", &self.problems.iter().cloned().chain(faults).collect::<Vec<_>>())?;
        map.serialize_entry("connections", &self.connections)?;
        map.end()
    }
}

impl Serialize for Located {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        // Numbers and a text in any case: lines and columns begin at 1, so that 0 is none of them.
        let (line, column) = self.place.unwrap_or_default();
        let key = self.key.as_deref().unwrap_or_default();
        json!({ "file": self.file, "line": line, "column": column, "key": key, "message": self.message })
            .serialize(into)
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        let identity = self.identity.as_ref().map(|(login, kind)| json!({ "login": login, "kind": kind }));
        let token = self.has_token.then(|| {
            json!({
                "kind": self.kind,
                "expires": self.expires.map(stamp),
                "expires_source": self.expires_source.name(),
                "days_left": self.days_left,
            })
        });
        let repository = self
            .repository
            .as_ref()
            .map(|(url, created, empty)| json!({ "url": url, "created": created, "empty": empty }));
        let mut map = into.serialize_map(None)?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("platform", &self.platform)?;
        map.serialize_entry("provider", &self.provider)?;
        map.serialize_entry("host", &self.host)?;
        map.serialize_entry("owner", &self.owner)?;
        map.serialize_entry("identity", &identity)?;
        map.serialize_entry("token", &token)?;
        map.serialize_entry("repository", &repository)?;
        map.serialize_entry("verdict", self.verdict())?;
        map.serialize_entry("saved", &self.saved)?;
        map.serialize_entry("accepted", &self.accepted)?;
        map.serialize_entry("left_behind", &self.left_behind)?;
        map.serialize_entry("checks", &self.checks.iter().map(Row).collect::<Vec<_>>())?;
        if !self.notices.is_empty() {
            map.serialize_entry("notices", &self.notices)?;
        }
        if let Some(rotation) = &self.rotation {
            map.serialize_entry("rotation", &rotation.json())?;
        }
        map.end()
    }
}

struct Row<'a>(&'a Check);

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        let Self(check) = self;
        let finding = check.verdict.finding();
        let remedy = finding.map(|finding| json!({ "text": finding.remedy.text, "url": finding.remedy.url }));
        let fault = finding.and_then(|finding| finding.fault).map(FaultKind::name).filter(|name| !name.is_empty());
        let took = check.took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        let mut map = into.serialize_map(None)?;
        map.serialize_entry("id", &check.id.name())?;
        map.serialize_entry("verdict", check.verdict.name())?;
        map.serialize_entry("title", &check.title)?;
        map.serialize_entry("detail", &check.detail)?;
        map.serialize_entry("remedy", &remedy)?;
        map.serialize_entry("fault", &fault)?;
        map.serialize_entry("took_ms", &took)?;
        map.end()
    }
}
