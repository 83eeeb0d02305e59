// For how long one request holds the event loop, of every operation of all APIs on a filled store; with the writing of its answer.

import { setImmediate as nextTurn } from 'node:timers/promises'
import { isEc2Operation } from '#api/aws/ec2/query.ts'
import { isLong, writeLongResponse, writeResponse } from '#api/aws/ec2/xml.ts'
import type { Ec2Operation } from '#formats/aws/ec2.generated.ts'
import type { Principal } from '#model/principal.ts'
import { Refused } from '#model/refusal.ts'
import type { AnyOperation } from '#operations/operation.ts'
import { nativeOperations } from '#operations/table.native.ts'
import { operationTables } from '#operations/tables.aws.ts'
import { type Asked, type Filled, openFilled } from '../test/event-loop/filled-world.ts'
import { administratorOf, askExample, parsedFor, signer } from '../test/event-loop/requests.ts'
import { median } from './statistics.ts'

const holdMsMax = 20
/** VPCs, subnets, NAT gateways, pools, accounts and units: of each. */
const objects = 5_000
/** Of the table, the longest; all that miss the goal are in it besides. */
const shown = 15

interface Example {
  readonly operation: AnyOperation
  readonly asked: Asked
  readonly principal: Principal
}

/** From one turn of the event loop to the next, at most, in milliseconds. */
interface Hold {
  /** Of the thread of the event loop: what else runs on the machine does not lengthen it. */
  readonly cpu: number
  readonly wall: number
}

/** The longest holds of asking and answering once. */
async function holdOf(filled: Filled, { operation, asked, principal }: Example): Promise<Hold> {
  await new Promise((resolve) => setImmediate(resolve))
  const longest = { cpu: 0, wall: 0 }
  let wallSince = performance.now()
  let cpuSince = process.threadCpuUsage()
  const look = (): void => {
    const { user, system } = process.threadCpuUsage(cpuSince)
    longest.cpu = Math.max(longest.cpu, (user + system) / 1_000)
    longest.wall = Math.max(longest.wall, performance.now() - wallSince)
    wallSince = performance.now()
    cpuSince = process.threadCpuUsage()
  }
  let turn = setImmediate(function onTurn() {
    look()
    turn = setImmediate(onTurn)
  })
  const output = await askExample(filled.world, operation, asked, principal)
  if (principal === signer && isEc2Operation(operation.name)) await writeOrRefuse(operation.name, output ?? {})
  else JSON.stringify(output)
  look()
  clearImmediate(turn)
  return longest
}

/** An answer that lists too much is refused while it is written. */
async function writeOrRefuse(name: Ec2Operation, output: unknown): Promise<void> {
  try {
    if (isLong(output)) await writeLongResponse(name, output, { requestId: 'bench', nextTurn })
    else writeResponse(name, output, 'bench')
  } catch (error) {
    if (!(error instanceof Refused)) throw error
  }
}

function examplesOf(filled: Filled, administrator: Principal): Example[] {
  const aws = Object.values(operationTables).flatMap((table) => [...table.values()])
  return [
    ...aws.flatMap((operation) =>
      (filled.aws.get(operation.name) ?? []).map((asked) => ({ operation, asked, principal: signer })),
    ),
    ...nativeOperations.flatMap((operation) =>
      (filled.native.get(operation.name) ?? []).map((asked) => ({
        operation: operation as AnyOperation,
        asked: parsedFor(operation, asked),
        principal: administrator,
      })),
    ),
  ]
}

export async function measureHolds({
  rounds,
  rows,
}: {
  readonly rounds: number
  readonly rows: number
}): Promise<void> {
  const filled = await openFilled({ allocations: rows, objects })
  const examples = examplesOf(filled, await administratorOf(filled.world))
  const holds = examples.map((): Hold[] => [])
  for (let round = 0; round < rounds; round++) {
    for (const [index, example] of examples.entries()) holds[index]!.push(await holdOf(filled, example))
  }
  await filled.world.close()
  const found = examples
    .map((example, index) => ({
      ...example,
      cpu: median(holds[index]!.map(({ cpu }) => cpu)),
      wall: median(holds[index]!.map(({ wall }) => wall)),
    }))
    .sort((a, b) => b.cpu - a.cpu)
  const missed = found.filter(({ cpu }) => cpu > holdMsMax)
  console.log(
    `\nlongest hold of the event loop by one request on sqlite, ${rows} Elastic IPs and as many allocations of a pool, ${objects} of each other object; in process, with its answer written; medians of ${rounds} rounds, in ms: CPU of the event loop's thread, and wall time`,
  )
  for (const { operation, asked, cpu, wall } of found.slice(0, Math.max(shown, missed.length))) {
    const what = `${operation.name} ${JSON.stringify(asked.input)}`.slice(0, 90).padEnd(92)
    const verdict = cpu > holdMsMax ? '  missed' : ''
    console.log(`${what} ${cpu.toFixed(1).padStart(7)} ${wall.toFixed(1).padStart(7)}${verdict}`)
  }
  console.log(
    `goal ≤ ${holdMsMax} ms of CPU: ${missed.length === 0 ? 'met' : `missed by ${missed.length} of ${found.length} requests`}`,
  )
}
