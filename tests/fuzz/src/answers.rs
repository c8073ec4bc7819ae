//! Services on a bad day: each of the seven adapters against answers nobody
//! wrote for it. What it makes of them always fits the contract.
//!
//! The first line names the adapter. Then come the answers, in the order they
//! are given out (the last one again and again), each a line
//! `STATUS TYPE [URL]`, lines `@NAME: VALUE` for further headers and `@cut` for
//! a body the host cut off, the body, and a line `====` before the next.

use std::cell::Cell;

use paperfall_adapter::bindings::paperfall::adapter::types::Miss as GuestMiss;
use paperfall_adapter::{
    Adapter, Findings, Header, Host, HttpError, HttpErrorKind, Level, RemainingBudget, Request,
    Response, Verdict, Work, run, testing,
};

use crate::outcome::Reason;
use crate::sandbox::findings::validate_miss;
use crate::{findings, promises};

/// Requests an adapter may send before the host refuses more.
const REQUESTS: u32 = 24;
/// Refusals after which the real host ends the attempt.
const REFUSALS: u32 = 64;

/// Checks one adapter against some answers.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Some((adapter, script)) = text.split_once('\n') else {
        return;
    };
    let answers = Answers::new(script.split("\n====\n").take(8).map(Answer::read).collect());
    let mut work = testing::work_at(
        &["https://publisher.example/one.pdf"],
        &["https://publisher.example/article/7"],
    );
    work.title = Some("On the fall of papers".to_owned());
    work.identifiers = testing::work(&[
        ("doi", "10.5555/one"),
        ("arxiv", "2101.00001v2"),
        ("pmcid", "PMC5815332"),
        ("pmid", "29456894"),
    ])
    .identifiers;
    let found = match adapter {
        "arxiv" => holds::<arxiv::Arxiv>(&answers, &work),
        "doi_redirect" => holds::<doi_redirect::DoiRedirect>(&answers, &work),
        "europe_pmc" => holds::<europe_pmc::EuropePmc>(&answers, &work),
        "landing_scrape" => holds::<landing_scrape::LandingScrape>(&answers, &work),
        "pmc" => holds::<pmc::Pmc>(&answers, &work),
        "unpaywall" => holds::<unpaywall::Unpaywall>(&answers, &work),
        "wayback" => holds::<wayback::Wayback>(&answers, &work),
        _ => None,
    };
    // Whatever the archive's index and its captures name, only it replays.
    for candidate in found.iter().flat_map(|found| &found.candidates) {
        let url = url::Url::parse(&candidate.url);
        let is_replay = url.is_ok_and(|url| url.host_str() == Some("web.archive.org"));
        assert!(adapter != "wayback" || is_replay, "{}", candidate.url);
    }
}

/// One attempt, and what the host says to what comes out of it.
/// Gives back what it found.
pub(crate) fn holds<A: Adapter>(answers: &Answers, work: &Work) -> Option<Findings> {
    let policy = testing::policy::<A>(&[("email", "ada@lovelace.edu")]);
    match run::<A>(answers, work, &policy) {
        Ok(found) => {
            let failed = findings::accepts(found.clone()).err();
            assert!(failed.is_none(), "{failed:?} {found:?}");
            Some(found)
        }
        Err(miss) => {
            let failure = validate_miss(GuestMiss::from(miss));
            assert_ne!(failure.reason, Reason::Contract, "{}", failure.message);
            assert_ne!(failure.reason, Reason::OutputLimit, "{}", failure.message);
            promises::is_a_message(&failure.message);
            None
        }
    }
}

/// One answer of a service.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Where the redirects led, if anywhere.
    pub(crate) url: Option<String>,
    pub(crate) content_type: String,
    /// Further headers, names in lower case as the host hands them on.
    pub(crate) headers: Vec<Header>,
    pub(crate) body: Vec<u8>,
    /// Whether the body is all there was.
    pub(crate) complete: bool,
}

impl Answer {
    fn read(text: &str) -> Self {
        let (head, mut body) = text.split_once('\n').unwrap_or((text, ""));
        let mut words = head.split(' ');
        let mut headers = Vec::new();
        let mut complete = true;
        while let Some((line, rest)) = body
            .strip_prefix('@')
            .map(|after| after.split_once('\n').unwrap_or((after, "")))
        {
            match line.split_once(": ") {
                Some((name, value)) => headers.push(Header {
                    name: name.to_ascii_lowercase(),
                    value: value.to_owned(),
                }),
                None => complete &= line != "cut",
            }
            body = rest;
        }
        Self {
            status: words.next().and_then(|word| word.parse().ok()).unwrap_or(0),
            content_type: words.next().unwrap_or_default().to_owned(),
            url: words.next().map(str::to_owned),
            headers,
            body: body.as_bytes().to_vec(),
            complete,
        }
    }
}

/// A host that gives out answers in their order. Status 0 is no answer at all.
pub(crate) struct Answers {
    answers: Vec<Answer>,
    asked: Cell<u32>,
}

impl Answers {
    pub(crate) fn new(answers: Vec<Answer>) -> Self {
        Self {
            answers,
            asked: Cell::new(0),
        }
    }

    fn next(&self) -> Result<&Answer, HttpError> {
        let asked = self.asked.get();
        self.asked.set(asked + 1);
        let fail = |kind| HttpError {
            kind,
            message: "no answer".to_owned(),
        };
        if asked >= REQUESTS {
            assert!(asked < REQUESTS + REFUSALS, "it keeps asking");
            return Err(fail(HttpErrorKind::BudgetExhausted));
        }
        let at = usize::try_from(asked).unwrap_or(usize::MAX);
        let answer = self.answers.get(at).or(self.answers.last());
        answer
            .filter(|answer| (100..600).contains(&answer.status))
            .ok_or_else(|| fail(HttpErrorKind::Reset))
    }
}

impl Host for Answers {
    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        let answer = self.next()?;
        // The host hands on parsed URLs only.
        let url = answer
            .url
            .as_deref()
            .and_then(|url| url::Url::parse(url).ok());
        let url = url.map_or_else(|| request.url.clone(), String::from);
        let mut response = testing::response(&url, answer.status, &answer.content_type, "");
        response.headers.extend_from_slice(&answer.headers);
        response.body.clone_from(&answer.body);
        response.complete = answer.complete;
        Ok(response)
    }

    fn probe(&self, url: &str) -> Result<Verdict, HttpError> {
        let answer = self.next()?;
        let is_pdf = answer.status == 200 && answer.body.starts_with(b"%PDF-");
        Ok(Verdict {
            is_pdf,
            reason: if is_pdf { "ok" } else { "not_a_pdf" }.to_owned(),
            url: url.to_owned(),
            status: answer.status,
            content_type: Some(answer.content_type.clone()),
            length: None,
        })
    }

    fn log(&self, _level: Level, _message: &str) {}

    fn remaining(&self) -> RemainingBudget {
        RemainingBudget {
            ms: 10_000,
            requests: REQUESTS.saturating_sub(self.asked.get()),
            bytes: 32 << 20,
        }
    }
}
