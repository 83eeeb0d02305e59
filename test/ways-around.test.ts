// Ways around a policy, each tried and each closed: over both APIs and, by `test/engines.ts`, on both databases.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { nouns } from '#operations/table.native.ts'
import { operationTables } from '#operations/tables.aws.ts'
import { overEc2 } from './ways/ec2.ts'
import { overNative } from './ways/native.ts'
import { type Api, type Attempts, ways, withGuarded } from './ways/way.ts'

const attempts: Readonly<Record<Api, Attempts>> = { ec2: overEc2, native: overNative }
const apiNames: Readonly<Record<Api, string>> = { ec2: 'the EC2 API', native: 'the native API' }
/** What its clients can call. */
const operations: Readonly<Record<Api, readonly string[]>> = {
  ec2: [...operationTables.ec2.keys(), ...operationTables.organizations.keys()],
  native: nouns.flatMap(({ operations }) => operations.map(({ name }) => name)),
}

for (const api of ['ec2', 'native'] as const) {
  describe(`§6 ways around, over ${apiNames[api]}`, () => {
    for (const way of ways) {
      const attempt = attempts[api][way]
      if (typeof attempt === 'function') {
        test(`§6 ${way}`, () => withGuarded(attempt))
      } else {
        test(`§6 ${way}: there is none, because ${attempt.because}`, () => {
          assert.deepEqual(
            operations[api].filter((name) => attempt.unless.test(name)),
            [],
          )
        })
      }
    }
  })
}
