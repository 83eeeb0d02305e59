// Clients of AWS's SDK that allocate, release and repeat while servers and databases die, and what they were told.
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import {
  AllocateAddressCommand,
  AllocateIpamPoolCidrCommand,
  CreateIpamCommand,
  CreateIpamPoolCommand,
  DescribeAddressesCommand,
  DescribeIpamsCommand,
  EC2Client,
  type EC2ServiceException,
  ProvisionIpamPoolCidrCommand,
  paginateGetIpamPoolAllocations,
  ReleaseAddressCommand,
} from '@aws-sdk/client-ec2'
import { rootKey } from '../process.ts'
import { until } from '../replication.ts'

/** Attempts of one call, each signed anew with the same invocation id. */
const attemptsMax = 12
/** How often a client repeats a call with its own token after the SDK gave up. */
const repeatsMax = 20
const silenceMs = 200
/** Beyond this many a client gives one back before it takes another. */
const heldMax = 30

export interface LoadOptions {
  readonly endpoint: string
  readonly clients: number
  /** Where blocks are taken from; nobody else does. */
  readonly pool: string
  /** Whether a call may end without any answer: where servers are killed, not where only databases are. */
  readonly mayBreak: boolean
}
interface Held {
  readonly address: string
  readonly call: string
}

export const clientOf = (endpoint: string): EC2Client =>
  new EC2Client({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: rootKey.id, secretAccessKey: rootKey.secret },
    maxAttempts: attemptsMax,
  })

/** A private pool with space of its own; the IPAM is made with the first one. */
export async function makePool(endpoint: string, cidr: string): Promise<string> {
  const client = clientOf(endpoint)
  const { Ipams } = await client.send(new DescribeIpamsCommand({}))
  const ipam = Ipams![0] ?? (await client.send(new CreateIpamCommand({}))).Ipam!
  const { IpamPool } = await client.send(
    new CreateIpamPoolCommand({ IpamScopeId: ipam.PrivateDefaultScopeId!, AddressFamily: 'ipv4' }),
  )
  await client.send(new ProvisionIpamPoolCidrCommand({ IpamPoolId: IpamPool!.IpamPoolId!, Cidr: cidr }))
  client.destroy()
  return IpamPool!.IpamPoolId!
}

/** A call that says its name: whoever lists addresses finds how often it took effect. */
const allocateAs = (call: string): AllocateAddressCommand =>
  new AllocateAddressCommand({
    TagSpecifications: [{ ResourceType: 'elastic-ip', Tags: [{ Key: 'call', Value: call }] }],
  })

export class Load {
  acknowledged = 0
  /** Calls that the SDK gave up, each answered 503 (or with nothing, where that is allowed). */
  givenUp = 0
  readonly #options: LoadOptions
  readonly #clients: readonly EC2Client[]
  /** By allocation id: acknowledged, and no release of it was asked. */
  readonly #held = new Map<string, Held>()
  /** Allocation ids whose release was acknowledged. */
  readonly #released = new Set<string>()
  /** Allocation ids whose release was asked and not acknowledged. */
  readonly #uncertain = new Set<string>()
  /** Calls of AllocateAddress that nobody answered: none or one effect. */
  readonly #unanswered = new Set<string>()
  /** By client token: the block that was acknowledged. */
  readonly #blocks = new Map<string, string>()
  #turns = 0
  #running: Promise<unknown> = Promise.resolve()
  #isPausing = true
  /** What a client found wrong; it has stopped. */
  #failure: unknown

  constructor(options: LoadOptions) {
    this.#options = options
    this.#clients = Array.from({ length: options.clients }, () => clientOf(options.endpoint))
  }

  start(): void {
    assert.ok(this.#isPausing)
    this.#isPausing = false
    this.#running = Promise.all(this.#clients.map((client) => this.#run(client)))
    // Whoever waits for it is told; until then a failure must not end the process.
    this.#running.catch((error: unknown) => {
      this.#failure = error
    })
  }
  /** Waits until so many more requests are answered; throws at once what a client found wrong. */
  async answers(more: number): Promise<void> {
    const enough = this.acknowledged + more
    await until(`${more} requests more are answered`, () => {
      if (this.#failure) throw this.#failure
      return this.acknowledged >= enough
    })
  }
  /** Waits until no answer comes any more, as where no commit is safe; one that came too early is then in the ledger. */
  async silence(): Promise<void> {
    await until('no request is answered any more', async () => {
      const before = this.acknowledged
      await pause(silenceMs)
      return this.acknowledged === before
    })
  }
  /** Resolves when no request is under way; throws what a client found wrong. */
  async pause(): Promise<void> {
    this.#isPausing = true
    await this.#running
  }
  async close(): Promise<void> {
    await this.pause()
    for (const client of this.#clients) client.destroy()
  }

  /** Of a load that pauses: what was acknowledged is there once, nothing twice, and nothing that nobody asked for. */
  async assertKept(endpoint: string): Promise<void> {
    const client = clientOf(endpoint)
    const { Addresses } = await client.send(new DescribeAddressesCommand({}))
    const there = new Map(Addresses!.map((address) => [address.AllocationId!, address]))
    const addresses = Addresses!.map(({ PublicIp }) => PublicIp!)
    const calls = Addresses!.map(({ Tags }) => Tags?.find(({ Key }) => Key === 'call')?.Value)
    assert.equal(new Set(addresses).size, addresses.length, 'no address stands there twice')
    assert.equal(new Set(calls).size, calls.length, 'no call took effect twice')
    for (const [id, { address, call }] of this.#held)
      assert.equal(there.get(id)?.PublicIp, address, `${call} was acknowledged`)
    for (const id of this.#released) assert.ok(!there.has(id), `the release of ${id} was acknowledged`)
    for (const [index, { AllocationId: id }] of Addresses!.entries()) {
      const isExplained = this.#held.has(id!) || this.#uncertain.has(id!) || this.#unanswered.has(calls[index] ?? '')
      assert.ok(isExplained, `nobody asked for ${id} (${calls[index]})`)
    }
    const blocks: { readonly token: string; readonly cidr: string }[] = []
    for await (const page of paginateGetIpamPoolAllocations(
      { client },
      { IpamPoolId: this.#options.pool, MaxResults: 1_000 },
    )) {
      for (const { Description, Cidr } of page.IpamPoolAllocations!) blocks.push({ token: Description!, cidr: Cidr! })
    }
    client.destroy()
    assert.equal(new Set(blocks.map(({ cidr }) => cidr)).size, blocks.length, 'no block stands there twice')
    assert.deepEqual(new Map(blocks.map(({ token, cidr }) => [token, cidr])), this.#blocks)
    assert.equal(blocks.length, this.#blocks.size, 'no token took effect twice')
  }

  async #run(client: EC2Client): Promise<void> {
    const own: string[] = []
    for (let turn = 0; !this.#isPausing; turn++) {
      const call = `call-${++this.#turns}`
      if (turn % 8 === 7) await this.#takeBlock(client, call)
      else if (own.length >= heldMax || (turn % 3 === 2 && own.length > 0)) await this.#release(client, own.shift()!)
      else {
        const id = await this.#allocate(client, call)
        if (id !== undefined) own.push(id)
      }
    }
  }

  async #allocate(client: EC2Client, call: string): Promise<string | undefined> {
    this.#unanswered.add(call)
    const answer = await this.#answerOf(client.send(allocateAs(call)))
    if (!answer) return undefined
    const { AllocationId: id, PublicIp: address } = answer
    this.#unanswered.delete(call)
    assert.ok(!this.#held.has(id!) && !this.#released.has(id!), `${id} was acknowledged twice`)
    this.#held.set(id!, { address: address!, call })
    return id!
  }
  async #release(client: EC2Client, id: string): Promise<void> {
    this.#held.delete(id)
    this.#uncertain.add(id)
    if (!(await this.#answerOf(client.send(new ReleaseAddressCommand({ AllocationId: id }))))) return
    this.#uncertain.delete(id)
    this.#released.add(id)
  }
  /** Goes on with its token until it knows. */
  async #takeBlock(client: EC2Client, token: string): Promise<void> {
    const input = { IpamPoolId: this.#options.pool, NetmaskLength: 28, ClientToken: token, Description: token }
    for (let repeat = 0; repeat < repeatsMax; repeat++) {
      const answer = await this.#answerOf(client.send(new AllocateIpamPoolCidrCommand(input)))
      if (!answer) continue
      this.#blocks.set(token, answer.IpamPoolAllocation!.Cidr!)
      return
    }
    assert.fail(`${token} was never answered`)
  }

  /** The answer; undefined where the SDK gave up. Any other refusal than "try again" is a wrong answer. */
  async #answerOf<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
      const found = await answer
      this.acknowledged++
      return found
    } catch (error) {
      const { name, $metadata: metadata } = error as EC2ServiceException
      const isTryAgain = metadata?.httpStatusCode === 503 && name === 'ServiceUnavailable'
      const isBroken = this.#options.mayBreak && metadata?.httpStatusCode === undefined
      if (!isTryAgain && !isBroken) throw error
      this.givenUp++
      return undefined
    }
  }
}
