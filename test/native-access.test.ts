// Every route of the native API, for every role, at home and from a foreign account: read from the definitions, so that none is forgotten.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { partsOf } from '#api/rest/parts.ts'
import { type Role, roleNames, roles } from '#model/roles.ts'
import type { NativeOperation } from '#operations/operation.native.ts'
import { nativeOperations } from '#operations/table.native.ts'
import { accessExamples, type Example } from './native-access-examples.ts'
import { type Answered, type NativeWorld, openNativeWorld } from './native-world.ts'
import { type Organization, withOrganization } from './organization.ts'
import { managementAccount } from './world.ts'

let world: NativeWorld & Organization
let examples: ReadonlyMap<string, Example>
/** An account with nothing in it, where others have roles. */
let foreign: string
const tokens = new Map<string, string>()

before(async () => {
  world = await withOrganization(await openNativeWorld())
  foreign = await world.account('foreign')
  examples = await accessExamples(world)
  for (const role of roleNames) {
    for (const node of [managementAccount, foreign, '*']) {
      tokens.set(`${role} ${node}`, await world.tokenOf(`user:${role}-at-${node.replace('*', 'all')}`, role, node))
    }
  }
})
after(() => world.close())

/** Asks as somebody with a role at a node. Changes are tried as dry runs: who may is asked all the same. */
function ask(operation: NativeOperation, input: Example['input'], role: Role, node: string): Promise<Answered<object>> {
  const parts = partsOf(operation)
  const path = operation.rest.path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(input[name])))
  const query = new URLSearchParams(
    parts.query.filter((name) => input[name] !== undefined).map((name) => [name, String(input[name])]),
  )
  if (operation.access === 'write') query.set('dryRun', 'true')
  const body = Object.fromEntries(
    parts.body.flatMap((name) => (input[name] === undefined ? [] : [[name, input[name]]])),
  )
  return world.ask<object>(operation.rest.method, `${path}?${query}`, {
    as: tokens.get(`${role} ${node}`)!,
    ...(parts.body.length > 0 ? { body } : {}),
  })
}
const permits = (role: Role, action: string): boolean => (roles[role].actions as readonly string[]).includes(action)
const readingOf = (action: string): string => `${action.split(':')[0]}:read`
const told = ({ status, body }: Answered<object>): string => `${status} ${JSON.stringify(body)}`

test('every operation has an example here', () => {
  const missing = nativeOperations.filter(({ name }) => !examples.has(name)).map(({ name }) => name)
  assert.deepEqual(missing, [])
})

for (const operation of nativeOperations) {
  const { name, action, reach } = operation
  const title = `${operation.rest.method} ${operation.rest.path} (${name})`

  if (reach === 'place') {
    test(`${title} is for whom a role permits ${action}, and nobody else`, async () => {
      const example = examples.get(name)!
      const place = example.node ?? managementAccount
      for (const role of roleNames) {
        const answer = await ask(operation, example.input, role, place)
        const isDone = example.instead === undefined ? answer.status < 300 : answer.status === example.instead
        if (permits(role, action)) assert(isDone, `${role}: ${told(answer)}`)
        else assert([403, 404].includes(answer.status), `${role}: ${told(answer)}`)
        if (permits(role, action) || !permits(role, readingOf(action))) continue
        assert.equal(answer.status, 403, `${role} may see what is there, and is told what is missing: ${told(answer)}`)
      }
    })

    test(`I8 Z1 ${title} tells those of another account nothing`, async () => {
      const { input, absent = {}, node } = examples.get(name)!
      for (const role of roleNames) {
        const hidden = await ask(operation, input, role, foreign)
        assert([403, 404].includes(hidden.status), `${role}: ${told(hidden)}`)
        const { id } = hidden.body as { id?: string }
        const named = `organization ${JSON.stringify(input)}`
        const isNamed = id === undefined || id.split('/').every((part) => named.includes(part))
        assert(isNamed, `${role} learns of ${id}, which nobody has named: ${told(hidden)}`)
        // What belongs to no node is no secret, and neither is what the caller names as its own place.
        if (node === '*' || Object.keys(absent).length === 0) continue
        const nothing = await ask(operation, { ...input, ...absent }, role, foreign)
        const masked = (answer: Answered<object>): string =>
          Object.entries({ ...input, ...absent }).reduce(
            (text, [key]) =>
              text.replaceAll(String(input[key]), '…').replaceAll(String({ ...input, ...absent }[key]), '…'),
            told(answer).replaceAll(/(?<!change-)request-\d+/g, 'request'),
          )
        assert.equal(masked(hidden), masked(nothing), role)
      }
    })
  }

  if (reach === 'filtered') {
    test(`I8 ${title} shows each only what is theirs to see`, async () => {
      const { input, secrets = [managementAccount] } = examples.get(name)!
      for (const role of roleNames) {
        const answer = await ask(operation, input, role, foreign)
        assert(answer.status < 300, told(answer))
        const text = JSON.stringify(answer.body)
        for (const secret of secrets) assert(!text.includes(secret), `${role}: ${secret} in ${text}`)
      }
    })
  }
}
