//! One way to misbehave, and how it has to end.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use paperfall_miniweb::{Answer, Pdf, World};
use serde_json::{Value, json};

use super::certificate::Certificate;
use super::conn::{Asked, Conn};
use super::origin::{Origin, Script};
use crate::{Peak, Ran, Rig, finish};

/// The name of the work that the hostile server is asked for.
const EVIL: &str = "evil";
/// The other work, and where an honest server has it.
const GOOD: &str = "good";
const GOOD_URL: &str = "https://honest.example/good.pdf";
/// The deadline of a source unless a case says otherwise.
const SOURCE: Duration = Duration::from_millis(2_500);
/// What starting, another work and a busy machine may take beside.
const GRACE: Duration = Duration::from_secs(30);
/// What the whole process may have resident at most. One that only fetches an
/// honest paper has 22.
const MEMORY_MIB: u64 = 96;

/// Where the hostile server stands.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// It is Unpaywall.
    Metadata,
    /// It has the landing page.
    Landing,
    /// It has arXiv's files.
    Artifact,
}

impl Place {
    const fn host(self) -> &'static str {
        match self {
            Self::Metadata => "api.unpaywall.org",
            Self::Landing => "evil.example",
            Self::Artifact => "arxiv.org",
        }
    }

    /// What is asked, and the tier it is in.
    const fn source(self) -> (&'static str, &'static str) {
        match self {
            Self::Metadata => ("unpaywall", "direct_oa"),
            Self::Landing => ("landing_scrape_pdf", "landing_scrape"),
            Self::Artifact => ("arxiv", "direct_oa"),
        }
    }

    fn work(self) -> Value {
        match self {
            Self::Metadata => json!({"work_id": EVIL, "doi": "10.5555/evil"}),
            Self::Landing => {
                json!({"work_id": EVIL, "landing_urls": ["https://evil.example/page"]})
            }
            Self::Artifact => json!({"work_id": EVIL, "arxiv_id": "2101.00001"}),
        }
    }
}

/// See the module. Made by [`Case::metadata`], [`Case::landing`] or
/// [`Case::artifact`], given a script, and ended with [`Case::ends_in`].
pub struct Case {
    place: Place,
    script: Option<Script>,
    certificate: Certificate,
    protocol: &'static [u8],
    source: Duration,
    download: Duration,
}

impl Case {
    fn at(place: Place) -> Self {
        Self {
            place,
            script: None,
            certificate: Certificate::Good,
            protocol: b"http/1.1",
            source: SOURCE,
            download: Duration::ZERO,
        }
    }

    /// The server stands where JSON is expected.
    #[must_use]
    pub fn metadata() -> Self {
        Self::at(Place::Metadata)
    }

    /// The server stands where a page is expected.
    #[must_use]
    pub fn landing() -> Self {
        Self::at(Place::Landing)
    }

    /// The server stands where a PDF is expected.
    #[must_use]
    pub fn artifact() -> Self {
        Self::at(Place::Artifact)
    }

    /// Answers every request with these bytes and closes.
    #[must_use]
    pub fn answering(self, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = Arc::new(bytes.into());
        self.talking(move |mut conn, _| {
            let bytes = Arc::clone(&bytes);
            async move {
                conn.send(&*bytes).await;
                conn
            }
        })
    }

    /// Plays this once a request was read.
    #[must_use]
    pub fn talking<F, Fut>(mut self, script: F) -> Self
    where
        F: Fn(Conn, Asked) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Conn> + Send + 'static,
    {
        self.script = Some(Script::Asked(Arc::new(move |conn, asked| {
            script(conn, asked).boxed()
        })));
        self
    }

    /// Plays this on every connection, after TLS, before a request was read.
    #[must_use]
    pub fn opened<F, Fut>(mut self, script: F) -> Self
    where
        F: Fn(Conn) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Conn> + Send + 'static,
    {
        self.script = Some(Script::Opened(Arc::new(move |conn| script(conn).boxed())));
        self
    }

    /// Plays this on every connection, before a byte of TLS.
    #[must_use]
    pub fn raw<F, Fut>(mut self, script: F) -> Self
    where
        F: Fn(Conn) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Conn> + Send + 'static,
    {
        self.script = Some(Script::Raw(Arc::new(move |conn| script(conn).boxed())));
        self
    }

    /// Plays this in HTTP/2, before a frame was read.
    #[must_use]
    pub fn in_http2<F, Fut>(mut self, script: F) -> Self
    where
        F: Fn(Conn) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Conn> + Send + 'static,
    {
        self.protocol = b"h2";
        self.opened(script)
    }

    /// Shows this certificate.
    #[must_use]
    pub fn showing(mut self, certificate: Certificate) -> Self {
        self.certificate = certificate;
        self
    }

    /// The source may take so long.
    #[must_use]
    pub fn source_ms(mut self, millis: u64) -> Self {
        self.source = Duration::from_millis(millis);
        self
    }

    /// Beside finding, downloading may take so long.
    #[must_use]
    pub fn download_s(mut self, seconds: u64) -> Self {
        self.download = Duration::from_secs(seconds);
        self
    }

    /// Runs the binary on it and on an honest server's work, and checks that
    /// the source ended so (`retryable reset`), and everything the module
    /// promises.
    ///
    /// # Panics
    ///
    /// When anything came out differently.
    pub async fn ends_in(self, ending: &str) -> Ended {
        let (source, tier) = self.place.source();
        let script = self.script.expect("a case has a script");
        let host = self.place.host();
        let names = [host, "evil.example", "www.evil.example"];
        let origin = Origin::start(script, self.certificate, &names, self.protocol).await;
        let pdf = Pdf::new("Good", 1, 30_000);
        let rig = Rig::new(World::new().page(GOOD_URL, Answer::pdf(pdf.clone()))).await;
        let good = json!({"work_id": GOOD, "pdf_urls": [GOOD_URL]});
        rig.file("works.jsonl", format!("{}\n{good}\n", self.place.work()));
        let both = format!("{}{}", rig.web.ca_pem(), origin.ca_pem);
        let ca = rig.file("both.pem", both);

        let mut pins = rig.web.pins();
        pins.retain(|pin| {
            !names
                .iter()
                .any(|name| pin.starts_with(&format!("{name}:")))
        });
        for name in names {
            pins.push(format!("{name}:443:127.0.0.1:{}", origin.tls_port));
            pins.push(format!("{name}:80:127.0.0.1:{}", origin.plain_port));
        }
        let tier = format!("{tier}:timeout_ms={},retries=0", self.source.as_millis());
        let only = format!("given,{source}");
        let args = ["run", "works.jsonl", "--only", &only, "--fallback-tier"];
        let mut command = rig.command(args.into_iter().chain([tier.as_str()]));
        command
            .env("PAPERFALL_RESOLVE", pins.join(";"))
            .env("PAPERFALL_CA_FILE", ca);
        let started = Instant::now();
        let child = command.spawn().expect("the binary starts");
        let peak = Peak::of(&child);
        let ran = finish(child).await;
        let (took, peak_mib) = (started.elapsed(), peak.mib().await);
        println!("{ending}: {peak_mib} MiB, {took:?}");

        ran.assert_orderly();
        let name = source.trim_end_matches("_pdf");
        let attempts = rig.attempts(EVIL);
        assert_eq!(attempts, [format!("{name} {ending}")], "{ran}");
        let obtained = ending.starts_with("success");
        assert_eq!(ran.code, i32::from(!obtained), "{ran}");
        rig.assert_obtained(GOOD, "given", "given_pdf", &pdf.bytes());
        let papers = 1 + usize::from(obtained);
        assert_eq!(rig.files("objects").len(), papers, "{ran}");
        assert_eq!(rig.files(".parts"), [""; 0], "{ran}");
        let bound = self.source + self.download + GRACE;
        assert!(took < bound, "{took:?} of {bound:?}: {ran}");
        assert!(
            peak_mib < MEMORY_MIB,
            "{peak_mib} of {MEMORY_MIB} MiB: {ran}"
        );
        assert!(ran.stderr.len() < 16 * 1024, "{ran}");
        Ended { ran, rig, origin }
    }
}

/// What is left of a case that ended as it had to.
pub struct Ended {
    /// What the binary said.
    pub ran: Ran,
    /// The test's folder, and the honest web.
    pub rig: Rig,
    /// The hostile server.
    pub origin: Origin,
}

impl Ended {
    /// The bytes stored for the work the hostile server was asked for.
    #[must_use]
    pub fn paper(&self) -> Vec<u8> {
        self.rig.paper(EVIL)
    }

    /// The result of that work.
    #[must_use]
    pub fn result(&self) -> Value {
        self.rig.result(EVIL)
    }

    /// The paths that were asked for, in order.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        let requests = self.origin.requests();
        requests
            .iter()
            .map(|asked| asked.path().to_owned())
            .collect()
    }
}
