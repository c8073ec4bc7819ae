"""What every adapter needs: reading a work, asking for JSON, and saying how it
failed. Part of this project: change it as you like."""

import json
import re
from typing import Any, Optional
from urllib.parse import quote

from componentize_py_types import Err
from wit_world.imports import http, log
from wit_world.imports.types import Miss, MissOutcome, Policy, Work

# What JSON's nesting is made of: a string, cut off or whole, or a bracket.
NESTING = re.compile(rb'"(?:[^"\\]|\\[\s\S]?)*(?:"|\Z)|[][{}]')

OUTCOMES = {
    "no_pdf": MissOutcome.NO_PDF,
    "nonretryable": MissOutcome.NONRETRYABLE,
    "retryable": MissOutcome.RETRYABLE,
    "skipped": MissOutcome.SKIPPED,
    "error": MissOutcome.ERROR,
}

# Why there is no response, in the words of the host's registry. Kinds that mean
# "nothing was sent" are skips: they cost nothing.
KINDS = {
    http.HttpErrorKind.BAD_URL: ("nonretryable", "bad_url"),
    http.HttpErrorKind.FORBIDDEN_REQUEST: ("error", "forbidden_request"),
    http.HttpErrorKind.DENIED_HOST: ("nonretryable", "denied_host"),
    http.HttpErrorKind.PRIVATE_ADDRESS: ("nonretryable", "private_address"),
    http.HttpErrorKind.ROBOTS_DISALLOW: ("skipped", "robots_disallow"),
    http.HttpErrorKind.OFFLINE: ("skipped", "offline"),
    http.HttpErrorKind.BREAKER_OPEN: ("skipped", "breaker_open"),
    http.HttpErrorKind.RATE_LIMITED: ("skipped", "rate_wait"),
    http.HttpErrorKind.TIMEOUT: ("retryable", "stalled"),
    http.HttpErrorKind.TOO_LARGE: ("nonretryable", "too_large"),
    http.HttpErrorKind.REDIRECT_LOOP: ("nonretryable", "redirect_loop"),
    http.HttpErrorKind.DNS: ("retryable", "dns"),
    http.HttpErrorKind.CONNECT: ("retryable", "connect"),
    http.HttpErrorKind.TLS: ("retryable", "tls"),
    http.HttpErrorKind.RESET: ("retryable", "reset"),
    http.HttpErrorKind.STALLED: ("retryable", "stalled"),
    http.HttpErrorKind.PROTOCOL: ("retryable", "reset"),
    http.HttpErrorKind.BUDGET_EXHAUSTED: ("error", "request_limit"),
    http.HttpErrorKind.OTHER: ("error", "http_other"),
}


def miss(outcome: str, reason: str, status: Optional[int] = None, because: str = "") -> Err:
    """A failure to `raise`; `because` goes to the log."""
    if because:
        log.log(log.Level.INFO, because)
    return Err(Miss(OUTCOMES[outcome], reason, status))


def identifier(work: Work, scheme: str) -> Optional[str]:
    """The work's identifier of a scheme (`doi`, `arxiv`, …), in normal form."""
    return next((known.value for known in work.identifiers if known.scheme == scheme), None)


def setting(policy: Policy, key: str) -> Optional[str]:
    """A setting that `describe` declared; blank counts as none."""
    value = next((given.value for given in policy.settings if given.key == key), "")
    return value.strip() or None


def base_url(policy: Policy, key: str = "base-url") -> str:
    """A setting that is a URL to build on, without a slash at its end."""
    url = setting(policy, key)
    if url is None:
        raise miss("nonretryable", "misconfigured", because=f"the setting {key} is empty")
    return url.rstrip("/")


def in_path(text: str) -> str:
    """Encodes text for a URL's path; slashes stay."""
    return quote(text, safe="/:()")


def get_json(url: str, expected: str, headers: Optional[dict[str, str]] = None) -> dict[str, Any]:
    """Asks an API and reads the JSON object it answers. Retries, redirects and
    rate limits are the host's business."""
    sent = [http.Header(name, value) for name, value in (headers or {}).items()]
    try:
        response = http.send(http.Request(http.Method.GET, url, http.Role.METADATA, sent))
    except Err as error:
        outcome, reason = KINDS[error.value.kind]
        raise miss(outcome, reason, because=error.value.message)
    status = response.status
    if not 200 <= status < 300:
        raise status_miss(status)
    if not is_shallow(response.body):
        raise miss("error", "bad_answer", status, f"{response.url} answers with too deep a nesting")
    try:
        answer = json.loads(response.body)
    except ValueError as error:
        raise miss("error", "bad_answer", status, f"expected {expected} from {response.url}: {error}")
    if not isinstance(answer, dict):
        raise miss("error", "bad_answer", status, f"expected {expected} from {response.url}")
    return answer


def is_shallow(body: bytes, most: int = 200) -> bool:
    """Whether JSON nests no deeper than Python's parser bears: beyond that the
    stack ends, and with it the attempt."""
    if body.count(b"[") + body.count(b"{") <= most:
        return True
    depth = 0
    for token in NESTING.finditer(body):
        if token.group() in (b"[", b"{"):
            depth += 1
            if depth > most:
                return False
        elif token.group() in (b"]", b"}"):
            depth -= 1
    return True


def status_miss(status: int) -> Err:
    """What a status that is no success means."""
    if status in (404, 410):
        return miss("no_pdf", "not_found", status)
    if status == 429:
        return miss("retryable", "rate_limited", status)
    if status in (401, 402, 407):
        return miss("nonretryable", "misconfigured", status)
    if status in (403, 451):
        return miss("no_pdf", "blocked", status)
    if 400 <= status < 500:
        return miss("nonretryable", "http_4xx", status)
    if 500 <= status < 600:
        return miss("retryable", "http_5xx", status)
    return miss("error", "bad_answer", status)


def records(value: Any) -> list[dict[str, Any]]:
    """The objects of what should be a list of objects, whatever a service
    writes in its place."""
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, dict)]


def text(value: Any, most: int = 4096) -> Optional[str]:
    """What should be a string, if it is one, not blank, and no longer than the
    host takes (in bytes). JSON may hold halves of characters: they become `?`."""
    if not isinstance(value, str):
        return None
    encoded = value.strip().encode("utf-8", "replace")
    return encoded.decode() if 0 < len(encoded) <= most else None
