// What every adapter needs: reading a work, asking for JSON, and saying how it
// failed. Part of this project: change it as you like.

import { send } from "paperfall:adapter/http@0.1.0";
import { log } from "paperfall:adapter/log@0.1.0";

// Why there is no response, in the words of the host's registry. Kinds that mean
// "nothing was sent" are skips: they cost nothing.
const KINDS = {
  "bad-url": ["nonretryable", "bad_url"],
  "forbidden-request": ["error", "forbidden_request"],
  "denied-host": ["nonretryable", "denied_host"],
  "private-address": ["nonretryable", "private_address"],
  "robots-disallow": ["skipped", "robots_disallow"],
  offline: ["skipped", "offline"],
  "breaker-open": ["skipped", "breaker_open"],
  "rate-limited": ["skipped", "rate_wait"],
  timeout: ["retryable", "stalled"],
  "too-large": ["nonretryable", "too_large"],
  "redirect-loop": ["nonretryable", "redirect_loop"],
  dns: ["retryable", "dns"],
  connect: ["retryable", "connect"],
  tls: ["retryable", "tls"],
  reset: ["retryable", "reset"],
  stalled: ["retryable", "stalled"],
  protocol: ["retryable", "reset"],
  "budget-exhausted": ["error", "request_limit"],
  other: ["error", "http_other"],
};

/** A failure to `throw`; `because` goes to the log. */
export function miss(outcome, reason, status, because) {
  if (because) log("info", because);
  return { outcome: outcome.replace("_", "-"), reason, status };
}

/** `resolve`, whose exceptions that are no miss go to the log with their line:
 * past the component's edge nothing is left of them. */
export function told(resolve) {
  return (work, policy) => {
    try {
      return resolve(work, policy);
    } catch (thrown) {
      if (thrown instanceof Error) log("error", `${thrown}\n${thrown.stack}`);
      throw thrown;
    }
  };
}

/** The work's identifier of a scheme (`doi`, `arxiv`, …), in normal form. */
export function identifier(work, scheme) {
  return work.identifiers.find((known) => known.scheme === scheme)?.value;
}

/** A setting that `describe` declared; blank counts as none. */
export function setting(policy, key) {
  return policy.settings.find((given) => given.key === key)?.value.trim() || undefined;
}

/** A setting that is a URL to build on, without a slash at its end. */
export function baseUrl(policy, key = "base-url") {
  const url = setting(policy, key);
  if (url === undefined) {
    throw miss("nonretryable", "misconfigured", undefined, `the setting ${key} is empty`);
  }
  return url.replace(/\/+$/, "");
}

/** Encodes text for a URL's path; slashes stay. */
export function inPath(text) {
  return encodeURIComponent(text).replaceAll("%2F", "/").replaceAll("%3A", ":");
}

/** The objects of what should be a list of objects, whatever a service writes in its place. */
export function records(value) {
  const items = Array.isArray(value) ? value : [];
  return items.filter((item) => item !== null && typeof item === "object");
}

/** What should be a string, if it is one, not blank, and no longer than the host takes (in bytes). */
export function text(value, most = 4096) {
  const trimmed = typeof value === "string" ? value.trim() : "";
  const fits = trimmed !== "" && new TextEncoder().encode(trimmed).length <= most;
  return fits ? trimmed : undefined;
}

/**
 * Asks an API and reads the JSON object it answers. Retries, redirects and rate
 * limits are the host's business.
 */
export function getJson(url, expected, headers = {}) {
  const sent = Object.entries(headers).map(([name, value]) => ({ name, value }));
  let response;
  try {
    response = send({ method: "get", url, role: "metadata", headers: sent });
  } catch (error) {
    const { kind, message } = error.payload ?? {};
    const [outcome, reason] = KINDS[kind] ?? KINDS.other;
    throw miss(outcome, reason, undefined, message ?? String(error));
  }
  const { status } = response;
  if (status < 200 || status > 299) throw statusMiss(status);
  const bad = (why) =>
    miss("error", "bad_answer", status, `expected ${expected} from ${response.url}: ${why}`);
  let answer;
  try {
    answer = JSON.parse(new TextDecoder().decode(response.body));
  } catch (error) {
    throw bad(error);
  }
  if (answer === null || typeof answer !== "object") throw bad("it is no object");
  return answer;
}

/** What a status that is no success means. */
export function statusMiss(status) {
  if (status === 404 || status === 410) return miss("no_pdf", "not_found", status);
  if (status === 429) return miss("retryable", "rate_limited", status);
  if ([401, 402, 407].includes(status)) return miss("nonretryable", "misconfigured", status);
  if (status === 403 || status === 451) return miss("no_pdf", "blocked", status);
  if (status >= 400 && status < 500) return miss("nonretryable", "http_4xx", status);
  if (status >= 500 && status < 600) return miss("retryable", "http_5xx", status);
  return miss("error", "bad_answer", status);
}
