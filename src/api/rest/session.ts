// Who asks over the native API: the holder of a bearer token (RFC 6750). The only maker of a native principal.
import type { Principal } from '#model/principal.ts'
import { refuse } from '#model/refusal.ts'
import { tokenHash } from '#operations/native/tokens.ts'
import type { Store } from '#store/store.ts'

const bearerPattern = /^Bearer ([\w.~+/-]{1,4096}=*)$/i

/** The principal of an `Authorization` header. Refuses what is missing, unknown, expired or revoked; the latter three alike. */
export async function authenticate(store: Store, header: string | undefined): Promise<Principal> {
  if (header === undefined) refuse({ code: 'MissingAuthentication' })
  const [, text] = bearerPattern.exec(header) ?? []
  if (text === undefined) refuse({ code: 'InvalidToken' })
  const hash = tokenHash(text)
  return store.read(async (tx) => {
    const token = await tx.apiTokens.findByHash(hash)
    if (!token || token.revokedAt !== undefined || token.expiresAt <= tx.now) refuse({ code: 'InvalidToken' })
    const { principal: name, account, id, groups, scopes } = token
    const [kind, rest] = name.split(':', 2) as [string, string]
    return {
      account,
      arn: `arn:cadastre::${account}:${kind}/${rest}`,
      accessKeyId: id,
      userId: name,
      native: { name, groups, scopes },
    }
  })
}
