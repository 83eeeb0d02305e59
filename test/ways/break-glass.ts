// Break-glass for shop, as an administrator makes one, and what it leaves to look at.
import assert from 'node:assert/strict'
import { shop } from '../acme.ts'
import { type Guarded, hourMs } from './way.ts'

/** Opens a pool to shop at once, for as long as it can be, and answers the id of the exception. */
export async function breakGlass(acme: Guarded, pool: string): Promise<string> {
  const now = await acme.store.read(async (tx) => tx.now)
  const params = {
    target: shop,
    locale: 'us-east-1',
    resourceType: 'eip',
    grants: { pools: [pool] },
    reason: 'the site is down',
  }
  const during = (ms: number) => ({ ...params, expiresAt: new Date(now + ms).toISOString() })
  const tooLong = await acme.ask<{ field: string }>('POST', '/exceptions/break-glass', {
    body: during(24 * hourMs + 1),
  })
  assert.deepEqual([tooLong.status, tooLong.body.field], [400, 'expiresAt'])
  const byOperator = await acme.ask('POST', '/exceptions/break-glass', { body: during(1_000), as: acme.shopOperator })
  assert.equal(byOperator.status, 403)
  const { exceptionId } = await acme.post<{ exceptionId: string }>('/exceptions/break-glass', during(24 * hourMs))
  const own = await acme.ask('POST', `/exceptions/${exceptionId}/review`, { body: { note: 'I saw it' } })
  assert.equal(own.status, 403)
  return exceptionId
}

export async function findingsOf(acme: Guarded, exceptionId: string): Promise<readonly string[]> {
  const { items } = await acme.get<{ items: { control: string }[] }>(`/exceptions/${exceptionId}/findings`)
  return items.map(({ control }) => control)
}
