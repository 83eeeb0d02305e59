// What a denial costs, and what is told beside it: the nearest change of the request, and the way to an exception.

import { besideRefusal } from '#api/beside-refusals.ts'
import { Refused } from '#model/refusal.ts'
import { network, openAcme, root } from '../test/acme.ts'
import type { Engine } from '../test/engines.ts'

/** The goal: so much of a denial at most. */
const partMax = 0.1
const together = 50

/** Prints a line for each size of the company. */
export async function measureAdvice({
  engine,
  rounds,
}: {
  readonly engine: Engine
  readonly rounds: number
}): Promise<void> {
  console.log(
    `\nadvice: a denied AllocateAddress, with and without what is told beside it, on ${engine}; in process, by CPU time`,
  )
  for (const pools of [2, 20]) {
    const acme = await openAcme({ engine })
    try {
      const ids: string[] = []
      for (let n = 0; n < pools; n++) ids.push(await acme.pool({ cidr: `20.${n}.0.0/24` }))
      const law = await acme.policy()
      await acme.rules(law, ids.slice(0, Math.max(1, pools / 2)))
      await acme.enable(law, root)
      const principal = {
        account: network,
        arn: `arn:aws:iam::${network}:root`,
        userId: network,
        accessKeyId: 'AKIABENCH',
      }
      const denied = async (): Promise<Refused> => {
        try {
          await acme.call('AllocateAddress', { IpamPoolId: ids.at(-1)! }, { account: network })
        } catch (error) {
          if (error instanceof Refused) return error
          throw error
        }
        throw new Error('It was not denied.')
      }
      let asked = 0
      const beside = (refused: Refused) =>
        besideRefusal(refused, (operation, input) =>
          acme.executor.execute(operation, {
            principal,
            region: 'us-east-1',
            input: input as object,
            requestId: `advice-${++asked}`,
            sourceAddress: '127.0.0.1',
          }),
        )
      const costs = { alone: [] as number[], told: [] as number[] }
      const cpu = async (work: () => Promise<unknown>): Promise<number> => {
        const since = process.cpuUsage()
        for (let n = 0; n < together; n++) await work()
        const { user, system } = process.cpuUsage(since)
        return (user + system) / together
      }
      for (let round = -3; round < rounds; round++) {
        const alone = await cpu(denied)
        const told = await cpu(async () => beside(await denied()))
        if (round < 0) continue
        costs.alone.push(alone)
        costs.told.push(told)
      }
      const median = (of: number[]): number => of.toSorted((a, b) => a - b)[of.length >> 1]!
      const [alone, told] = [median(costs.alone), median(costs.told)]
      const part = told / alone - 1
      console.log(
        `${`${pools} pools`.padEnd(12)} ${alone.toFixed(0)} µs alone, ${told.toFixed(0)} µs told: ${(part * 100).toFixed(0)} % more; goal ≤ ${partMax * 100} %: ${part <= partMax ? 'met' : 'missed'}`,
      )
    } finally {
      await acme.close()
    }
  }
}
