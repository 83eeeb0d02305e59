// Headers of which a request has one: whoever stands in front of us may go by the second, and we by the first (threat A2).

import { worded } from '#model/problems/worded.ts'
import { refuse } from '#model/refusal.ts'

const single: ReadonlySet<string> = new Set([
  'authorization',
  'content-type',
  'host',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'last-event-id',
])

/**
 * Refuses a request in which one of these headers stands twice. Node hands on the first or joins them, and says nothing; requests
 * that are signed are looked at where the signature is.
 * @param rawHeaders names and values in turn, as in `IncomingMessage.rawHeaders`
 */
export function refuseRepeatedHeaders(rawHeaders: readonly string[]): void {
  const seen = new Set<string>()
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase()
    if (!single.has(name)) continue
    if (seen.has(name))
      refuse({
        code: 'MalformedRequest',
        problem: worded(`the header \`${rawHeaders[at]!}\` appears more than once in the request`),
      })
    seen.add(name)
  }
}
