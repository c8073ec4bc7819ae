"""OpenAlex: every copy of a work that its index knows of
(https://docs.openalex.org/api-entities/works).

One request, for the fields that matter. The best open location comes first,
then the others; a PDF becomes a candidate with its version and licence, a page
is handed on, and so are the identifiers of a record.
"""

import re
from typing import Any, Optional
from urllib.parse import urlencode, urlsplit

from wit_world import exports
from wit_world.imports.types import (
    Candidate,
    Descriptor,
    Findings,
    Identifier,
    Policy,
    SecretSpec,
    SettingSpec,
    Work,
)

from paperfall import base_url, get_json, identifier, in_path, miss, records, setting, text

FIELDS = "id,doi,ids,type,is_retracted,open_access,best_oa_location,locations"
VERSIONS = ("publishedVersion", "acceptedVersion", "submittedVersion")
# How OpenAlex spells the identifiers paperfall knows.
PREFIXES = (("openalex", ""), ("doi", "doi:"), ("pmid", "pmid:"), ("pmcid", "pmcid:"))
# What the host takes of one attempt.
CANDIDATES = 8
PAGES = 8


class Source(exports.Source):
    def describe(self) -> Descriptor:
        return Descriptor(
            name="openalex",
            version="0.1.0",
            summary="Open-access locations from the OpenAlex index",
            hosts=["api.openalex.org"],
            identifiers=[scheme for scheme, _ in PREFIXES],
            settings=[
                SettingSpec("base-url", "Where the OpenAlex API lives.", "https://api.openalex.org"),
                SettingSpec("email", "Your address, which OpenAlex likes to be told.", None),
                SettingSpec("use-key", "yes: send the secret API_KEY with every request.", "no"),
            ],
            secrets=[SecretSpec("API_KEY", "Your OpenAlex API key, for use-key = yes.")],
        )

    def resolve(self, work: Work, policy: Policy) -> Findings:
        name = next(
            (prefix + value for scheme, prefix in PREFIXES if (value := identifier(work, scheme))),
            None,
        )
        if name is None:
            raise miss("skipped", "no_identifier")
        query = {"select": FIELDS}
        if email := setting(policy, "email"):
            query["mailto"] = email
        url = f"{base_url(policy)}/works/{in_path(name)}?{urlencode(query)}"
        if setting(policy, "use-key") == "yes":
            url += "&api_key={{secret:API_KEY}}"
        record = get_json(url, "an OpenAlex work")
        check_identity(record, identifier(work, "doi"))
        return findings(record)


def check_identity(record: dict[str, Any], doi: Optional[str]) -> None:
    """Another work's record would file another work's paper."""
    own = text(record.get("doi"))
    if doi and own and own.lower().removeprefix("https://doi.org/") != doi:
        raise miss("error", "bad_answer", because=f"expected the work {doi}, not {own}")


def findings(record: dict[str, Any]) -> Findings:
    access = record.get("open_access")
    # "Closed" has to be said; nothing said is no answer.
    if not isinstance(access, dict) or not isinstance(access.get("is_oa"), bool):
        raise miss("error", "bad_answer", because="expected open_access.is_oa in an OpenAlex work")
    locations = records([record.get("best_oa_location")]) + records(record.get("locations"))
    notes = ["retracted"] if record.get("is_retracted") is True else []
    found = Findings([], [], [], "no_pdf_url" if access["is_oa"] else "not_oa")
    seen: set[str] = set()
    for location in sorted(locations, key=lambda location: location.get("is_oa") is not True):
        pdf = web(location.get("pdf_url"))
        if pdf and pdf not in seen:
            seen.add(pdf)
            found.candidates.append(candidate(pdf, location, notes))
    for location in locations:
        page = web(location.get("landing_page_url"))
        if page and page not in seen:
            seen.add(page)
            found.landing_urls.append(page)
    found.candidates = found.candidates[:CANDIDATES]
    found.landing_urls = found.landing_urls[:PAGES]
    found.identifiers = learnt(record)
    return found


def candidate(pdf: str, location: dict[str, Any], notes: list[str]) -> Candidate:
    version = text(location.get("version"))
    source = location.get("source")
    kind = text(source.get("type")) if isinstance(source, dict) else None
    return Candidate(
        url=pdf,
        reason="oa_pdf",
        version=version if version in VERSIONS else None,
        license=text(location.get("license")),
        checksum=None,
        notes=[*notes, *([kind] if kind else [])],
    )


def learnt(record: dict[str, Any]) -> list[Identifier]:
    """The record's identifiers, which OpenAlex writes as addresses."""
    ids = record.get("ids")
    if not isinstance(ids, dict):
        return []
    found = []
    for scheme, prefix, pattern in (
        ("openalex", "", r"W\d+$"),
        ("doi", "", r"10\.\d{4,}/\S+$"),
        ("pmid", "", r"\d+$"),
        ("pmcid", "PMC", r"\d+$"),
    ):
        match = re.search(pattern, text(ids.get(scheme)) or "")
        if match:
            found.append(Identifier(scheme, prefix + match.group()))
    return found


def web(value: Any) -> Optional[str]:
    """An address of the web, if it is one."""
    url = text(value)
    if url is None:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None
