// A database that the version before wrote opens, is sound, and gives the answers that it gave there: see version-before/README.md.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { brotliDecompressSync } from 'node:zlib'
import { z } from 'zod'
import { createAuthenticator } from '#api/rest/session.ts'
import type { Principal } from '#model/principal.ts'
import { Refused } from '#model/refusal.ts'
import { type Executor, openExecutor } from '#operations/execute.ts'
import { nativeOperations } from '#operations/table.native.ts'
import { operationTables } from '#operations/tables.aws.ts'
import { openPostgres } from '#store/postgres/engine.ts'
import { parseTarget } from '#store/postgres/link.ts'
import { migratePostgres } from '#store/postgres/migrate.ts'
import { migrations } from '#store/schema/migrations.ts'
import { migrateSqlite, openSqlite } from '#store/sqlite/engine.ts'
import type { Store } from '#store/store.ts'
import { checkSpace } from '#store/upkeep/check.ts'
import { dataRoot } from './data-root.ts'
import { engineUnderTest } from './engines.ts'
import { parsedFor, signer } from './event-loop/requests.ts'
import { emptyPostgres, executeAt, ownerOf } from './postgres.ts'
import { databaseFile, testSecretKey } from './prepared.ts'
import { openSealer, testSettings } from './world.ts'

/** What was asked there, and what came back. */
interface Answered {
  readonly service: keyof typeof operationTables | 'native'
  readonly operation: string
  readonly input: object
  readonly output?: unknown
  readonly refused?: string
}
interface Written {
  /** Of an administrator of everything, at the native API. */
  readonly token: string
  /** What the clock said, in milliseconds since 1970. */
  readonly now: number
  readonly answers: readonly Answered[]
}

const kept = async (name: string): Promise<Buffer> =>
  brotliDecompressSync(await readFile(join(import.meta.dirname, 'version-before', `${name}.br`)))
const written = JSON.parse((await kept(`${engineUnderTest}.answers.json`)).toString()) as Written
const stepThen = 25

// Opening -------------------------------------------------------------------------------------------------------------

interface Opened {
  readonly from: number
  readonly to: number
  readonly store: Store
  remove(): Promise<void>
}
const options = { clock: () => written.now, sealer: openSealer }

async function openFile(): Promise<Opened> {
  const folder = await mkdtemp(join(dataRoot(), 'cadastre-test-'))
  await writeFile(join(folder, 'secret.key'), testSecretKey, { mode: 0o600 })
  await writeFile(join(folder, databaseFile), await kept('sqlite.db'), { mode: 0o600 })
  const { from, to } = migrateSqlite(folder)
  const store = openSqlite({ folder, ...options, exclusive: true })
  return { from, to, store, remove: () => rm(folder, { recursive: true, force: true }) }
}
async function openSchema(): Promise<Opened> {
  const url = await emptyPostgres()
  const target = parseTarget(url)
  assert(typeof target !== 'string')
  const { schema } = target
  const drop = () => executeAt(ownerOf(url), `drop schema "${schema}" cascade`)
  await drop()
  await executeAt(ownerOf(url), (await kept('postgres.sql')).toString().replaceAll('schema_of_fixture', schema))
  const { from, to } = await migratePostgres({ url, ownerUrl: ownerOf(url) })
  const store = await openPostgres({ url, ...options })
  return { from, to, store, remove: async () => void (await drop()) }
}

let opened: Opened
let executor: Executor
let administrator: Principal

before(async () => {
  opened = await (engineUnderTest === 'sqlite' ? openFile() : openSchema())
  executor = await openExecutor(opened.store, testSettings)
  administrator = await createAuthenticator(opened.store)(`Bearer ${written.token}`)
})
after(async () => {
  await opened?.store.close()
  await opened?.remove()
})

// Comparing -----------------------------------------------------------------------------------------------------------

const inOwnWords =
  "what networks were, and tags in the history, stand in the native API's words, and no longer in EC2's"
const calledByName = 'the management account is called by its name, and not by its number'
/** What answers have not got any more, or got otherwise, and why: the changelog says what clients do. */
const changed: Readonly<Record<string, string>> = {
  'native getObjectHistory': inOwnWords,
  'native getChange': inOwnWords,
  'native listSubjectsOfChange': inOwnWords,
  'native listTree': calledByName,
  'native explainDecision': calledByName,
  'native explainRequest': calledByName,
  'native listResourceTypes': "what `custom` is stands there without the name of EC2's operation",
  'native listRoles': 'what roles permit of change requests is said there too',
  'native listChanges': 'a page begins with the newest: whoever reads from the beginning asks for `order=oldest-first`',
}

/** Where `now` does not say all that `then` said; members and items may have been added, and items may come in another order. */
function* lost(then: unknown, now: unknown, path: string): Generator<string> {
  if (Array.isArray(then) && Array.isArray(now)) {
    const left = [...now]
    for (const [index, item] of then.entries()) {
      const at = left.findIndex((one) => lost(item, one, path).next().done)
      if (at >= 0) left.splice(at, 1)
      else yield* lost(item, now[index], `${path}[${index}]`)
    }
  } else if (isObject(then) && isObject(now)) {
    for (const [name, value] of Object.entries(then)) yield* lost(value, now[name], `${path}.${name}`)
  } else if (!isDeepStrictEqual(then, now)) {
    yield `${path}: ${JSON.stringify(then)} was answered, and now ${JSON.stringify(now)}`
  }
}
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

async function askNow({ service, operation: name, input }: Answered): Promise<Pick<Answered, 'output' | 'refused'>> {
  const native = service === 'native' ? nativeOperations.find((one) => one.name === name) : undefined
  const operation = native ?? (service === 'native' ? undefined : operationTables[service].get(name))
  assert(operation, `${name} is gone`)
  try {
    const { output } = await executor.execute(operation, {
      principal: native ? administrator : signer,
      region: native ? 'global' : 'us-east-1',
      input: native ? parsedFor(native, { input }).input : input,
      requestId: 'version-before',
      sourceAddress: '127.0.0.1',
    })
    return { output: JSON.parse(JSON.stringify(native ? z.encode(native.output, output as never) : output)) }
  } catch (error) {
    if (error instanceof Refused) return { refused: error.refusal.code }
    throw error
  }
}

describe('a database that the version before wrote', () => {
  test('is brought to the newest step, and is sound', async () => {
    assert.deepEqual([opened.from, opened.to], [stepThen, migrations.length])
    const report = await checkSpace(opened.store)
    assert.deepEqual(report.problems, [])
  })

  const byOperation = Map.groupBy(written.answers, ({ service, operation }) => `${service} ${operation}`)
  for (const [name, answers] of byOperation) {
    test(`answers ${name} as it did`, async () => {
      const differences: string[] = []
      for (const { output, refused, ...asked } of answers) {
        const now = await askNow(asked)
        assert.equal(now.refused, refused)
        // EC2's clients know what they are answered; the native API may say more than it did.
        if (asked.service !== 'native') assert.deepEqual(now.output, output)
        else differences.push(...lost(output, now.output, JSON.stringify(asked.input)))
      }
      if (changed[name] === undefined) assert.deepEqual(differences, [])
      else assert.notDeepEqual(differences, [], 'nothing is lost any more')
    })
  }

  test('tells of a change of what was there before what has changed, and nothing else', async () => {
    const { input } = written.answers.find(({ operation }) => operation === 'getObjectHistory')!
    const { objectId: VpcId } = input as { readonly objectId: string }
    const ask = (service: keyof typeof operationTables | 'native', operation: string, asked: object) =>
      askNow({ service, operation, input: asked })
    await ask('ec2', 'ModifyVpcAttribute', { VpcId, EnableDnsHostnames: { Value: true } })
    await ask('ec2', 'CreateTags', { Resources: [VpcId], Tags: [{ Key: 'env', Value: 'prod' }] })
    const { output } = await ask('native', 'listChanges', { subject: VpcId, limit: 2 })
    const { items } = output as { readonly items: readonly { readonly differences: readonly object[] }[] }
    const subject = { objectId: VpcId, kind: 'vpc' }
    const members = [{ member: 'enableDnsHostnames', before: false, after: true }]
    const tags = [{ member: 'tags', before: {}, after: { env: 'prod' } }]
    assert.deepEqual(
      items.map(({ differences }) => differences),
      [
        [{ ...subject, versionBefore: 2, versionAfter: 3, members: tags }],
        [{ ...subject, versionBefore: 1, versionAfter: 2, members }],
      ],
    )
  })
})
