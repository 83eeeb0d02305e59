// The operator's own token: whoever can open the database may say who administers.
import { formatId } from '#model/identifier.ts'
import { isTargetId } from '#model/organization.ts'
import { everywhere, type Role } from '#model/roles.ts'
import type { Store } from '#store/store.ts'
import { recordOwn } from '../record/own-entries.ts'
import { drawToken, tokenHash } from './tokens.ts'

/** Long enough to make others with it. */
const operatorTokenMs = 3_600_000

export interface OperatorParams {
  readonly principal: string
  readonly role: Role
  readonly node: string
  /** The home account of the principal. */
  readonly account: string
}

/** Binds the role where it is not bound yet, and makes a token; or says what is wrong. */
export async function createOperatorToken(
  store: Store,
  { principal, role, node, account }: OperatorParams,
): Promise<{ token: string } | { problem: string }> {
  const token = drawToken()
  return store.write(async (tx) => {
    if (!(await tx.organizations.findAccount(account))) return { problem: `There is no account \`${account}\`.` }
    const isThere =
      node === everywhere ||
      (isTargetId(node) && ((await tx.organizations.findNode(node)) ?? (await tx.organizations.findAccount(node))))
    if (!isThere) return { problem: `There is no node \`${node}\`.` }
    const newId = (kind: 'roleBinding' | 'apiToken'): string => formatId(kind, tx.installation, tx.nextSequence())
    const subjects: string[] = []
    const binding = { principal, role, node, effect: 'permit' } as const
    if (!(await tx.roleBindings.findSame(binding))) {
      const id = newId('roleBinding')
      await tx.roleBindings.insert({ id, ...binding, createdAt: tx.now })
      await tx.history.changed({ id, kind: 'role-binding', account }, { id, ...binding, createdAt: tx.now })
      await tx.moveGovernanceEpoch()
      subjects.push(id)
    }
    const id = newId('apiToken')
    await tx.apiTokens.insert(
      {
        id,
        principal,
        account,
        groups: [],
        scopes: [],
        makers: [],
        origin: 'operator',
        description: 'made by the operator',
        createdAt: tx.now,
        expiresAt: tx.now + operatorTokenMs,
        revokedAt: undefined,
      },
      tokenHash(token),
    )
    await recordOwn(tx, 'operator', { action: 'CreateToken', account, subjects: [...subjects, id] })
    return { token }
  })
}
