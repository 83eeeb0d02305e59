// The identity provider as it is asked: what it says of itself is remembered for a while, its answers have a bound in bytes and in time, and it
// sends nobody elsewhere.
import {
  allowInsecureRequests,
  ClientError,
  type Configuration,
  type CustomFetch,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  ResponseBodyError,
} from 'openid-client'
import { worded } from '#model/problems/worded.ts'
import { refuse } from '#model/refusal.ts'

/** Bytes of one answer: keys, claims, and what it says of itself, have some thousands. */
export const providerAnswerBytesMax = 1_048_576
/** For one answer, to its last byte. */
const providerSecondsMax = 10
/** What it says of itself, and its keys, are remembered for no longer. */
const rememberedMs = 3_600_000
/** Where a sign-in was not confirmed they are asked for anew, but no more often than this: whoever begins sign-ins may let all of them fail. */
const doubtedMs = 10_000
/** The same where it could not be reached: whoever signs in meanwhile is told so. */
const unreachedMs = 1_000

export interface ProviderSettings {
  readonly issuer: string
  readonly clientId: string
  /** Undefined for a public client. */
  readonly clientSecret: string | undefined
}

export interface IdentityProvider {
  /** What it has said of itself. Refuses where it cannot be reached. */
  known(): Promise<Configuration>
  /** That a sign-in was not confirmed, and why: what is remembered of the provider may be old, or have been wrong. */
  doubt(error: unknown): void
}

/**
 * @param elapsed milliseconds since some moment, which no clock that is set back or ahead changes
 * @param secondsMax for one answer
 */
export function createIdentityProvider(
  { issuer, clientId, clientSecret }: ProviderSettings,
  { elapsed = () => performance.now(), secondsMax = providerSecondsMax } = {},
): IdentityProvider {
  let asked: { readonly at: number; readonly answer: Promise<Configuration>; goodForMs: number } | undefined

  function ask(): NonNullable<typeof asked> {
    const url = new URL(issuer)
    const answer = discovery(url, clientId, clientSecret, undefined, {
      timeout: secondsMax,
      [customFetch]: fetchWithin,
      // The signature of what came over TLS need not be checked, says the standard; ours is checked all the same.
      execute: [enableNonRepudiationChecks, ...(isLoopback(url) ? [allowInsecureRequests] : [])],
    }).catch((error: unknown) => {
      one.goodForMs = unreachedMs
      return refuse({
        code: 'Unavailable',
        because: worded(`the identity provider cannot be reached (${(error as Error).message})`),
      })
    })
    const one = { at: elapsed(), answer, goodForMs: rememberedMs }
    return one
  }

  return {
    known() {
      if (asked && elapsed() - asked.at >= asked.goodForMs) asked = undefined
      asked ??= ask()
      return asked.answer
    },
    doubt(error) {
      // It has answered, and does not know the code: that says nothing of what is remembered.
      if (asked && !(error instanceof ResponseBodyError)) asked.goodForMs = Math.min(asked.goodForMs, doubtedMs)
    },
  }
}

/** Plain HTTP is for a provider on the same machine alone. */
const isLoopback = ({ hostname }: URL): boolean => /^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname)

/** Reads all of an answer, where it has no more than it may have. What ends the time for it ends the reading. */
const fetchWithin: CustomFetch = async (url, options) => {
  const response = await fetch(url, { ...(options as RequestInit), redirect: 'manual' })
  const { status, statusText, headers, body } = response
  if (status >= 300 && status < 400) {
    await body?.cancel()
    throw new ClientError('it answers with a redirect')
  }
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of body ?? []) {
    bytes += part.byteLength
    // What ends the loop ends the answer.
    if (bytes > providerAnswerBytesMax)
      throw new ClientError(`it answers with more than ${providerAnswerBytesMax} bytes`)
    parts.push(part)
  }
  return new Response(bytes === 0 ? null : Buffer.concat(parts), { status, statusText, headers })
}
