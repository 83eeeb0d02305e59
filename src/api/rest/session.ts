// Who asks over the native API: the holder of a bearer token (RFC 6750). The only maker of a native principal, beside the sign-in.
import type { Principal } from '#model/principal.ts'
import { refuse } from '#model/refusal.ts'
import { tokenHash } from '#operations/native/tokens.ts'
import type { Store } from '#store/store.ts'

const bearerPattern = /^Bearer ([\w.~+/-]{1,4096}=*)$/i
/** Read again after this long: in between, a transaction that finds keys or tokens changed looks for itself. */
const freshMs = 1_000
/** Held in memory; one more makes room by dropping all. */
const principalsMax = 10_000

/** Finds the principal of an `Authorization` header. Refuses what is missing, unknown, expired or revoked; the latter three alike. */
export type Authenticate = (header: string | undefined) => Promise<Principal>

export function createAuthenticator(store: Store): Authenticate {
  const principals = new Map<string, { readonly principal: Principal; readonly readAt: number }>()
  return async (header) => {
    if (header === undefined) refuse({ code: 'MissingAuthentication' })
    const [, text] = bearerPattern.exec(header) ?? []
    if (text === undefined) refuse({ code: 'InvalidToken' })
    const hash = tokenHash(text)
    const name = Buffer.from(hash).toString('latin1')
    const known = principals.get(name)
    const now = performance.now()
    if (known && now - known.readAt < freshMs) return known.principal
    principals.delete(name)
    const principal = await read(store, hash)
    if (principals.size >= principalsMax) principals.clear()
    principals.set(name, { principal, readAt: now })
    return principal
  }
}

const read = (store: Store, hash: Uint8Array): Promise<Principal> =>
  store.read(async (tx) => {
    const token = await tx.apiTokens.findByHash(hash)
    if (!token || token.revokedAt !== undefined || token.expiresAt <= tx.now) refuse({ code: 'InvalidToken' })
    const { principal: name, account, id, groups, scopes, subject, makers, expiresAt } = token
    const [kind, rest] = name.split(':', 2) as [string, string]
    return {
      account,
      arn: `arn:cadastre::${account}:${kind}/${rest}`,
      accessKeyId: id,
      userId: name,
      keyEpoch: tx.keyEpoch,
      expiresAt,
      native: { name, groups, scopes, makers, ...(subject === undefined ? {} : { subject }) },
    }
  })
