//! What holds for every token of a provider, whichever platform it is for.
//!
//! Sources: "Best practices" and "Token Expiration" on Qovery's page about access to git repositories, 2026-08-21, which
//! say it for every provider alike; what is particular to a kind stands in [`KindRow::advice`].

use super::{KindRow, Provider};

/// Advice for making a token of this kind, in the order in which it is needed.
pub fn advice(provider: Provider, row: &KindRow) -> Vec<String> {
    let mut advice = vec![
        "Make the token with an account that serves the platform and belongs to no single person, so that it stays when people leave.".to_owned(),
        format!("Name it after provider, owner and use, such as {}-main-org-production.", provider.id()),
    ];
    if row.can_expire {
        advice.push("Let it end: 90 days to a year from now, and note the day.".to_owned());
    }
    advice.push(format!("{provider} shows it once: copy it before you leave the page."));
    advice.push("To replace it: make the new one, enter it at the platform, test a deployment, and only then revoke the old one.".to_owned());
    advice
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_advised_where_the_provider_can_set_one() {
        for provider in Provider::ALL {
            for row in provider.rules().kinds() {
                let advice = advice(*provider, row);
                assert!(advice.iter().all(|line| line.ends_with('.')));
                assert_eq!(advice.iter().any(|line| line.contains("90 days")), row.can_expire, "{provider}");
                assert!(advice.iter().any(|line| line.contains(&format!("{}-main-org", provider.id()))));
            }
        }
    }
}
