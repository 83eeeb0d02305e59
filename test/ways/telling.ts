// Sources that tell of an Elastic IP of shop, what adopting it comes to, and what their rules do.
import assert from 'node:assert/strict'
import { adoptByRule, lookByRule, sourceWithRule } from '#operations/estate/own-rule.ts'
import { principalOfRule } from '#operations/estate/rule-setter.ts'
import type { AnyOperation } from '#operations/operation.ts'
import { shop } from '../acme.ts'
import { managementAccount } from '../world.ts'
import type { Guarded } from './way.ts'

interface Told {
  readonly node: string
  readonly address: string
  /** The token of who sends it. */
  readonly by: string
  readonly rule?: object
  /** The token of who makes the source; the administrator's by default. */
  readonly as?: string
}
/** Makes a source and sends its first snapshot; answers its id. */
export async function tells(acme: Guarded, { node, address, by, rule = {}, as }: Told): Promise<string> {
  acme.advance(60_000)
  const now = await acme.store.read(async (tx) => tx.now)
  const made = { name: `told at ${now}`, kind: 'csv', node, ...rule }
  const { sourceId } = await acme.post<{ sourceId: string }>('/sources', made, as === undefined ? {} : { as })
  const observed = {
    kind: 'address',
    type: 'eip',
    cidr: `${address}/32`,
    id: 'told',
    account: shop,
    locale: 'us-east-1',
  }
  const lines = [{ snapshot: { takenAt: new Date(now).toISOString() } }, observed, { end: { observations: 1 } }]
  const { status, body } = await acme.ask('POST', `/sources/${sourceId}/snapshots`, {
    headers: { 'content-type': 'application/x-ndjson' },
    body: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    as: by,
  })
  assert.equal(status, 201, JSON.stringify(body))
  return sourceId
}

/** What came of it, or why nothing did. */
export async function adopts(acme: Guarded, sourceId: string, as: string): Promise<readonly string[]> {
  const { items } = await acme.post<{ items: { outcome: string; why?: string }[] }>(
    ...([`/sources/${sourceId}/differences/adopt`, { everything: true }, { as }] as const),
  )
  return items.map(({ outcome, why }) => why ?? outcome)
}

/** What the job does, until there is nothing to do. */
export async function runRules({ store, executor }: Pick<Guarded, 'store' | 'executor'>): Promise<void> {
  for (;;) {
    const source = await store.read(sourceWithRule)
    if (!source) return
    const { arn, ...rest } = principalOfRule(source)
    const principal = { account: managementAccount, arn, userId: arn, ...rest }
    const act = async (operation: AnyOperation, input: object) =>
      (await executor.execute(operation, { principal, region: '', input, requestId: 'rule', sourceAddress: 'local' }))
        .output
    const step = await act(lookByRule, { sourceId: source.id })
    if (step) await act(adoptByRule, step)
  }
}
