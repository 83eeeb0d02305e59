// Links with which somebody signs in to the console whom whoever can open the database knows: each opens one session, and is good for
// some minutes. No server remembers them: what they stand for is sealed in them.
import type { ReadTransaction } from '#store/store.ts'
import type { Sealer } from '#store/tables/access-keys.ts'
import { drawToken, tokenHash } from './tokens.ts'

/** From the command to the browser. */
export const linkMs = 600_000
const linkContext = 'console link'

export interface ConsoleLink {
  /** One link opens one session. */
  readonly id: string
  readonly principal: string
  /** Their home account. */
  readonly account: string
  /** By the clock of whoever made it, in milliseconds. */
  readonly until: number
}

export const newLink = (of: Pick<ConsoleLink, 'principal' | 'account'>, now: number): ConsoleLink => ({
  ...of,
  id: `link ${Buffer.from(tokenHash(drawToken())).toString('hex')}`,
  until: now + linkMs,
})
export const sealLink = (sealer: Sealer, link: ConsoleLink): string =>
  Buffer.from(sealer.seal(JSON.stringify(link), linkContext)).toString('base64url')
/** Undefined for what was not given out here, was changed on the way, or is too old. */
export function openLink(sealer: Sealer, code: string, now: number): ConsoleLink | undefined {
  try {
    const link = JSON.parse(sealer.open(Buffer.from(code, 'base64url'), linkContext)) as ConsoleLink
    return link.until > now ? link : undefined
  } catch {
    return undefined
  }
}
/** The same, and undefined for one that has opened its session. */
export async function findLink(
  tx: ReadTransaction,
  sealer: Sealer,
  code: string,
  now: number,
): Promise<ConsoleLink | undefined> {
  const link = openLink(sealer, code, now)
  return link && (await tx.apiTokens.findBySignIn(link.id)) ? undefined : link
}
