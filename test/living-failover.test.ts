// A standby that lacked the last commits takes over under servers that run: each goes on with what the new primary has.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { drawSequences, folded, playOne, seed, times } from './living/drive.ts'
import { type LossExample, lossExamples } from './living/examples.ts'
import { Finding, Installation } from './living/installation.ts'
import { openInCluster } from './living/places.ts'
import { Fault } from './living/server.ts'
import { Cluster, until } from './replication.ts'

/** Failovers with random steps before them, steps that they lose, and steps after them. */
const count = times
const length = 10

let cluster: Cluster
let installation: Installation
before(async () => {
  // What is acknowledged may be on the primary alone.
  cluster = await Cluster.start(['one', 'two'], 'asynchronous')
  installation = await Installation.openIn(await openInCluster(cluster.url))
})
after(async () => {
  await installation?.close()
  await cluster?.stop()
})

/** Loses what `lost` does; one standby is enough, which is a copy of the new primary the next time. */
async function failOver({ lost, ...example }: LossExample): Promise<void> {
  installation.log.length = 0
  try {
    await example.before?.(installation)
    const [standby] = cluster.standbys
    const position = await cluster.written()
    await until('the standby has what it will go on with', async () => (await cluster.received(standby!)) >= position)
    const [dead, known] = [cluster.primary, installation.ledger]
    await installation.lose(
      async () => {
        await cluster.holdSenders()
        await lost(installation)
      },
      async () => {
        await cluster.kill()
        await cluster.failOver()
      },
      // The second one has not read before it is accepted.
      [true, false, true],
    )
    // At once, so that the next one finds a standby whatever comes of this.
    await cluster.rejoin(dead)
    await example.after(installation, known)
    await installation.compare([...installation.servers.keys()], 'readings-first')
  } catch (error) {
    if (!(error instanceof Finding) && !(error instanceof Fault)) throw error
    assert.fail([error.message, ...folded(installation.log)].join('\n  '))
  }
}

// A failover is slow: those that do not touch each other share one.
const [numbers, rules, signIns] = lossExamples as readonly [LossExample, LossExample, LossExample]
const both: LossExample = {
  title: `${numbers.title}, and ${signIns.title}`,
  async lost(installation) {
    await numbers.lost(installation)
    await signIns.lost(installation)
  },
  async after(installation, known) {
    await numbers.after(installation, known)
    await signIns.after(installation, known)
  },
}
for (const example of [both, rules]) test(`after a failover ${example.title}`, () => failOver(example))

const sequences = drawSequences('postgres', { seed, count, length: 3 * length, isOrdinary: true })
for (const [index, steps] of sequences.entries()) {
  test(`after a failover amid random steps every server answers as a fresh one (seed ${seed}, ${index})`, () => {
    const playFrom = async (from: number): Promise<void> => {
      for (const step of steps.slice(from, from + length)) await playOne(installation, step)
    }
    return failOver({
      title: 'random steps',
      before: () => playFrom(0),
      lost: () => playFrom(length),
      after: () => playFrom(2 * length),
    })
  })
}
