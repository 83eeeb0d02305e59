// The operator's own token: whoever can open the database may say who administers.

import { type ChangeRequest, classOf } from '#model/change-request.ts'
import { formatId } from '#model/identifier.ts'
import { isNoNodeName } from '#model/name.ts'
import { isTargetId } from '#model/organization.ts'
import { everywhere, type Role } from '#model/roles.ts'
import type { ReadTransaction, Store, Transaction } from '#store/store.ts'
import type { Sealer } from '#store/tables/access-keys.ts'
import { changeReview } from '../finding/change-review.ts'
import { settle } from '../finding/settle.ts'
import { contentHashOf } from '../governance/content-hash.ts'
import { rulingAt } from '../governance/control.ts'
import { tell } from '../notification/telling.ts'
import { accountsCalled } from '../organization/called.ts'
import { recordOwn } from '../record/own-entries.ts'
import { newLink, sealLink } from './console-links.ts'
import { drawToken, tokenHash } from './tokens.ts'

/** Long enough to make others with it. */
const operatorTokenMs = 3_600_000

export interface OperatorParams {
  readonly principal: string
  readonly role: Role
  /** `*`, an id, or what an account or unit is called. */
  readonly node: string
  /** The home account of the principal. */
  readonly account: string
  /** Why a role is given past change control. */
  readonly breakGlass?: string | undefined
}

export interface OperatorToken {
  readonly tokenId: string
  /** Where the role holds, by its id. */
  readonly node: string
  readonly expiresAt: Date
  /** Shown once. */
  readonly token: string
}

/** Binds the role where it is not bound yet, and makes a token; or says what is wrong. */
export async function createOperatorToken(
  store: Store,
  params: OperatorParams,
): Promise<OperatorToken | { problem: string }> {
  const token = drawToken()
  const { principal, account } = params
  return store.write(async (tx) => {
    const bound = await bindAsOperator(tx, params)
    if ('problem' in bound) return bound
    const id = formatId('apiToken', tx.installation, tx.nextSequence())
    const expiresAt = tx.now + operatorTokenMs
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
        expiresAt,
        revokedAt: undefined,
      },
      tokenHash(token),
    )
    await tellOfToken(tx, { subject: id, principal, expiresAt })
    await recordOwn(tx, 'operator', { action: 'CreateToken', account, subjects: [...bound.subjects, id] })
    return { tokenId: id, node: bound.node, expiresAt: new Date(expiresAt), token }
  })
}

/**
 * The same with a link, which signs a browser in once.
 * @param now by the clock of the machine, which servers open links by
 */
export async function createConsoleLink(
  store: Store,
  sealer: Sealer,
  params: OperatorParams,
  now: number,
): Promise<{ readonly node: string; readonly code: string; readonly expiresAt: Date } | { problem: string }> {
  return store.write((tx) => makeConsoleLink(tx, sealer, params, now))
}

/**
 * A link for whoever starts a server at a terminal, as administrator: where nobody has a role yet, or they have this one already. A
 * start gives nobody again what was taken away from them.
 */
export async function createFirstLink(
  store: Store,
  sealer: Sealer,
  of: Pick<OperatorParams, 'principal' | 'account'>,
  now: number,
): Promise<{ readonly code: string } | undefined> {
  const params = { ...of, role: 'organization-administrator', node: everywhere } as const
  const { principal, role, node } = params
  return store.write(async (tx) => {
    const isFirst = (await tx.roleBindings.count({}, 1)) === 0
    if (!isFirst && !(await tx.roleBindings.findSame({ principal, role, node, effect: 'permit' }))) return undefined
    const made = await makeConsoleLink(tx, sealer, params, now)
    return 'problem' in made ? undefined : made
  })
}

async function makeConsoleLink(
  tx: Transaction,
  sealer: Sealer,
  params: OperatorParams,
  now: number,
): Promise<{ readonly node: string; readonly code: string; readonly expiresAt: Date } | { problem: string }> {
  const { principal, account } = params
  const bound = await bindAsOperator(tx, params)
  if ('problem' in bound) return bound
  const link = newLink({ principal, account }, now)
  await tellOfToken(tx, { subject: principal, principal, expiresAt: link.until })
  await recordOwn(tx, 'operator', { action: 'CreateConsoleLink', account, subjects: bound.subjects })
  return { node: bound.node, code: sealLink(sealer, link), expiresAt: new Date(link.until) }
}

async function tellOfToken(
  tx: Transaction,
  {
    subject,
    principal,
    expiresAt,
  }: { readonly subject: string; readonly principal: string; readonly expiresAt: number },
): Promise<void> {
  await tell(tx, {
    kind: 'token.made',
    node: (await tx.organizations.find())?.rootId ?? everywhere,
    subject,
    facts: { principal, by: 'operator', expiresAt: new Date(expiresAt).toISOString() },
  })
}

interface Bound {
  /** Where the role holds, by its id. */
  readonly node: string
  /** What was made for it. */
  readonly subjects: readonly string[]
}
async function bindAsOperator(
  tx: Transaction,
  { principal, role, node: called, account, breakGlass }: OperatorParams,
): Promise<Bound | { problem: string }> {
  if (!(await tx.organizations.findAccount(account))) return { problem: `There is no account \`${account}\`.` }
  const [node, other] = await nodesCalled(tx, called)
  if (node === undefined) return { problem: `There is no node \`${called}\`.` }
  if (other !== undefined) {
    return { problem: `Several nodes are called \`${called}\`, such as \`${node}\` and \`${other}\`: give the id.` }
  }
  const binding = { principal, role, node, effect: 'permit' } as const
  if (await tx.roleBindings.findSame(binding)) return { node, subjects: [] }
  const ruling = (await rulingAt(tx, node)).find(({ changeControl }) => changeControl === 'required')
  if (ruling && breakGlass === undefined) {
    return {
      problem: `Change control of \`${ruling.id}\` is required: give \`${role}\` at \`${node}\` with a change request, or say with --break-glass why it is given at once. That is a finding until somebody else has reviewed it.`,
    }
  }
  const subjects: string[] = []
  if (ruling) subjects.push(await recordBreakGlass(tx, { principal, role, node, account, reason: breakGlass! }))
  const id = formatId('roleBinding', tx.installation, tx.nextSequence())
  await tx.roleBindings.insert({ id, ...binding, createdAt: tx.now })
  await tx.history.changed({ id, kind: 'role-binding', account }, { id, ...binding, createdAt: tx.now })
  await tx.moveGovernanceEpoch()
  return { node, subjects: [...subjects, id] }
}

/** A change request that was applied at once, by whom the token is for: it is they who can do what the role permits. */
async function recordBreakGlass(
  tx: Transaction,
  { principal, role, node, account, reason }: Omit<OperatorParams, 'breakGlass'> & { readonly reason: string },
): Promise<string> {
  const n = tx.nextSequence()
  const id = formatId('changeRequest', tx.installation, n)
  const operations = [{ operation: 'createRoleBinding', input: { principal, role, node } }]
  const by = { by: principal, at: tx.now }
  const found = { evaluated: 0, isWhole: true, noncompliant: 0, compliant: 0, groups: [], samples: [] }
  const request: ChangeRequest = {
    ...{
      id,
      node,
      reason,
      status: 'applied',
      author: by,
      editors: [],
      approvals: [],
      ended: by,
      emergencies: [{ reason, broken: by }],
    },
    contentHash: contentHashOf({ node, reason, operations }),
    impact: {
      ...found,
      class: classOf({ ...found, newlyDenied: 0, nodes: [node] }),
      epoch: tx.governanceEpoch,
      at: tx.now,
    },
  }
  await tx.changeRequests.insert(n, request, { operations, bindings: undefined })
  await tx.history.changed({ id, kind: 'change-request', account }, request)
  await settle(tx, changeReview, [{ resource: id, node, facts: { requestedBy: principal } }])
  return id
}

/** Nodes that the operator may mean, two at most: by an id, or by what an account or a unit is called. */
async function nodesCalled(tx: ReadTransaction, called: string): Promise<readonly string[]> {
  if (called === everywhere) return [called]
  if (isTargetId(called)) {
    const found = (await tx.organizations.findNode(called)) ?? (await tx.organizations.findAccount(called))
    return found ? [called] : []
  }
  const named = isNoNodeName(called)
    ? []
    : await tx.finding.nodesNamed({ name: called, externalId: called }, nodesLookedAt, undefined)
  const units = named.filter(({ kind }) => kind === 'organizational-unit').map(({ id }) => id)
  return [...new Set([...(await accountsCalled(tx, called)), ...units])].slice(0, 2)
}
/** Two are as good as many. */
const nodesLookedAt = 100
