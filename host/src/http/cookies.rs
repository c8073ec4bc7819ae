//! The cookie jar of one work: some publishers answer only those who bring
//! back the cookie of the page before.
//!
//! A jar lives as long as its work, is shared by adapters, probe and download,
//! and holds little: a server cannot make it grow.

use std::sync::{Mutex, PoisonError};

use cookie_store::CookieStore;
use reqwest::header::{HeaderMap, HeaderValue, SET_COOKIE};
use url::Url;

/// Cookies a jar holds at most; later ones are dropped.
pub const COOKIES_PER_JAR: usize = 200;
/// The longest `Set-Cookie` that is read.
pub const COOKIE_MAX_BYTES: usize = 4096;
/// `Set-Cookie` lines read of one answer.
const COOKIES_PER_ANSWER: usize = 50;
/// The longest `Cookie` header sent; further cookies stay at home.
const COOKIE_HEADER_MAX_BYTES: usize = 8192;

/// Suffixes under which strangers live side by side, so that no cookie may be
/// set for all of them. Only names met among scholarly hosts: a jar forgets
/// everything with its work, and the full list would outweigh the risk.
/// Source: publicsuffix.org.
const SHARED_SUFFIXES: &str = "\
com\norg\nnet\nedu\ngov\nint\nio\neu\ninfo\nuk\nus\nde\nfr\nit\nes\nnl\nch\nat\nbe\nbr\ncn\njp\nkr\nin\nid\nau\nnz\nca\nru\npl\n\
ac.uk\nco.uk\norg.uk\ngov.uk\nnhs.uk\nsch.uk\nme.uk\nltd.uk\nnet.uk\n\
edu.au\ncom.au\norg.au\ngov.au\nnet.au\nasn.au\nac.nz\nco.nz\norg.nz\ngovt.nz\n\
ac.jp\nco.jp\ngo.jp\nne.jp\nor.jp\ned.jp\nac.kr\nco.kr\nor.kr\ngo.kr\nre.kr\n\
com.cn\nedu.cn\norg.cn\ngov.cn\nnet.cn\nac.cn\ncom.tw\nedu.tw\norg.tw\ngov.tw\ncom.hk\nedu.hk\norg.hk\n\
ac.in\nco.in\nedu.in\ngov.in\norg.in\nres.in\nnic.in\nac.id\nco.id\ngo.id\nor.id\nsch.id\nweb.id\n\
com.br\nedu.br\ngov.br\norg.br\nnet.br\ncom.ar\nedu.ar\ngob.ar\norg.ar\ncom.mx\nedu.mx\ngob.mx\norg.mx\n\
com.co\nedu.co\ngov.co\norg.co\nedu.pe\ncom.pe\ngob.pe\norg.pe\nedu.ec\nedu.uy\nedu.ve\nedu.cu\nsld.cu\n\
ac.za\nco.za\norg.za\ngov.za\nedu.eg\nedu.ng\nac.ke\nac.ir\nco.ir\nac.il\nco.il\norg.il\n\
com.tr\nedu.tr\norg.tr\ngov.tr\nedu.pk\nedu.my\ncom.my\nedu.sg\ncom.sg\nac.th\nco.th\nor.th\nedu.vn\nedu.ph\n\
edu.pl\ncom.pl\norg.pl\nac.at\nco.at\nor.at\nac.be\ncom.ua\nedu.ua\norg.ua\nac.rs\nedu.rs\nedu.gr\ncom.gr\n\
github.io\ngitlab.io\nreadthedocs.io\nnetlify.app\nvercel.app\npages.dev\nweb.app\nfirebaseapp.com\n\
herokuapp.com\nblogspot.com\nwordpress.com\ncloudfront.net\nazurewebsites.net\ns3.amazonaws.com\n";

/// The cookies of one work.
pub(super) struct Jar(Mutex<CookieStore>);

impl Jar {
    pub(super) fn new() -> Self {
        Self(Mutex::new(CookieStore::new_with_public_suffix(
            SHARED_SUFFIXES.parse().ok(),
        )))
    }

    /// The `Cookie` header for a request to `url`.
    pub(super) fn header(&self, url: &Url) -> Option<HeaderValue> {
        let store = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut line = String::new();
        for (name, value) in store.get_request_values(url) {
            let more = name.len() + value.len() + 3;
            if line.len() + more > COOKIE_HEADER_MAX_BYTES {
                break;
            }
            if !line.is_empty() {
                line.push_str("; ");
            }
            line.push_str(name);
            line.push('=');
            line.push_str(value);
        }
        if line.is_empty() {
            return None;
        }
        HeaderValue::from_str(&line).ok()
    }

    /// Keeps what an answer from `url` sets.
    pub(super) fn keep(&self, url: &Url, headers: &HeaderMap) {
        let mut lines = headers.get_all(SET_COOKIE).iter().peekable();
        if lines.peek().is_none() {
            return;
        }
        let mut store = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = COOKIES_PER_JAR.saturating_sub(store.iter_any().count());
        for line in lines.take(COOKIES_PER_ANSWER.min(room)) {
            if line.len() > COOKIE_MAX_BYTES {
                continue;
            }
            if let Ok(text) = line.to_str() {
                // A cookie that breaks the rules is simply not kept.
                store.parse(text, url).ok();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn keep(jar: &Jar, url: &str, lines: &[&str]) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(SET_COOKIE, HeaderValue::from_str(line).unwrap());
        }
        jar.keep(&Url::parse(url).unwrap(), &headers);
    }

    fn sent(jar: &Jar, url: &str) -> Option<String> {
        let header = jar.header(&Url::parse(url).unwrap())?;
        Some(header.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_cookie_goes_back_to_its_own_site_only() {
        let jar = Jar::new();
        keep(&jar, "https://www.acme.org/a", &["sid=1; Path=/; Secure", "all=2; Domain=acme.org; Path=/"]);
        let own = sent(&jar, "https://www.acme.org/b").unwrap();
        assert!(own.contains("sid=1") && own.contains("all=2"), "{own}");
        assert_eq!(sent(&jar, "https://pdf.acme.org/"), Some("all=2".to_owned()));
        assert_eq!(sent(&jar, "https://evil.org/"), None);
        assert_eq!(sent(&jar, "http://www.acme.org/"), Some("all=2".to_owned()), "secure ones need https");
    }

    #[test]
    fn no_cookie_is_set_for_a_whole_shared_suffix() {
        let jar = Jar::new();
        keep(&jar, "https://evil.ac.uk/", &["a=1; Domain=ac.uk; Path=/"]);
        keep(&jar, "https://evil.github.io/", &["b=1; Domain=github.io; Path=/"]);
        keep(&jar, "https://evil.org/", &["c=1; Domain=org; Path=/", "d=1; Domain=acme.org"]);
        for url in ["https://ox.ac.uk/", "https://x.github.io/", "https://acme.org/"] {
            assert_eq!(sent(&jar, url), None, "{url}");
        }
    }

    #[test]
    fn a_thousand_cookies_do_not_fit() {
        let jar = Jar::new();
        for round in 0..20 {
            let lines: Vec<String> = (0..50).map(|n| format!("c{round}x{n}=v; Path=/")).collect();
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            keep(&jar, "https://acme.org/", &lines);
        }
        let count = jar.0.lock().unwrap().iter_any().count();
        assert_eq!(count, COOKIES_PER_JAR);
    }

    #[test]
    fn the_cookie_header_stays_within_its_bound() {
        let jar = Jar::new();
        let lines: Vec<String> = (0..20).map(|n| format!("c{n}={}; Path=/", "v".repeat(1000))).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        keep(&jar, "https://acme.org/", &lines);
        assert!(sent(&jar, "https://acme.org/").unwrap().len() <= COOKIE_HEADER_MAX_BYTES);
    }
}
