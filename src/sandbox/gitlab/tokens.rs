//! What a token can do about itself: tell, be replaced, end.
//!
//! <https://docs.gitlab.com/api/personal_access_tokens/>. The successor has a week to live where nobody says more, and
//! who has a token replaced that was replaced before ends its successor ("Automatic reuse detection").

use axum::http::{HeaderMap, StatusCode};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Call;
use super::caller::secret_of;
use super::reply::{Outcome, Reply};
use crate::sandbox::world::{Token, World};

/// The longest that a token may live, in days, where nobody has raised it.
const LONGEST: i64 = 365;

/// Every token may ask this about itself, but for a fine-grained one without the permission.
pub(super) fn own(call: &Call) -> Outcome {
    let (_, token) = call.caller.signed_in()?;
    if call.caller.is_granular() {
        call.caller.needs("read_api", "personal_access_token", "Personal Access Token: Read")?;
    }
    Ok(Reply::ok(described(call, token, token.expires)))
}

fn described(call: &Call, token: &Token, expires: Option<Timestamp>) -> Value {
    let granular = call.caller.is_granular();
    let scopes = if granular { vec!["granular".to_owned()] } else { token.given.scopes.clone() };
    json!({
        "id": 41, "name": &*token.given.name, "revoked": false, "created_at": "2026-01-10T09:00:00.000Z",
        "description": "", "scopes": scopes, "user_id": call.world().owner_id(&token.given.account),
        "last_used_at": null, "active": true, "granular": granular,
        "expires_at": expires.map(|moment| moment.strftime("%Y-%m-%d").to_string()),
    })
}

pub(super) fn rotate(call: &Call) -> Outcome {
    let (_, token) = call.caller.signed_in()?;
    call.caller.needs_to_rotate()?;
    let body: Value = serde_json::from_slice(&call.body).unwrap_or(Value::Null);
    let now = Timestamp::now();
    let after = |days: i64| now.checked_add(SignedDuration::from_hours(24 * days)).ok();
    let wanted = body["expires_at"].as_str().or_else(|| call.parameter("expires_at"));
    let expires = match wanted {
        None => after(7),
        Some(text) => {
            let day = text.parse::<Date>().ok().and_then(|day| day.to_zoned(TimeZone::UTC).ok());
            let at = day.map(|day| day.timestamp()).filter(|at| after(LONGEST).is_none_or(|latest| *at <= latest));
            Some(at.ok_or_else(|| {
                let last = after(LONGEST).map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
                let text = format!("400 Bad request - Expiration date must be before {last}");
                Reply::message(StatusCode::BAD_REQUEST, &text)
            })?)
        }
    };
    let secret = call.world().replace(token, expires);
    let secret = secret.map_err(|_| Reply::message(StatusCode::INTERNAL_SERVER_ERROR, "500 Internal Server Error"))?;
    let mut body = described(call, token, expires);
    body["id"] = json!(42);
    body["token"] = json!(secret);
    Ok(Reply::ok(body))
}

pub(super) fn revoke(call: &Call) -> Outcome {
    let (_, token) = call.caller.signed_in()?;
    call.world().end(&token.secret);
    Ok(Reply::new(StatusCode::NO_CONTENT, Value::Null))
}

/// A token that has ended asks to be replaced.
pub(super) fn detect_reuse(world: &World, path: &str, headers: &HeaderMap) {
    if path.ends_with("/self/rotate")
        && let Some(secret) = secret_of(headers).filter(|secret| world.has_ended(secret))
    {
        world.end_family(&secret);
    }
}
