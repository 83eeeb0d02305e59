// Sources, the register and what people do with differences, drawn at random, beside a ledger that shares nothing with them: what is
// left open once everything that can be adopted was adopted, that nothing is freed by itself, and that parts are whole.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type NativeWorld, openNativeWorld } from './native-world.ts'
import { type Organization, withOrganization } from './organization.ts'
import { type Choices, choicesOf } from './random.ts'

const seed = Number(process.env.CADASTRE_DRIVE_SEED ?? 20_261_130)
const times = Number(process.env.CADASTRE_DRIVE_TIMES ?? 1)

/** Something that is in the cloud. */
interface Thing {
  readonly id: string
  readonly kind: 'network' | 'subnet' | 'address'
  readonly cidr: string
  readonly account: string
  readonly vpc: string
}
/** What the source has told of a thing: in how many complete snapshots in a row it was missing. */
interface ToldOf {
  readonly thing: Thing
  missing: number
}
interface Held {
  readonly cidr: string
  readonly account: string
  readonly resourceId: string
  /** Since which snapshot the source could have told of it. */
  readonly after: number
}
interface Item {
  readonly differenceId: string
  readonly outcome: string
  readonly cidr: string
  readonly id?: string
  readonly allocationId?: string
}

class Drive {
  readonly #world: NativeWorld & Organization
  readonly #accounts: readonly string[]
  readonly #choices: Choices
  readonly #poolId: string
  readonly #there = new Map<string, Thing>()
  readonly #told = new Map<string, ToldOf>()
  readonly #register = new Map<string, Held>()
  #unlisted: string | undefined
  #snapshots = 0
  #drawn = 0

  constructor(world: NativeWorld & Organization, accounts: readonly string[], poolId: string, choices: Choices) {
    this.#world = world
    this.#accounts = accounts
    this.#poolId = poolId
    this.#choices = choices
  }

  async step(): Promise<void> {
    const { chance, between } = this.#choices
    const draw = between(0, 9)
    if (draw < 3) this.#changeCloud()
    else if (draw < 6) await this.#send(chance(0.3) ? this.#choices.pick(this.#accounts) : undefined)
    else if (draw < 7) await this.#registerByHand()
    else if (draw < 9) await this.#adopt(this.#choices.pick(['everything', 'networks', 'one part']))
    else await this.#release()
    await this.#checkRegister()
  }

  // The cloud --------------------------------------------------------------------------------------------------------

  #changeCloud(): void {
    const { between, chance, pick } = this.#choices
    for (let count = between(1, 3); count > 0; count--) {
      const all = [...this.#there.values()]
      if (chance(0.25) && all.length > 0) {
        const gone = pick(all)
        for (const one of all)
          if (one.id === gone.id || (gone.kind === 'network' && one.vpc === gone.id) || this.#isInside(one, gone))
            this.#there.delete(one.id)
      } else this.#makeVpc()
    }
  }
  #isInside(one: Thing, outer: Thing): boolean {
    if (outer.kind !== 'subnet' || one.kind !== 'address') return false
    return one.cidr.split('.').slice(0, 3).join('.') === outer.cidr.split('.').slice(0, 3).join('.')
  }
  #makeVpc(): void {
    const { between, pick } = this.#choices
    const number = this.#drawn++
    const account = pick(this.#accounts)
    const vpc = `vpc-${number}`
    const prefix = `10.${number}`
    this.#add({ id: vpc, kind: 'network', cidr: `${prefix}.0.0/16`, account, vpc })
    for (let subnet = between(0, 4); subnet > 0; subnet--) {
      this.#add({ id: `subnet-${number}-${subnet}`, kind: 'subnet', cidr: `${prefix}.${subnet}.0/24`, account, vpc })
      for (let host = between(0, 3); host > 0; host--)
        this.#add({
          id: `eni-${number}-${subnet}-${host}`,
          kind: 'address',
          cidr: `${prefix}.${subnet}.${host + 9}/32`,
          account,
          vpc,
        })
    }
  }
  #add(thing: Thing): void {
    this.#there.set(thing.id, thing)
  }

  async #send(unlisted: string | undefined): Promise<void> {
    this.#world.advance(60_000)
    const takenAt = new Date(await this.#world.store.read(async (tx) => tx.now)).toISOString()
    const things = [...this.#there.values()].filter(({ account }) => account !== unlisted)
    const types = { network: 'vpc', subnet: 'subnet', address: 'aws:network-interface' }
    const lines = [
      { snapshot: { takenAt } },
      // In any order: the order of lines says nothing.
      ...this.#choices.some(things, things.length, things.length).map(({ id, kind, cidr, account, vpc }) => ({
        ...{ id, kind, cidr, account, type: types[kind], space: vpc, locale: 'us-east-1' },
        ...(kind === 'subnet' ? { parent: vpc } : {}),
      })),
      { end: { observations: things.length, unlisted: unlisted === undefined ? [] : [{ account: unlisted }] } },
    ]
    const { status, body } = await this.#world.ask('POST', '/sources/cloud/snapshots', {
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    })
    assert.equal(status, 201, JSON.stringify(body))
    this.#snapshots++
    this.#unlisted = unlisted
    for (const thing of things) this.#told.set(thing.id, { thing, missing: 0 })
    for (const told of this.#told.values())
      if (told.thing.account !== unlisted && !things.some(({ id }) => id === told.thing.id))
        told.missing = Math.min(2, told.missing + 1)
  }

  // The register -----------------------------------------------------------------------------------------------------

  /** Either what is in the cloud, as it is, or what nobody tells of. */
  async #registerByHand(): Promise<void> {
    const { chance, pick } = this.#choices
    const networks = [...this.#there.values()].filter(
      ({ kind, id }) => kind === 'network' && ![...this.#register.values()].some((held) => held.resourceId === id),
    )
    const known = networks.length > 0 && chance(0.5) ? pick(networks) : undefined
    const number = known ? 0 : this.#drawn++
    const held = known ?? { cidr: `10.${number}.0.0/16`, account: pick(this.#accounts), id: `stray-${number}` }
    const { status, body } = await this.#world.ask<{ allocationId: string }>('POST', '/allocations', {
      body: {
        ...{ account: held.account, resourceType: 'vpc', locale: 'us-east-1', poolId: this.#poolId },
        ...{ cidr: held.cidr, resourceId: held.id },
      },
    })
    assert.equal(status, 201, JSON.stringify(body))
    this.#note(body.allocationId, held)
  }
  #note(allocationId: string, { cidr, account, id }: Pick<Thing, 'cidr' | 'account' | 'id'>): void {
    this.#register.set(allocationId, { cidr, account, resourceId: id, after: this.#snapshots })
  }

  async #act(verb: string, body: object): Promise<{ readonly items: readonly Item[]; readonly next?: string }> {
    return this.#world.post(`/sources/cloud/differences/${verb}`, body)
  }

  async #adopt(what: string): Promise<void> {
    const asked = what === 'networks' ? { kind: 'network' } : { everything: true }
    for (let after: string | undefined, parts = 0; ; parts++) {
      const { items, next } = await this.#act('adopt', { ...asked, ...(after === undefined ? {} : { after }) })
      for (const { outcome, id, allocationId } of items) {
        // Networks divided in one part have a bound.
        if (outcome === 'refused') continue
        assert(outcome === 'adopted' || outcome === 'noncompliant', outcome)
        const told = this.#told.get(id!)!
        assert.equal(told.missing, 0, 'what is not there is adopted by nobody')
        this.#note(allocationId!, told.thing)
      }
      // Whoever is killed here leaves whole parts.
      if (what === 'one part' || next === undefined) break
      after = next
      assert(parts < 100)
    }
    if (what !== 'everything') return
    const again = await this.#act('adopt', { everything: true })
    if (again.items.some(({ outcome }) => outcome !== 'refused')) {
      for (const { outcome, id, allocationId } of again.items)
        if (outcome !== 'refused') this.#note(allocationId!, this.#told.get(id!)!.thing)
      return this.#adopt(what)
    }
    await this.#checkDifferences()
  }

  async #release(): Promise<void> {
    const { items } = await this.#act('release', { everything: true })
    for (const { outcome, allocationId, id } of items) {
      if (outcome === 'refused') continue
      assert.equal(outcome, 'released')
      assert.equal(this.#told.get(id!)!.missing, 2, 'nothing is released that is not gone twice')
      assert(this.#register.delete(allocationId!))
    }
  }

  // What is asserted -------------------------------------------------------------------------------------------------

  async #all<Row>(path: string): Promise<readonly Row[]> {
    const found: Row[] = []
    for (let cursor = ''; ; ) {
      const page: { items: Row[]; nextCursor?: string } = await this.#world.get(`${path}limit=1000${cursor}`)
      found.push(...page.items)
      if (page.nextCursor === undefined) return found
      cursor = `&cursor=${encodeURIComponent(page.nextCursor)}`
    }
  }

  /** Nothing comes and nothing goes but by what was asked for. */
  async #checkRegister(): Promise<void> {
    const rows = await this.#all<{
      allocationId: string
      cidr: string
      account: string
      resourceType: string
      resourceId?: string
    }>('/allocations?')
    const found = rows
      .filter(({ resourceType }) => resourceType !== 'ipam-pool' && resourceType !== 'reserved')
      .map(({ allocationId, cidr, account, resourceId }) => [allocationId, cidr, account, resourceId].join(' '))
    const expected = [...this.#register].map(([id, { cidr, account, resourceId }]) =>
      [id, cidr, account, resourceId].join(' '),
    )
    assert.deepEqual(found.sort(), expected.sort())
  }

  /** Once everything was adopted that can be: what the two sides say of each other, and nothing else. */
  async #checkDifferences(): Promise<void> {
    const rows = await this.#all<{ difference: string; cidr: string }>('/sources/cloud/differences?')
    const held = [...this.#register.values()]
    const isRegistered = (id: string) => held.some(({ resourceId }) => resourceId === id)
    const expected: string[] = []
    for (const { thing, missing } of this.#told.values())
      if (missing === 2 && isRegistered(thing.id)) expected.push(`gone ${thing.cidr}`)
    for (const { cidr, account, resourceId, after } of held) {
      const isCovered = [...this.#told.values()].some(
        ({ thing, missing }) => missing === 0 && thing.account === account,
      )
      if (after < this.#snapshots && !this.#told.has(resourceId) && isCovered && this.#unlisted !== account)
        expected.push(`unseen ${cidr}`)
    }
    assert.deepEqual(rows.map(({ difference, cidr }) => `${difference} ${cidr}`).sort(), expected.sort())
  }
}

for (let time = 0; time < times; time++) {
  test(`no difference is left open but by what is gone or untold, nothing is freed by itself, seed ${seed + time}`, async () => {
    const world = await withOrganization(await openNativeWorld())
    after(() => world.close())
    const accounts = [await world.account('one'), await world.account('two'), await world.account('three')]
    await world.call('CreateIpam', { OperatingRegions: [{ RegionName: 'us-east-1' }] })
    const { items } = await world.get<{ items: { privateScopeId: string }[] }>('/ipams')
    const scopeId = items[0]!.privateScopeId
    const spec = { scopeId, family: 'ipv4', locale: 'us-east-1', sharedWith: [world.rootId] }
    const { poolId } = await world.post<{ poolId: string }>('/pools', spec)
    await world.post(`/pools/${poolId}/cidrs`, { cidr: '10.0.0.0/8' })
    await world.post('/sources', { name: 'cloud', kind: 'aws', node: world.rootId, scopeId })
    const drive = new Drive(world, accounts, poolId, choicesOf(seed + time))
    for (let step = 0; step < 80; step++) await drive.step()
  })
}
