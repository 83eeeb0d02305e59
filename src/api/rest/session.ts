// Who asks over the native API: the holder of a bearer token (RFC 6750), or a browser that is signed in. The only maker of a native principal,
// beside the sign-in.
import { arnOfNative, type NativePrincipal, type Principal } from '#model/principal.ts'
import { refuse } from '#model/refusal.ts'
import { isOver } from '#model/token.ts'
import type { ConsoleLink } from '#operations/identity/console-links.ts'
import { sessionHash, tokenHash } from '#operations/identity/tokens.ts'
import type { Store } from '#store/store.ts'
import type { Credential } from './browser-sessions.ts'

const bearerPattern = /^Bearer ([\w.~+/-]{1,4096}=*)$/i
/** Read again after this long: in between, a transaction that finds keys or tokens changed looks for itself. */
const freshMs = 1_000
/** Held in memory; one more makes room by dropping all. */
const principalsMax = 10_000

/** A session of a browser that nobody uses ends. */
export const idleMsMax = 30 * 60_000
/** How often its use is noted. */
const notedMs = 60_000

/**
 * Finds the principal of an `Authorization` header or a session: at once where it is in memory. Refuses what is missing, unknown, expired,
 * left alone or revoked; all but the first alike.
 */
export type Authenticate = (credential: Credential | undefined) => Principal | Promise<Principal>
/** In memory; no header has the end of a line in it. */
export const keyOfCredential = (credential: Credential): string =>
  typeof credential === 'string' ? credential : `\n${credential.session}`

/** @param monotonic a clock of milliseconds that never goes back, by which what is in memory is fresh */
export function createAuthenticator(store: Store, monotonic = (): number => performance.now()): Authenticate {
  // By the header as it came, or the session, of good ones alone: only memory has them, as it has the secrets of access keys.
  const principals = new Map<string, Known>()
  async function find(credential: Credential): Promise<Principal> {
    const key = keyOfCredential(credential)
    const readAt = monotonic()
    principals.delete(key)
    const found = await read(store, credential)
    const known = { ...found, readAt }
    if (principals.size >= principalsMax) principals.clear()
    principals.set(key, known)
    return use(known, credential)
  }
  function use(known: Known, credential: Credential): Principal {
    // Whether it can be noted or not, they are who they are: a database that is only read keeps nobody out.
    if (known.isUnnoted && typeof credential !== 'string' && credential.isUse) {
      known.isUnnoted = false
      note(store, known.principal.accessKeyId)
    }
    return known.principal
  }
  return (credential) => {
    if (credential === undefined) refuse({ code: 'MissingAuthentication' })
    const known = principals.get(keyOfCredential(credential))
    return known && monotonic() - known.readAt < freshMs ? use(known, credential) : find(credential)
  }
}

/**
 * Whoever has proved who they are and has no token yet.
 * @param id of the sign-in: as what the record names it
 */
export const whoSignsIn = (account: string, id: string, native: NativePrincipal): Principal => ({
  account,
  arn: arnOfNative(account, native.name),
  accessKeyId: `sign-in-${id.slice(0, 16)}`,
  userId: native.name,
  native,
})
/** Whoever has a link of the operator, who knows them. */
export const principalOfLink = ({ principal: name, account, id }: ConsoleLink): Principal =>
  whoSignsIn(account, id.slice('link '.length), { name, groups: [], scopes: [], makers: [] })

/** Whoever asks without a token for what is open to everybody: by the address, for what is counted. No role is bound to such a name. */
export const nobodyAt = (client: string): Principal => ({
  account: '',
  arn: 'arn:cadastre:::nobody',
  accessKeyId: '',
  userId: '',
  native: { name: `nobody at ${client}`, groups: [], scopes: [], makers: [] },
})

function hashOf(credential: Credential): Uint8Array {
  if (typeof credential !== 'string') return sessionHash(credential.session)
  const [, token] = bearerPattern.exec(credential) ?? []
  return token === undefined ? refuse({ code: 'InvalidToken' }) : tokenHash(token)
}

const note = (store: Store, token: string): void =>
  void store.write((tx) => tx.apiTokens.useSession(token, tx.now)).catch(() => {})

interface Found {
  readonly principal: Principal
  /** Of a session: its next use is to be noted. */
  isUnnoted: boolean
}
interface Known extends Found {
  readonly readAt: number
}
async function read(store: Store, credential: Credential): Promise<Found> {
  const hash = hashOf(credential)
  return store.read(async (tx) => {
    const token = await tx.apiTokens.findByHash(hash)
    if (!token || token.revokedAt !== undefined || isOver(token, tx.now)) refuse({ code: 'InvalidToken' })
    // What stands in a header is never that of a session: nothing more is read for it.
    const usedAt = typeof credential === 'string' ? undefined : await tx.apiTokens.sessionUsedAt(token.id)
    if (usedAt !== undefined && tx.now - usedAt >= idleMsMax) refuse({ code: 'InvalidToken' })
    const { principal: name, account, id, groups, scopes, subject, makers, expiresAt } = token
    const principal: Principal = {
      account,
      arn: arnOfNative(account, name),
      accessKeyId: id,
      userId: name,
      keyEpoch: tx.keyEpoch,
      expiresAt,
      native: {
        name,
        groups,
        scopes,
        makers,
        ...(subject === undefined ? {} : { subject }),
        ...(token.madeWith === undefined ? {} : { makerGroups: await tx.apiTokens.groupsBehind(id) }),
      },
    }
    return { principal, isUnnoted: usedAt !== undefined && tx.now - usedAt >= notedMs }
  })
}
