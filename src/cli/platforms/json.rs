//! The knowledge about a platform, for programs.

use serde_json::{Value as Json, json};

use super::{condition_name, level_name, need_name, owner_kind_name, pages, rule_name, token_page, usual_site};
use crate::platform::{Pair, Platform, Requirement};
use crate::provider::{Provider, Rules, advice};

pub(super) fn platform(platform: &Platform, providers: &[Provider]) -> Json {
    let said = |reason: &str| reason.to_owned();
    json!({
        "id": platform.id,
        "title": platform.title,
        "about": platform.about,
        "who": platform.who,
        "owner_kind": platform.owner_kind.map(owner_kind_name),
        "reach": platform.reach,
        "creates": platform.creates.map(level_name),
        "repository": rule_name(platform.repository),
        "wants_empty": platform.wants_empty,
        "reads": platform.reads,
        "writes": platform.writes,
        "does": platform.does.iter().map(|deed| {
            json!({ "need": need_name(deed.need), "level": level_name(deed.level), "reason": said(&deed.reason) })
        }).collect::<Vec<_>>(),
        "notices": platform.notices.iter().map(|notice| {
            json!({ "text": notice.text, "since": notice.since, "url": notice.url, "provider": notice.provider })
        }).collect::<Vec<_>>(),
        "sources": platform.sources.iter().map(|source| {
            json!({ "title": source.title, "url": source.url, "date": source.date })
        }).collect::<Vec<_>>(),
        "handover": {
            "menu": platform.handover.menu,
            "steps": platform.handover.steps,
            "parameters": platform.handover.parameters.iter().map(|one| {
                json!({ "key": one.key, "doc": one.doc })
            }).collect::<Vec<_>>(),
        },
        "providers": providers.iter().map(|provider| pair(platform, *provider)).collect::<Vec<_>>(),
    })
}

fn pair(platform: &Platform, provider: Provider) -> Json {
    let rules = provider.rules();
    let pair = match platform.pair(provider) {
        Ok(pair) => pair,
        Err(reason) => {
            return json!({ "provider": provider.id(), "supported": false, "reason": reason, "pages": pages_of(provider) });
        }
    };
    json!({
        "provider": provider.id(),
        "supported": true,
        "fields": pair.fields.iter().map(|field| {
            json!({ "name": field.name, "value": field.value })
        }).collect::<Vec<_>>(),
        "git_user": pair.git_user,
        "roles": pair.roles,
        "pages": pages_of(provider),
        "key": pair.key.as_ref().map(|key| json!({ "read_only": key.read_only, "reason": key.reason })),
        "tokens": tokens(platform, pair, provider, rules),
    })
}

fn pages_of(provider: Provider) -> Json {
    pages(provider)
        .into_iter()
        .map(|(what, url)| (what.to_owned(), Json::from(url)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn tokens(platform: &Platform, pair: &Pair, provider: Provider, rules: &dyn Rules) -> Vec<Json> {
    let row = |row: &crate::provider::KindRow| {
        if let Some(reason) = platform.refuses(provider, row.kind) {
            return json!({ "kind": row.kind.0, "title": row.title, "supported": false, "reason": reason });
        }
        let page = token_page(platform, pair, provider, row.kind);
        json!({
            "kind": row.kind.0,
            "title": row.title,
            "supported": true,
            "advice": std::iter::once(row.advice.to_owned()).chain(advice(provider, row)).collect::<Vec<_>>(),
            "revoke_page": usual_site(provider).map(|site| rules.tokens_page(&site, Some(row.kind))),
            "needs": platform.needs(provider, row.kind, None).into_iter().map(|one| need(one, rules)).collect::<Vec<_>>(),
            "page": page.map(|page| json!({ "url": page.url, "prefilled": page.prefilled })),
        })
    };
    rules.kinds().iter().map(row).collect()
}

fn need(need: &Requirement, rules: &dyn Rules) -> Json {
    json!({
        "scope": need.scope,
        "title": rules.scope_title(&need.scope),
        "level": level_name(need.level),
        "condition": need.when.map(condition_name),
        "reason": need.reason,
    })
}
