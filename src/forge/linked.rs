//! Lists that come in parts, each of which tells the address of the next one.
//!
//! The addresses are followed on the API's own origin only. Whatever is left out is said.

use std::collections::BTreeSet;

use url::Url;

use super::client::origin_of;
use super::progress::listed;
use crate::fact::Fault;
use crate::provider::Host;

/// Parts that are read of one list.
const MOST_PARTS: usize = 50;

pub struct Part<T> {
    pub rows: Vec<T>,
    /// Where the list goes on, as it was told.
    pub next: Option<String>,
    /// What the forge says that it left out.
    pub cut: Option<&'static str>,
}

/// All rows of the list that begins at `path`, and why it may not be whole. `read` asks for one part.
pub async fn all<T, F>(api: &Host, path: &str, read: impl Fn(String) -> F) -> Result<(Vec<T>, Option<String>), Fault>
where
    F: Future<Output = Result<Part<T>, Fault>>,
{
    let (mut rows, mut cut, mut seen) = (Vec::new(), None, BTreeSet::new());
    let mut next = Some(api.join(path));
    while let Some(url) = next {
        if seen.len() == MOST_PARTS {
            cut = Some(format!("The list is longer than {} entries; the rest is not shown.", rows.len()));
            break;
        }
        seen.insert(url.clone());
        let part = read(url).await?;
        rows.extend(part.rows);
        listed(rows.len());
        cut = part.cut.map(str::to_owned).or(cut);
        next = part.next.as_ref().and_then(|told| own(api, told)).filter(|url| !seen.contains(url));
        if part.next.is_some() && next.is_none() {
            let text = "The list goes on at an address that cannot be followed; the rest is not shown.";
            cut = Some(text.to_owned());
        }
    }
    Ok((rows, cut))
}

/// `told` if it is an address of the API itself.
fn own(api: &Host, told: &str) -> Option<String> {
    let url = Url::parse(told).ok().filter(|url| url.username().is_empty() && url.password().is_none())?;
    (origin_of(&url).ok()? == *api.origin() && !told.contains('\\')).then(|| url.to_string())
}
