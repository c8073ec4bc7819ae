"""@NAME@: the PDF links that publishers deposit with Crossref
(https://api.crossref.org). Put your own source in its place.

The classes are the contract's: wit/0.1.0/paperfall-adapter.wit explains each.
"""

from wit_world import exports
from wit_world.imports.types import Candidate, Descriptor, Findings, Policy, SettingSpec, Work

from paperfall import base_url, get_json, identifier, in_path, miss, records, text

VERSIONS = {"vor": "publishedVersion", "am": "acceptedVersion"}


class Source(exports.Source):
    def describe(self) -> Descriptor:
        return Descriptor(
            name="@NAME@",
            version="0.1.0",
            summary="PDF links deposited with Crossref",
            hosts=["api.crossref.org"],
            identifiers=["doi"],
            settings=[SettingSpec("base-url", "Where the API lives.", "https://api.crossref.org")],
            secrets=[],
        )

    def resolve(self, work: Work, policy: Policy) -> Findings:
        doi = identifier(work, "doi")
        if doi is None:
            raise miss("skipped", "no_doi")
        url = f"{base_url(policy)}/works/{in_path(doi)}"
        # No response, a status that is no success, no JSON: each is a miss with
        # a reason of its own.
        record = get_json(url, "a Crossref record").get("message")
        # An answer has to be about the work that was asked for.
        if not isinstance(record, dict) or str(record.get("DOI")).lower() != doi:
            raise miss("error", "bad_answer")
        licenses = [text(license.get("URL")) for license in records(record.get("license"))]
        candidates = [
            Candidate(
                url=url,
                reason="@NAME@_pdf",
                version=VERSIONS.get(text(link.get("content-version"))),
                license=licenses[0] if licenses else None,
                checksum=None,
                notes=[],
            )
            for link in records(record.get("link"))
            if link.get("content-type") == "application/pdf" and (url := text(link.get("URL")))
        ]
        # The reason says why, should there be no candidate.
        return Findings(candidates[:8], [], [], "no_pdf_url")
