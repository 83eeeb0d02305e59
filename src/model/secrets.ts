// What opens something, found in text where it was put by mistake: a path, a field, a query. It is not repeated to anybody.

/** What scanners of secrets can look for: every bearer token of the native API begins with it. */
export const bearerTokenPrefix = 'cadastre_'
/** Behind the prefix stand 256 bits as base64url; what was cut a little still tells most of it. */
const bearerToken = /cadastre_[\w-]{20,}/g

const hidden = '(hidden)'

// Whoever sends a text looks for the one that takes longest: each pattern is tried once in a word, or goes no further than some hundred
// characters.

/**
 * Of AWS: a secret access key, 30 bytes as base64, and a session token, which is 96 bytes here; in a path or a form also with percent
 * signs. Nothing of base64 stands before or behind it.
 */
const opaque = /(?<![\w+/%-])(?:(?:[A-Za-z0-9+/]|%2[FfBb]){40}|(?:[A-Za-z0-9+/]|%2[FfBb]){128})(?![\w+/=%-])/g
/** A session token of AWS, which begins with known letters. */
const sessionToken = /(?<![\w+/%-])(?:IQoJ|FwoG|FQoG)[A-Za-z0-9+/=%]{96,}/g
/** Digests are written in one case, and words have no digits: 30 random bytes as base64 are neither. */
const isMixed = (text: string): boolean => /[a-z]/.test(text) && /[A-Z]/.test(text) && /\d/.test(text)
/** A JSON Web Token (RFC 7519), as identity providers give them: three parts, of which two begin so, behind whatever word stands there. */
const mayHoldWebToken = /[\w.-]{31,}/g
const webTokenBegins = 'eyJ'
const webTokenPartMin = 8
function withoutWebTokens(run: string): string {
  const parts = run.split('.')
  const isPart = (part: string | undefined): part is string =>
    part !== undefined && part.length >= webTokenBegins.length + webTokenPartMin
  const kept: string[] = []
  for (let at = 0; at < parts.length; at++) {
    const [first, second, third] = [parts[at]!, parts[at + 1], parts[at + 2]]
    const begins = first.indexOf(webTokenBegins)
    const isToken =
      begins >= 0 &&
      isPart(first.slice(begins)) &&
      isPart(second) &&
      second.startsWith(webTokenBegins) &&
      third !== undefined &&
      third.length >= webTokenPartMin
    kept.push(isToken ? first.slice(0, begins) + hidden : first)
    if (isToken) at += 2
  }
  return kept.join('.')
}
/** Nothing that is looked for is shorter. */
const lengthMin = 29

/** Whether a text holds a bearer token of the native API. */
export const hasBearerToken = (text: string): boolean =>
  text.includes(bearerTokenPrefix) && /cadastre_[\w-]{20}/.test(text)

/** The text without what opens something. */
export function withoutSecrets(text: string): string {
  if (text.length < lengthMin) return text
  return text
    .replaceAll(bearerToken, hidden)
    .replaceAll(mayHoldWebToken, withoutWebTokens)
    .replaceAll(sessionToken, (found) => (isMixed(found) ? hidden : found))
    .replaceAll(opaque, (found) => (isMixed(found) ? hidden : found))
}

/** More of a text is not repeated: looking through a megabyte for what looks like a token takes most of a second. */
export const factCharactersMax = 4_096

/** Parameters that lead to where only few may send, or open something, whatever they look like. */
const secretParameters: ReadonlySet<string> = new Set(['targetUrl', 'code', 'verifier'])
/** A refusal that does not repeat the value of such a parameter. */
export const withoutSecretValue = <T extends object>(refusal: T): T =>
  'field' in refusal && 'value' in refusal && secretParameters.has(String(refusal.field))
    ? { ...refusal, value: '[secret]' }
    : refusal

/** A copy of facts in which no text holds what opens something, nor is longer than facts may be. */
export function factsWithoutSecrets<T>(facts: T): T {
  if (typeof facts === 'string') {
    const isLong = facts.length > factCharactersMax
    return (isLong ? `${withoutSecrets(facts.slice(0, factCharactersMax))}…` : withoutSecrets(facts)) as T
  }
  if (typeof facts !== 'object' || facts === null) return facts
  if (Array.isArray(facts)) return facts.map(factsWithoutSecrets) as T
  return Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, factsWithoutSecrets(fact)])) as T
}
