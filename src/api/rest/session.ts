// Who asks over the native API: the holder of a bearer token (RFC 6750). The only maker of a native principal, beside the sign-in.
import type { Principal } from '#model/principal.ts'
import { refuse } from '#model/refusal.ts'
import { isOver } from '#model/token.ts'
import { tokenHash } from '#operations/identity/tokens.ts'
import type { Store } from '#store/store.ts'

const bearerPattern = /^Bearer ([\w.~+/-]{1,4096}=*)$/i
/** Read again after this long: in between, a transaction that finds keys or tokens changed looks for itself. */
const freshMs = 1_000
/** Held in memory; one more makes room by dropping all. */
const principalsMax = 10_000

/**
 * Finds the principal of an `Authorization` header: at once where it is in memory. Refuses what is missing, unknown, expired
 * or revoked; the latter three alike.
 */
export type Authenticate = (header: string | undefined) => Principal | Promise<Principal>

/** @param monotonic a clock of milliseconds that never goes back, by which what is in memory is fresh */
export function createAuthenticator(store: Store, monotonic = (): number => performance.now()): Authenticate {
  // By the header as it came, of good tokens alone: only memory has them, as it has the secrets of access keys.
  const principals = new Map<string, { readonly principal: Principal; readonly readAt: number }>()
  async function find(header: string): Promise<Principal> {
    const [, text] = bearerPattern.exec(header) ?? []
    if (text === undefined) refuse({ code: 'InvalidToken' })
    const readAt = monotonic()
    principals.delete(header)
    const principal = await read(store, tokenHash(text))
    if (principals.size >= principalsMax) principals.clear()
    principals.set(header, { principal, readAt })
    return principal
  }
  return (header) => {
    if (header === undefined) refuse({ code: 'MissingAuthentication' })
    const known = principals.get(header)
    return known && monotonic() - known.readAt < freshMs ? known.principal : find(header)
  }
}

/** Whoever asks without a token for what is open to everybody: by the address, for what is counted. No role is bound to such a name. */
export const nobodyAt = (client: string): Principal => ({
  account: '',
  arn: 'arn:cadastre:::nobody',
  accessKeyId: '',
  userId: '',
  native: { name: `nobody at ${client}`, groups: [], scopes: [], makers: [] },
})

const read = (store: Store, hash: Uint8Array): Promise<Principal> =>
  store.read(async (tx) => {
    const token = await tx.apiTokens.findByHash(hash)
    if (!token || token.revokedAt !== undefined || isOver(token, tx.now)) refuse({ code: 'InvalidToken' })
    const { principal: name, account, id, groups, scopes, subject, makers, expiresAt } = token
    const [kind, rest] = name.split(':', 2) as [string, string]
    return {
      account,
      arn: `arn:cadastre::${account}:${kind}/${rest}`,
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
  })
