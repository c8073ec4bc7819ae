//! The contact address that Unpaywall and others ask for.
//!
//! A placeholder copied from some documentation makes those services answer
//! with an error that looks like "not open access", so it is refused at start.

use std::fmt;

use serde::{Serialize, Serializer};
use thiserror::Error;

use super::spelling::shown;

/// Longest address, in bytes (RFC 5321's limit on a forward path, less its
/// brackets).
const EMAIL_MAX: usize = 254;

/// Longest part before the `@`, in bytes (RFC 5321, 4.5.3.1.1).
const LOCAL_MAX: usize = 64;

/// Domains of documentation and forms, their subdomains included.
const PLACEHOLDER_DOMAINS: [&str; 9] = [
    "example.com",
    "example.org",
    "example.net",
    "domain.com",
    "mydomain.com",
    "test.com",
    "institution.edu",
    "company.com",
    "invalid",
];

/// Words that stand for somebody else, or for nobody.
const PLACEHOLDER_LOCALS: [&str; 14] = [
    "you",
    "your",
    "yourname",
    "youremail",
    "yourmail",
    "youraddress",
    "noreply",
    "donotreply",
    "nobody",
    "changeme",
    "placeholder",
    "someone",
    "somebody",
    "username",
];

/// Why an e-mail address is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EmailError {
    /// Not an address at all.
    #[error("{given} is no e-mail address ({problem}): give one like ada@lovelace.edu")]
    Malformed {
        /// What was given, shortened and escaped.
        given: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// An address nobody reads.
    #[error(
        "{given} is a placeholder, and services answer those with errors: give your own address"
    )]
    Placeholder {
        /// What was given, shortened and escaped.
        given: String,
    },
}

/// An e-mail address that is well formed and not obviously a placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Reads an address; spaces around it are dropped.
    ///
    /// The reserved top-level domain `.example` is accepted: the demo uses it.
    ///
    /// # Errors
    /// [`EmailError`] when it is malformed or a placeholder.
    pub fn parse(given: &str) -> Result<Self, EmailError> {
        let address = given.trim();
        let malformed = |problem| EmailError::Malformed {
            given: shown(given),
            problem,
        };
        if address.is_empty() {
            return Err(malformed("it is empty"));
        }
        if address.len() > EMAIL_MAX {
            return Err(malformed("it is longer than 254 bytes"));
        }
        if address
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"".contains(c))
        {
            return Err(malformed("it contains a space, a bracket or punctuation"));
        }
        let Some((local, domain)) = address.split_once('@') else {
            return Err(malformed("it has no @"));
        };
        if domain.contains('@') {
            return Err(malformed("it has more than one @"));
        }
        // Asked before the domain's form: `test@test` is better called what it is.
        if is_placeholder(local, domain) {
            return Err(EmailError::Placeholder {
                given: shown(given),
            });
        }
        if local.is_empty() || local.len() > LOCAL_MAX {
            return Err(malformed("the part before the @ must have 1 to 64 bytes"));
        }
        if !is_domain(domain) {
            return Err(malformed("the part after the @ is no domain name"));
        }
        Ok(Self(address.to_owned()))
    }

    /// The address itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for Email {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

fn is_placeholder(local: &str, domain: &str) -> bool {
    let local: String = local
        .chars()
        .filter(|c| !matches!(c, '.' | '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect();
    let domain = domain.to_lowercase();
    let documentation = PLACEHOLDER_DOMAINS.iter().any(|placeholder| {
        domain
            .strip_suffix(placeholder)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    documentation
        || PLACEHOLDER_LOCALS.contains(&local.as_str())
        || domain.starts_with("your")
        || matches!(domain.as_str(), "test" | "email" | "localhost" | "example")
}

fn is_domain(domain: &str) -> bool {
    domain.contains('.')
        && domain.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn real_addresses_are_accepted() {
        for good in [
            "demo@paperfall.example",
            "ada@lovelace.edu",
            "a.b+c@sub.uni-köln.de",
            " ada@lovelace.edu ",
            "youssef@bibliothek.org",
            "test@bibliothek.org",
            "ada@counterexample.com",
        ] {
            assert_eq!(Email::parse(good).unwrap().as_str(), good.trim());
        }
    }

    #[test]
    fn placeholders_are_called_placeholders() {
        for bad in [
            "ada@example.com",
            "ada@mail.example.org",
            "ADA@EXAMPLE.NET",
            "test@test",
            "you@university.edu",
            "your@email",
            "your.name@uni.edu",
            "your-email@uni.edu",
            "noreply@docstokg.org",
            "no-reply@uni.edu",
            "ada@youruniversity.edu",
            "ada@host.invalid",
            "root@localhost",
        ] {
            let error = Email::parse(bad).unwrap_err();
            assert!(
                matches!(error, EmailError::Placeholder { .. }),
                "{bad}: {error}"
            );
        }
    }

    #[test]
    fn malformed_addresses_are_called_malformed() {
        for bad in [
            "",
            " ",
            "ada",
            "@uni.edu",
            "ada@",
            "ada@uni",
            "a@b@uni.edu",
            "ada @uni.edu",
            "ada@uni.edu\nx",
            "Ada <ada@uni.edu>",
            "ada@uni..edu",
            "ada@-uni.edu",
            "ada@uni-.edu",
            "ada@un_i.edu",
            &format!("ada@{}.edu", "a".repeat(64)),
            "a,b@uni.edu",
            &format!("{}@uni.edu", "a".repeat(65)),
            &format!("ada@{}.edu", "a".repeat(300)),
        ] {
            let error = Email::parse(bad).unwrap_err();
            assert!(
                matches!(error, EmailError::Malformed { .. }),
                "{bad:?}: {error}"
            );
            assert!(!error.to_string().contains('\n'));
            assert_eq!(
                error.to_string().contains("it is empty"),
                bad.trim().is_empty()
            );
        }
    }
}
