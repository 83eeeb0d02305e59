// A change request of a thousand objects: what it costs to propose, submit, approve and apply it, beside the same list that is made at once.
import { openAcme, root } from '../test/acme.ts'
import type { Engine } from '../test/engines.ts'
import { withNativeApi } from '../test/native-world.ts'
import { type Figure, median } from './statistics.ts'

const objects = 1_000
/** What one sender may try is bounded for each minute. */
const minuteMs = 60_000

interface Shown {
  readonly changeRequestId: string
  readonly contentHash: string
  readonly state: string
}

/** In what follows one another: as a draft nothing is tried, and submitted all of it is made and taken back. */
const steps = ['draft', 'submit', 'approve', 'apply'] as const
type Step = (typeof steps)[number]

export async function measureChanges({
  engine,
  rounds,
}: {
  readonly engine: Engine
  readonly rounds: number
}): Promise<readonly Figure[]> {
  const world = await withNativeApi(await openAcme({ engine }))
  const people = {
    ann: await world.tokenOf('user:ann', 'organization-administrator', root),
    bob: await world.tokenOf('user:bob', 'organization-administrator', root),
    cat: await world.tokenOf('user:cat', 'organization-administrator', root),
  }
  let made = 0
  const operations = (): readonly object[] =>
    Array.from({ length: objects }, () => {
      const input = { scopeId: world.privateScope, family: 'ipv4', name: `pool ${++made}`, tags: { team: 'net' } }
      return { operation: 'createPool', input }
    })
  const timed = async <T>(work: () => Promise<T>): Promise<{ readonly ms: number; readonly answer: T }> => {
    const beganAt = performance.now()
    const answer = await work()
    return { ms: performance.now() - beganAt, answer }
  }
  const ask = (path: string, body: object, as: string): Promise<Shown> => world.post<Shown>(path, body, { as })
  const atOnce: number[] = []
  const took: Readonly<Record<Step, number[]>> = { draft: [], submit: [], approve: [], apply: [] }
  for (let round = 0; round < rounds; round++) {
    world.advance(minuteMs)
    const list = operations()
    atOnce.push((await timed(() => world.post('/governance/apply', { operations: list }, { as: people.ann }))).ms)
    const proposal = { node: root, reason: 'a thousand pools', operations: operations(), draft: true }
    const draft = await timed(() => ask('/change-requests', proposal, people.ann))
    const path = `/change-requests/${draft.answer.changeRequestId}`
    const submit = await timed(() => ask(`${path}/submit`, {}, people.ann))
    const { contentHash } = submit.answer
    const approve = await timed(() => ask(`${path}/approve`, { contentHash }, people.bob))
    // What reaches more than one account takes two.
    if (approve.answer.state !== 'approved') await ask(`${path}/approve`, { contentHash }, people.cat)
    const apply = await timed(() => ask(`${path}/apply`, { contentHash }, people.ann))
    if (apply.answer.state !== 'applied') throw new Error(`it is ${apply.answer.state}`)
    for (const [step, { ms }] of Object.entries({ draft, submit, approve, apply })) took[step as Step].push(ms)
  }
  await world.close()
  const inMs = (values: readonly number[]): string => `${median(values).toFixed(0)} ms`
  console.log(
    `${objects} pools on ${engine}: at once ${inMs(atOnce)}; as a change request ${steps.map((step) => `${step} ${inMs(took[step])}`).join(', ')}`,
  )
  const ratios = (of: (round: number) => number) => atOnce.map((ms, round) => of(round) / ms)
  return [
    ...steps.map((step) => ({
      what: `change request of ${objects} objects, ${step} ÷ the list at once`,
      values: ratios((round) => took[step][round]!),
    })),
    {
      what: `change request of ${objects} objects, all of it ÷ the list at once`,
      values: ratios((round) => steps.reduce((sum, step) => sum + took[step][round]!, 0)),
    },
  ]
}
