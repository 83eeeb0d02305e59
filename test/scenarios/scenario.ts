// How a story is told as data and played against a real server: who asks what, what is answered, and what is there afterwards.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as ec2 from '@aws-sdk/client-ec2'
import * as organizations from '@aws-sdk/client-organizations'
import * as sts from '@aws-sdk/client-sts'
import { type Acme, abroad, type Caller, callers, foundAcme, home } from './acme.ts'

const modules = { ec2, organizations, sts } as const
type Modules = typeof modules
export type Service = keyof Modules

type CommandClass = abstract new (input: never) => { readonly input: object }
/** The names of a service's operations, as its API spells them. */
type OperationOf<S extends Service> = {
  [K in keyof Modules[S]]: K extends `${infer Name}Command`
    ? Modules[S][K] extends CommandClass
      ? Name
      : never
    : never
}[keyof Modules[S]]
type ArgumentsOf<S extends Service, Name extends string> = `${Name}Command` extends keyof Modules[S]
  ? Modules[S][`${Name}Command`] extends abstract new (
      ...args: infer Arguments
    ) => unknown
    ? Arguments
    : never
  : never

/**
 * One request. `$name` anywhere in a text stands for what the story calls so.
 */
export interface Call {
  readonly service: Service
  readonly name: string
  readonly input: object
}
const callOf =
  <S extends Service>(service: S) =>
  <Name extends OperationOf<S> & string>(name: Name, ...[input]: ArgumentsOf<S, Name>): Call => ({
    service,
    name,
    input: input ?? {},
  })
export const ask = callOf('ec2')
export const askOrganizations = callOf('organizations')
export const askSts = callOf('sts')

interface Asked {
  readonly as: Caller
  /** The Region of the request; the home Region of the IPAM where nothing is said. */
  readonly in?: string
  readonly asks: Call
}
interface Answered extends Asked {
  /**
   * What the answer holds at least; lists are told whole. A `$name` that the story has not met yet takes the value that
   * stands there; one that it knows must be that value again. `undefined` must be absent.
   */
  readonly gets?: Shape
}
interface Refused extends Asked {
  readonly refused: string
  /** The message, whole. A `$name` in it that is not known yet stands for one word. */
  readonly saying: string
}
interface Explained {
  /** A decision as `cadastre explain` prints it has these lines, in this order. */
  readonly explain: string
  readonly says: readonly string[]
}
export type Step = Answered | Refused | Explained
export type Shape = { readonly [member: string]: unknown }

/** A list that comes in no order that a story could know, such as that of identifiers. */
export const inAnyOrder = (members: readonly unknown[]): Shape => ({ [anyOrder]: members })
const anyOrder = Symbol('any order')

export interface Story {
  /** What the server is told at its start. */
  readonly settings?: Readonly<Record<string, string>>
  readonly steps: readonly (Step | readonly Step[])[]
  /**
   * All that every account holds afterwards, in both Regions, as `inventoryOf` writes it: so nothing else happened.
   * Sorted by the test.
   */
  readonly leaves: readonly string[]
}

export function scenario(title: string, { settings, steps, leaves }: Story): void {
  test(title, async () => {
    const acme = await foundAcme(settings)
    try {
      const names = new Map(acme.names)
      for (const [index, step] of steps.flat().entries()) {
        try {
          await play(acme, names, step as Step)
        } catch (error) {
          throw new Error(`step ${index + 1}, ${describe(step as Step)}`, { cause: error })
        }
      }
      assert.deepEqual(await inventoryOf(acme, names), [...leaves].sort())
    } finally {
      await acme.close()
    }
  })
}

const describe = (step: Step): string =>
  'asks' in step ? `${step.as} asks ${step.asks.name} ${JSON.stringify(step.asks.input)}` : `explain ${step.explain}`

async function play(acme: Acme, names: Map<string, string>, step: Step): Promise<void> {
  if ('explain' in step) return playExplanation(acme, names, step)
  const answer = send(acme, step, names)
  if (!('refused' in step)) return expect(await answer, step.gets ?? {}, names, 'answer')
  const refusal = await answer.then(
    (output) => assert.fail(`was answered ${JSON.stringify(output)}`),
    (error: unknown) => error as Error & { Code?: string },
  )
  if (!('$metadata' in refusal)) throw refusal
  assert.deepEqual(
    { code: refusal.name, message: refusal.message },
    { code: step.refused, message: recognise(refusal.message, step.saying, names) },
  )
}

/** Sends one request of a story as the SDK's own command. */
function send(acme: Acme, { as, in: region = home, asks }: Asked, names: ReadonlyMap<string, string>): Promise<object> {
  const { service, name, input } = asks
  const Command = (modules[service] as unknown as Record<string, new (input: object) => never>)[`${name}Command`]!
  const client = acme.clients(as, region)[service] as { send(command: never): Promise<object> }
  return client.send(new Command(substitute(input, names) as object))
}

async function playExplanation(acme: Acme, names: Map<string, string>, { explain, says }: Explained): Promise<void> {
  const printed = (await acme.server.cadastre('explain', substitute(explain, names) as string)).split('\n')
  const expected = says.map((line) => substitute(line, names) as string)
  const found = printed.filter((line) => expected.includes(line))
  assert.deepEqual(found, expected, `printed:\n${printed.join('\n')}`)
}

// Names --------------------------------------------------------------------------------------------------------------

const asPattern = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
const namePattern = /\$([a-zA-Z][a-zA-Z0-9]*)/g

/** The value with every known `$name` replaced; one that is not known is a mistake in the story. */
function substitute(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') {
    return value.replace(namePattern, (_, name: string) => {
      const known = names.get(name)
      assert(known !== undefined, `the story has not said what $${name} is`)
      return known
    })
  }
  if (Array.isArray(value)) return value.map((each) => substitute(each, names))
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, substitute(each, names)]))
}

/** The expected text with all names put in. Names that are new take the word that stands in their place. */
function recognise(text: string, expected: string, names: Map<string, string>): string {
  const fresh: string[] = []
  const source = expected
    .split(/(\$[a-zA-Z][a-zA-Z0-9]*)/)
    .map((part) => {
      if (!part.startsWith('$') || part.length === 1) return asPattern(part)
      const name = part.slice(1)
      const known = names.get(name)
      if (known !== undefined) return asPattern(known)
      if (fresh.includes(name)) return `\\k<${name}>`
      fresh.push(name)
      return `(?<${name}>[\\w./:-]*\\w)`
    })
    .join('')
  const match = new RegExp(`^${source}$`, 's').exec(text)
  if (!match) return expected.replace(namePattern, (whole, name: string) => names.get(name) ?? whole)
  for (const name of fresh) names.set(name, match.groups![name]!)
  return text
}

function expect(actual: unknown, expected: unknown, names: Map<string, string>, path: string): void {
  if (typeof expected === 'string') {
    assert(typeof actual === 'string', `${path} is ${JSON.stringify(actual)}, not a text`)
    assert.equal(actual, recognise(actual, expected, names), path)
  } else if (typeof expected === 'object' && expected !== null && anyOrder in expected) {
    expectInAnyOrder(actual, expected[anyOrder] as readonly unknown[], names, path)
  } else if (Array.isArray(expected)) {
    assert(Array.isArray(actual), `${path} is no list`)
    assert.equal(actual.length, expected.length, `${path} is ${JSON.stringify(actual)}`)
    for (const [index, each] of expected.entries()) expect(actual[index], each, names, `${path}[${index}]`)
  } else if (typeof expected === 'object' && expected !== null) {
    assert(typeof actual === 'object' && actual !== null, `${path} is ${JSON.stringify(actual)}, not an object`)
    for (const [member, each] of Object.entries(expected)) {
      expect((actual as Shape)[member], each, names, `${path}.${member}`)
    }
  } else {
    assert.deepEqual(actual, expected, path)
  }
}

function expectInAnyOrder(actual: unknown, expected: readonly unknown[], names: Map<string, string>, path: string) {
  assert(Array.isArray(actual), `${path} is no list`)
  assert.equal(actual.length, expected.length, `${path} is ${JSON.stringify(actual)}`)
  const left = [...actual]
  for (const each of expected) {
    const at = left.findIndex((member) => {
      const tried = new Map(names)
      try {
        expect(member, each, tried, path)
        return true
      } catch {
        // This one is not it; perhaps another is.
        return false
      }
    })
    assert(at >= 0, `${path} has no ${JSON.stringify(substitute(each, names))}, but ${JSON.stringify(left)}`)
    expect(left[at], each, names, path)
    left.splice(at, 1)
  }
}

// What is there ------------------------------------------------------------------------------------------------------

/**
 * Everything that anybody holds, one line each, sorted; identifiers by the story's names. Seen by its holder:
 * `shop eip 203.0.113.0 of edge`, `shop vpc 10.0.0.0/24`, `shop subnet …`, `shop nat …`; an address abroad says where it is.
 * Seen by the pools' owner: `edge: 203.0.113.0/32 eip shop`.
 */
async function inventoryOf(acme: Acme, names: ReadonlyMap<string, string>): Promise<string[]> {
  const lines: string[] = []
  for (const caller of callers) {
    for (const region of [home, abroad]) {
      const client = acme.clients(caller, region).ec2
      const where = region === home ? '' : ` in ${region}`
      for (const each of (await client.send(new ec2.DescribeAddressesCommand({}))).Addresses!) {
        lines.push(`${caller} eip ${each.PublicIp} of ${each.PublicIpv4Pool}${where}`)
      }
      for (const { VpcId } of (await client.send(new ec2.DescribeVpcsCommand({}))).Vpcs!) {
        const { Vpcs: vpcs } = await client.send(new ec2.DescribeVpcsCommand({ VpcIds: [VpcId!] }))
        const { CidrBlockAssociationSet: four = [], Ipv6CidrBlockAssociationSet: six = [] } = vpcs![0]!
        const cidrs = [...four.map(({ CidrBlock }) => CidrBlock), ...six.map(({ Ipv6CidrBlock }) => Ipv6CidrBlock)]
        lines.push(`${caller} vpc ${cidrs.join(' ')}${where}`)
      }
      for (const each of (await client.send(new ec2.DescribeSubnetsCommand({}))).Subnets!) {
        const six = each.Ipv6CidrBlockAssociationSet ?? []
        const cidrs = [each.CidrBlock, ...six.map(({ Ipv6CidrBlock }) => Ipv6CidrBlock)].filter(Boolean)
        lines.push(`${caller} subnet ${cidrs.join(' ')}${where}`)
      }
      for (const each of (await client.send(new ec2.DescribeNatGatewaysCommand({}))).NatGateways!) {
        if (each.State === 'deleted') continue
        const addresses = each.NatGatewayAddresses!.map(({ PublicIp, PrivateIp }) => PublicIp ?? PrivateIp)
        lines.push(`${caller} nat ${each.AvailabilityMode} ${addresses.join(' ')}${where}`)
      }
    }
  }
  const client = acme.clients('network').ec2
  for (const pool of (await client.send(new ec2.DescribeIpamPoolsCommand({}))).IpamPools!) {
    const { IpamPoolAllocations: allocations } = await client.send(
      new ec2.GetIpamPoolAllocationsCommand({ IpamPoolId: pool.IpamPoolId! }),
    )
    for (const each of allocations!) {
      const holder = each.ResourceType === 'ipam-pool' ? each.ResourceId : each.ResourceOwner
      lines.push(`${pool.IpamPoolId}: ${each.Cidr} ${each.ResourceType} ${holder}`)
    }
  }
  const told = [...names].sort(([, a], [, b]) => b.length - a.length)
  return lines.map((line) => told.reduce((text, [name, value]) => text.replaceAll(value, name), line)).sort()
}
