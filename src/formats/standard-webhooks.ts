// How a webhook shows who sent it: the signature of https://www.standardwebhooks.com (symmetric, `v1`).
import { createHmac } from 'node:crypto'

const secretPrefix = 'whsec_'

/**
 * The three headers. Several secrets sign, one after the other, while one takes the place of another.
 * @param seconds since 1970: whoever receives it refuses what was signed long ago
 */
export const signedHeaders = (
  { id, seconds, body }: { readonly id: string; readonly seconds: number; readonly body: string },
  secrets: readonly string[],
): Readonly<Record<string, string>> => ({
  'webhook-id': id,
  'webhook-timestamp': String(seconds),
  'webhook-signature': secrets.map((secret) => `v1,${signatureOf(`${id}.${seconds}.${body}`, secret)}`).join(' '),
})

function signatureOf(text: string, secret: string): string {
  const key = Buffer.from(secret.startsWith(secretPrefix) ? secret.slice(secretPrefix.length) : secret, 'base64')
  return createHmac('sha256', key).update(text, 'utf8').digest('base64')
}
