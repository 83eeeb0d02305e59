// The ways around change control, tried over the native API.
import assert from 'node:assert/strict'
import { dev, root, shop } from '../acme.ts'
import type { Attempts, Guarded } from './way.ts'

interface Told {
  readonly code?: string
  readonly changeRequestId: string
  readonly contentHash: string
  readonly state: string
}
/** The IPAM of the company asks for change requests from now on. */
export async function requireChanges(acme: Guarded): Promise<void> {
  const { status } = await acme.ask('PATCH', `/ipams/${acme.ipam}`, { body: { changeControl: 'required' } })
  assert.equal(status, 200)
}
const refused = async (asked: Promise<{ status: number; body: Told }>, code: string): Promise<void> => {
  const { body } = await asked
  assert.equal(body?.code, code, JSON.stringify(body))
}
const unit = (name: string) => ({ operation: 'createUnit', input: { name, parentId: dev } })

async function people(acme: Guarded) {
  const [ann, bob] = [
    await acme.tokenOf('user:ann', 'organization-administrator', root),
    await acme.tokenOf('user:bob', 'organization-administrator', root),
  ]
  const ask = (verb: string, { changeRequestId, contentHash }: Told, as: string) =>
    acme.ask<Told>('POST', `/change-requests/${changeRequestId}/${verb}`, { as, body: { contentHash } })
  const propose = async (operations: readonly object[]): Promise<Told> => {
    const body = { node: root, reason: 'a way around', operations }
    return (await acme.ask<Told>('POST', '/change-requests', { as: ann, body })).body
  }
  return { ann, bob, ask, propose }
}

export const overChanges: Pick<
  Attempts,
  | 'a change past change control'
  | 'approving one’s own change'
  | 'a change edited after its approval'
  | 'fewer approvers by the change itself'
> = {
  async 'a change past change control'(acme) {
    await requireChanges(acme)
    const { ann } = await people(acme).catch(() => ({ ann: undefined }))
    assert.equal(ann, undefined, 'the operator gives no role at once either')
    const unlisted = acme.listed
    const asked: readonly (readonly ['PUT' | 'POST' | 'PATCH' | 'DELETE', string, object?])[] = [
      ['PUT', `/policies/${acme.law}/documents/us-east-1/eip`, { rules: [{ poolId: unlisted }], onExplicit: 'allow' }],
      ['DELETE', `/policies/${acme.law}/assignments/${root}`],
      ['PUT', `/policies/${acme.law}/assignments/${root}`, { kind: 'default', mode: 'observe' }],
      ['POST', `/accounts/${shop}/move`, { parentId: dev }],
      ['POST', '/role-bindings', { principal: 'user:me', role: 'approver', node: root }],
      ['PATCH', `/pools/${acme.listed}`, { name: 'called-otherwise' }],
      ['PATCH', `/scopes/${acme.publicScope}`, { name: 'called-otherwise' }],
      ['PATCH', `/ipams/${acme.ipam}`, { changeControl: 'none' }],
      ['DELETE', `/ipams/${acme.ipam}?cascade=true`],
      ['POST', '/governance/apply', { operations: [unit('together')] }],
    ]
    for (const [method, path, body] of asked) {
      const answer = await acme.ask<Told>(method, path, body ? { body } : {})
      assert([409, 404].includes(answer.status), `${method} ${path}: ${JSON.stringify(answer.body)}`)
      if (!path.includes('cascade')) assert.equal(answer.body.code, 'ChangeRequestRequired', path)
    }
  },

  async 'approving one’s own change'(acme) {
    const { ann, bob, ask, propose } = await people(acme)
    const { token } = await acme.post<{ token: string }>('/tokens', { principal: 'service:other' }, { as: ann })
    await acme.post('/role-bindings', { principal: 'service:other', role: 'approver', node: root })
    await requireChanges(acme)
    const proposed = await propose([unit('own')])
    for (const as of [ann, token]) await refused(ask('approve', proposed, as), 'NotAuthorized')
    await refused(ask('apply', proposed, ann), 'IncorrectState')
    assert.equal((await ask('approve', proposed, bob)).body.state, 'approved')
  },

  async 'a change edited after its approval'(acme) {
    const { ann, bob, ask, propose } = await people(acme)
    await requireChanges(acme)
    const proposed = await propose([unit('seen')])
    assert.equal((await ask('approve', proposed, bob)).body.state, 'approved')
    const { body: edited } = await acme.ask<Told>('PATCH', `/change-requests/${proposed.changeRequestId}`, {
      as: ann,
      body: { operations: [unit('unseen')] },
    })
    for (const { contentHash } of [proposed, edited]) {
      await refused(ask('apply', { ...edited, contentHash }, ann), 'IncorrectState')
    }
  },

  async 'fewer approvers by the change itself'(acme) {
    const { ann, bob, ask, propose } = await people(acme)
    const rule = { approvers: 2, ofRoot: 0 }
    const rules = { contained: rule, noncompliant: rule, central: rule }
    await acme.ask('PATCH', `/ipams/${acme.ipam}`, { body: { changeApprovals: rules } })
    await requireChanges(acme)
    const fewer = { approvers: 1, ofRoot: 0 }
    const changeApprovals = { contained: fewer, noncompliant: fewer, central: fewer }
    const proposed = await propose([
      { operation: 'updateIpam', input: { ipamId: acme.ipam, changeApprovals, changeControl: 'none' } },
      unit('meanwhile'),
    ])
    assert.equal((await ask('approve', proposed, bob)).body.state, 'in-review')
    await refused(ask('apply', proposed, ann), 'IncorrectState')
  },
}
