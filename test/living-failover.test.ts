// A standby that lacked the last commits takes over under servers that run: each goes on with what the new primary has.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSequences, folded, playOne, type Step, seed, times } from './living/drive.ts'
import { Finding, Installation } from './living/installation.ts'
import { openInCluster } from './living/places.ts'
import { Fault } from './living/server.ts'
import { Cluster, until } from './replication.ts'

/** Failovers, each with steps before it, steps that it loses, and steps that come after it. */
const count = 2 * times
const length = 12

test(`after each of ${count} failovers that lose commits every server answers as a fresh one (seed ${seed})`, async () => {
  // What is acknowledged may be on the primary alone.
  const cluster = await Cluster.start(['one', 'two'], 'asynchronous')
  const installation = await Installation.openIn(await openInCluster(cluster.url))
  try {
    for (const steps of drawSequences('postgres', { seed, count, length: 3 * length, isOrdinary: true })) {
      await failOver(installation, cluster, steps)
    }
  } catch (error) {
    if (!(error instanceof Finding) && !(error instanceof Fault)) throw error
    assert.fail([`seed ${seed}: ${error.message}`, ...folded(installation.log)].join('\n  '))
  } finally {
    await installation.close()
    await cluster.stop()
  }
})

async function failOver(installation: Installation, cluster: Cluster, steps: readonly Step[]): Promise<void> {
  const playAll = async (some: readonly Step[]): Promise<void> => {
    for (const step of some) await playOne(installation, step)
  }
  await playAll(steps.slice(0, length))
  const [standby] = cluster.standbys
  const position = await cluster.written()
  await until('the standby has what it will go on with', async () => (await cluster.received(standby!)) >= position)
  const dead = cluster.primary
  await installation.lose(
    async () => {
      await cluster.holdSenders()
      await playAll(steps.slice(length, 2 * length))
    },
    async () => {
      await cluster.kill()
      await cluster.failOver()
    },
    // The second one has not read before it is accepted.
    [true, false, true],
  )
  await playAll(steps.slice(2 * length))
  await installation.compare([...installation.servers.keys()], 'tries-first')
  await cluster.rejoin(dead)
}
