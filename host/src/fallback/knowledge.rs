//! What is known of one work: it grows while the race runs, and every later
//! attempt sees all of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use paperfall_identifiers::WebUrl;
use tokio::sync::Notify;

use crate::intake::Work;
use crate::outcome::Reason;
use crate::sandbox::{Findings, GuestIdentifier, GuestPdfUrl, GuestWork};

/// Shared by a race and its attempts.
#[derive(Debug, Clone)]
pub(crate) struct Knowledge {
    inner: Arc<Mutex<Known>>,
    news: Arc<Notify>,
}

#[derive(Debug)]
struct Known {
    work: Work,
    /// What happened to each URL that was or is being tried.
    tried: HashMap<WebUrl, Fate>,
}

#[derive(Debug, Clone)]
enum Fate {
    /// An attempt is probing it now.
    Claimed,
    /// It failed.
    Failed(Reason),
    /// The probe saw a PDF.
    Passed,
}

impl Knowledge {
    pub(crate) fn new(mut work: Work) -> Self {
        work.learn_from_addresses();
        Self {
            inner: Arc::new(Mutex::new(Known {
                work,
                tried: HashMap::new(),
            })),
            news: Arc::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The work with everything learnt so far.
    pub(crate) fn work(&self) -> Work {
        self.lock().work.clone()
    }

    /// The work as a guest is shown it.
    pub(crate) fn for_guest(&self) -> GuestWork {
        let known = self.lock();
        let work = &known.work;
        GuestWork {
            work_id: work.work_id.to_string(),
            artifact_id: work.artifact_id.clone(),
            title: work.title.clone(),
            identifiers: work
                .identifiers
                .iter()
                .map(|(scheme, value)| GuestIdentifier {
                    scheme: scheme.to_owned(),
                    value: value.to_owned(),
                })
                .collect(),
            pdf_urls: work
                .pdf_urls
                .iter()
                .map(|url| GuestPdfUrl {
                    url: url.to_string(),
                    failed: match known.tried.get(url) {
                        Some(Fate::Failed(reason)) => Some(reason.to_string()),
                        Some(Fate::Claimed | Fate::Passed) | None => None,
                    },
                })
                .collect(),
            landing_urls: work.landing_urls.iter().map(WebUrl::to_string).collect(),
        }
    }

    /// Which of the things a source can start from are there.
    pub(crate) fn available(&self, wanted: &[String]) -> Vec<String> {
        let known = self.lock();
        let work = &known.work;
        wanted
            .iter()
            .filter(|scheme| match scheme.as_str() {
                "landing-url" => !work.landing_urls.is_empty(),
                "pdf-url" => !work.pdf_urls.is_empty(),
                scheme => work.identifiers.get(scheme).is_some(),
            })
            .cloned()
            .collect()
    }

    /// Takes in what a source found, candidates included: a dead PDF URL is
    /// what an archive wants to know.
    pub(crate) fn learn(&self, findings: &Findings) {
        let mut known = self.lock();
        let work = &mut known.work;
        for identifier in &findings.identifiers {
            work.identifiers
                .learn(&identifier.scheme, &identifier.value);
        }
        for url in &findings.landing_urls {
            work.add_landing_url(url.clone());
        }
        for candidate in &findings.candidates {
            work.add_pdf_url(candidate.url.clone());
        }
        self.news.notify_one();
    }

    /// Waits until a source has been learnt from since the last time.
    pub(crate) async fn news(&self) {
        self.news.notified().await;
    }

    /// Claims a URL for probing; none when it was tried or is being tried.
    pub(crate) fn claim(&self, url: &WebUrl) -> Option<Claim> {
        let mut known = self.lock();
        if known.tried.contains_key(url) {
            return None;
        }
        known.tried.insert(url.clone(), Fate::Claimed);
        Some(Claim {
            knowledge: self.clone(),
            url: url.clone(),
        })
    }

    /// A URL that had passed its probe was not used: it may be tried again.
    pub(crate) fn release(&self, url: &WebUrl) {
        self.lock().tried.remove(url);
    }

    /// A URL that had passed its probe failed after all.
    pub(crate) fn strike(&self, url: &WebUrl, reason: Reason) {
        self.lock().tried.insert(url.clone(), Fate::Failed(reason));
    }
}

/// The right to probe a URL. Dropped without a verdict (a lost race), the URL
/// may be tried again.
#[derive(Debug)]
pub(crate) struct Claim {
    knowledge: Knowledge,
    url: WebUrl,
}

impl Claim {
    /// The probe saw a PDF.
    pub(crate) fn passed(self) {
        self.settle(Fate::Passed);
    }

    /// The probe refused it.
    pub(crate) fn failed(self, reason: Reason) {
        self.settle(Fate::Failed(reason));
    }

    fn settle(&self, fate: Fate) {
        self.knowledge.lock().tried.insert(self.url.clone(), fate);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut known = self.knowledge.lock();
        if matches!(known.tried.get(&self.url), Some(Fate::Claimed)) {
            known.tried.remove(&self.url);
        }
    }
}
