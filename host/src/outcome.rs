//! The words for how things end: outcomes and the closed registry of reasons.
//!
//! Every result, event and metric of paperfall uses these and nothing else.
//! Adapters may add reasons of their own ([`Reason::Guest`]); they are shown as
//! given and counted as `other` in metrics.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How an attempt, or a whole work, ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A validated PDF.
    Success,
    /// The source answered, and there is none.
    NoPdf,
    /// Asking again will not help (bad configuration, bad identifier).
    Nonretryable,
    /// It may succeed another day (429, 5xx, connection trouble).
    Retryable,
    /// A deadline ended it.
    Timeout,
    /// It was not asked.
    Skipped,
    /// The adapter itself went wrong.
    Error,
}

impl Outcome {
    /// The name used in results and events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::NoPdf => "no_pdf",
            Self::Nonretryable => "nonretryable",
            Self::Retryable => "retryable",
            Self::Timeout => "timeout",
            Self::Skipped => "skipped",
            Self::Error => "error",
        }
    }

    /// The outcome with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::Success,
            Self::NoPdf,
            Self::Nonretryable,
            Self::Retryable,
            Self::Timeout,
            Self::Skipped,
            Self::Error,
        ]
        .into_iter()
        .find(|outcome| outcome.as_str() == name)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Outcome {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::parse(&name).ok_or_else(|| D::Error::custom(format!("no outcome {name:?}")))
    }
}

/// Declares the registry once: variant, name, the outcome it belongs to, and
/// what it means.
macro_rules! reasons {
    ($($variant:ident $name:literal $outcome:ident: $doc:literal;)*) => {
        /// Why something ended as it did.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum Reason {
            $(#[doc = $doc] $variant,)*
            /// An adapter's own word, `[a-z0-9_]{1,40}`.
            Guest(GuestReason),
        }

        impl Reason {
            /// The whole registry, in its order.
            pub const REGISTRY: &'static [Reason] = &[$(Reason::$variant,)*];

            /// The name used in results and events.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Guest(reason) => &reason.0,
                }
            }

            /// What it means, in a sentence for people; none for an adapter's own
            /// word.
            #[must_use]
            pub fn meaning(&self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => Some($doc),)*
                    Self::Guest(_) => None,
                }
            }

            /// The outcome the registry files this reason under; none for an
            /// adapter's own word.
            #[must_use]
            pub fn outcome(&self) -> Option<Outcome> {
                match self {
                    $(Self::$variant => Some(Outcome::$outcome),)*
                    Self::Guest(_) => None,
                }
            }
        }
    };
}

reasons! {
    OaPdf "oa_pdf" Success: "An open-access index named the PDF.";
    ArxivPdf "arxiv_pdf" Success: "arXiv's own PDF.";
    PmcPdf "pmc_pdf" Success: "From PubMed Central's open-data bucket.";
    DoiPdf "doi_pdf" Success: "The DOI itself leads to a PDF.";
    LandingPdf "landing_pdf" Success: "Named by the article's landing page.";
    EuropePmcPdf "europe_pmc_pdf" Success: "From Europe PMC.";
    WaybackPdf "wayback_pdf" Success: "An archived capture.";
    GivenPdf "given_pdf" Success: "The PDF URL given with the work.";

    NotOa "not_oa" NoPdf: "The source knows the work and says it is closed.";
    NotFound "not_found" NoPdf: "The source does not know the work.";
    NoPdfUrl "no_pdf_url" NoPdf: "The source knows the work but names no PDF.";
    NoSnapshot "no_snapshot" NoPdf: "The archive holds no usable capture.";
    Paywalled "paywalled" NoPdf: "A login or purchase page stands in the way.";
    Blocked "blocked" NoPdf: "A challenge page or a firewall refused us.";
    Truncated "truncated" NoPdf: "The file ends too early.";
    NotAPdf "not_a_pdf" NoPdf: "The bytes are not a PDF.";
    TooSmall "too_small" NoPdf: "Smaller than any real paper.";
    ChecksumMismatch "checksum_mismatch" NoPdf: "Not the bytes the source announced.";
    Exhausted "exhausted" NoPdf: "Every source was skipped or had nothing to say.";

    Misconfigured "misconfigured" Nonretryable: "The service refuses our configuration.";
    Http4xx "http_4xx" Nonretryable: "A terminal HTTP status from 400 to 499.";
    DoiUnregistered "doi_unregistered" Nonretryable: "No such DOI: probably a typing error.";
    RedirectLoop "redirect_loop" Nonretryable: "More than ten redirects, or a circle.";
    TooLarge "too_large" Nonretryable: "Larger than the cap.";
    DeniedHost "denied_host" Nonretryable: "The host is not granted to the adapter.";
    PrivateAddress "private_address" Nonretryable: "The name leads to an address that is not public.";
    BadUrl "bad_url" Nonretryable: "Not a well-formed http or https URL.";

    RateLimited "rate_limited" Retryable: "The service asked us to slow down.";
    Http5xx "http_5xx" Retryable: "A server error.";
    Connect "connect" Retryable: "No connection.";
    Dns "dns" Retryable: "The name did not resolve.";
    Tls "tls" Retryable: "The TLS handshake failed.";
    Reset "reset" Retryable: "The connection broke off.";
    Stalled "stalled" Retryable: "No byte arrived for too long.";

    SourceDeadline "source_deadline" Timeout: "The source's own time was up.";
    TotalDeadline "total_deadline" Timeout: "The work's time was up.";

    NoDoi "no_doi" Skipped: "The source needs a DOI.";
    NoArxivId "no_arxiv_id" Skipped: "The source needs an arXiv identifier.";
    NoPmcid "no_pmcid" Skipped: "The source needs a PMCID.";
    NoIdentifier "no_identifier" Skipped: "The source needs one of several identifiers.";
    NoLandingUrl "no_landing_url" Skipped: "The source needs a landing page.";
    NoEmail "no_email" Skipped: "The service wants a contact address and none is set.";
    BreakerOpen "breaker_open" Skipped: "The host failed too often lately.";
    RateWait "rate_wait" Skipped: "The rate limit would make us wait too long.";
    Offline "offline" Skipped: "Network use is switched off.";
    RobotsDisallow "robots_disallow" Skipped: "robots.txt forbids it.";
    AlreadyTried "already_tried" Skipped: "Every URL was tried before for this work.";
    Disabled "disabled" Skipped: "Switched off in the plan.";
    DuplicateInput "duplicate_input" Skipped: "An earlier line names the same work.";

    Trap "trap" Error: "The component trapped.";
    MemoryLimit "memory_limit" Error: "The component wanted more memory than it may have.";
    FuelOrEpoch "fuel_or_epoch" Error: "The component computed past its deadline.";
    RequestLimit "request_limit" Error: "The component sent too many requests.";
    OutputLimit "output_limit" Error: "The component returned more than it may.";
    Contract "contract" Error: "The component broke the contract.";
    LoadFailed "load_failed" Error: "The component could not be loaded.";
}

impl Reason {
    /// A registry name, or an adapter's own word if it is well formed.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::REGISTRY
            .iter()
            .find(|reason| reason.as_str() == name)
            .cloned()
            .or_else(|| GuestReason::new(name).map(Self::Guest))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::parse(&name).ok_or_else(|| D::Error::custom(format!("no reason {name:?}")))
    }
}

/// An adapter's own reason: one to forty characters of `[a-z0-9_]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GuestReason(String);

impl GuestReason {
    fn new(word: &str) -> Option<Self> {
        let well_formed = (1..=40).contains(&word.len())
            && word
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        well_formed.then(|| Self(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_registry_name_parses_back_to_its_reason() {
        for reason in Reason::REGISTRY {
            assert_eq!(Reason::parse(reason.as_str()).as_ref(), Some(reason));
        }
    }

    #[test]
    fn every_registry_name_has_a_meaning_in_one_sentence_and_a_guests_word_none() {
        for reason in Reason::REGISTRY {
            let meaning = reason.meaning().unwrap_or_default();
            assert!(
                meaning.ends_with('.') && !meaning.contains('\n'),
                "{reason}"
            );
        }
        assert_eq!(
            Reason::parse("of_its_own").and_then(|own| own.meaning()),
            None
        );
    }

    #[test]
    fn a_guests_own_word_is_kept_only_when_well_formed() {
        assert_eq!(
            Reason::parse("no_snapshot_2019").map(|r| r.to_string()),
            Some("no_snapshot_2019".to_owned())
        );
        for bad in ["", "Has Caps", "new\nline", &"x".repeat(41)] {
            assert_eq!(Reason::parse(bad), None, "{bad:?}");
        }
    }
}
