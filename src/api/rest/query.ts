// The query of a request as it was sent: what two readers could understand differently is refused before anybody reads it.

import { worded } from '#model/problems/worded.ts'
import { refuse } from '#model/refusal.ts'

/**
 * Refuses a URL with characters that must be percent-encoded, a query that is not percent-encoded UTF-8, and a parameter that
 * stands there twice, by its name.
 */
export function checkQuery(url: string): void {
  if (/[^\x21-\x7e]/.test(url))
    refuse({
      code: 'MalformedRequest',
      problem: worded('the URL has characters that must be percent-encoded, as UTF-8'),
    })
  const at = url.indexOf('?')
  if (at < 0) return
  const seen = new Set<string>()
  for (const piece of url.slice(at + 1).split('&')) {
    if (piece === '') continue
    const name = nameIn(piece)
    if (seen.has(name)) refuse({ code: 'DuplicateParameter', field: name })
    seen.add(name)
  }
}

/** The name of a parameter, decoded; its value only has to be such that it can be. */
function nameIn(piece: string): string {
  const equals = piece.indexOf('=')
  try {
    const name = decodeURIComponent((equals < 0 ? piece : piece.slice(0, equals)).replaceAll('+', ' '))
    decodeURIComponent(piece.slice(equals + 1))
    return name
  } catch {
    // Its text says nothing that helps the caller.
    return refuse({
      code: 'MalformedRequest',
      problem: worded('the query has a percent sign that begins no character of UTF-8'),
    })
  }
}
