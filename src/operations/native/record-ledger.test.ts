// The record against a ledger of its own: random changes, and after them every answer of every past moment, again and again.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { checkSpace } from '#store/check.ts'
import { foundOrganization, lab, network, root, shop } from '../../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'

/** More with a flag: `CADASTRE_LEDGER_STEPS=2000`. */
const stepsMax = Number(process.env.CADASTRE_LEDGER_STEPS ?? 40)
const seeds = [1, 2]

// What is expected -----------------------------------------------------------------------------------------------------

/** What a tenure says, in a stretch of time. */
interface Said {
  readonly state: 'held' | 'allocated'
  readonly resourceId?: string
  readonly description?: string
  readonly tags: Readonly<Record<string, string>>
  readonly usedBy?: string
  readonly expiresAt?: number
  readonly decisionId?: string
}
interface State extends Said {
  readonly from: number
  until?: number
}
interface Entry {
  readonly allocationId: string
  readonly eip: boolean
  readonly cidr: string
  readonly account: string
  readonly heldFrom: number
  readonly states: State[]
  heldUntil?: number
  ending?: string
}
const isOver = ({ heldUntil }: Entry): boolean => heldUntil !== undefined
const last = ({ states }: Entry): State => states.at(-1)!

class Ledger {
  readonly entries: Entry[] = []
  /** Moments to ask about: before, at and after each change. */
  readonly moments: number[] = []
  now = 0

  live(isWanted: (entry: Entry) => boolean): readonly Entry[] {
    return this.entries.filter((entry) => !isOver(entry) && isWanted(entry))
  }
  begin(entry: Omit<Entry, 'states' | 'heldFrom'>, said: Said): Entry {
    const made = { ...entry, heldFrom: this.now, states: [{ ...said, from: this.now }] }
    this.entries.push(made)
    this.moments.push(this.now)
    return made
  }
  change(entry: Entry, change: Partial<Said>): void {
    const before = last(entry)
    before.until = this.now
    const { until: _, ...said } = { ...before, ...change }
    entry.states.push({ ...said, from: this.now })
    this.moments.push(this.now)
  }
  end(entry: Entry, ending: string, at = this.now): void {
    last(entry).until = at
    entry.heldUntil = at
    entry.ending = ending
    this.moments.push(at)
  }
  /** What is held lapses by itself. */
  pass(now: number): void {
    this.now = now
    for (const entry of this.live((one) => last(one).expiresAt !== undefined)) {
      const { expiresAt } = last(entry)
      if (expiresAt! <= now) this.end(entry, 'lapsed', expiresAt)
    }
  }
  at(moment: number | undefined): Shown[] {
    return this.entries.flatMap((entry) =>
      entry.states.flatMap((state, index) =>
        moment === undefined || (state.from <= moment && (state.until ?? state.expiresAt ?? Infinity) > moment)
          ? [show(entry, state, index)]
          : [],
      ),
    )
  }
}

interface Shown {
  readonly key: string
  readonly account: string
  readonly names: readonly (string | undefined)[]
  readonly fixed: object
  readonly ends: object
}
const instant = (moment: number | undefined) => (moment === undefined ? undefined : new Date(moment).toISOString())
function show(entry: Entry, state: State, index: number): Shown {
  const { allocationId, cidr, account } = entry
  return {
    key: `${allocationId} ${String(index).padStart(4, '0')}`,
    account,
    names: [state.resourceId, state.usedBy, allocationId, entry.eip ? eipOf(allocationId) : undefined],
    fixed: {
      allocationId,
      cidr,
      account,
      state: state.state,
      resourceId: entry.eip && state.state === 'allocated' ? eipOf(allocationId) : state.resourceId,
      description: state.description,
      tags: state.tags,
      usedBy: state.usedBy,
      expiresAt: instant(state.expiresAt),
      decisionId: state.decisionId,
      from: instant(state.from),
      heldFrom: instant(entry.heldFrom),
    },
    ends: { until: instant(state.until), heldUntil: instant(entry.heldUntil), ending: entry.ending },
  }
}
const eipOf = (allocationId: string): string => `eipalloc-${allocationId.slice(-17)}`

// What is answered -----------------------------------------------------------------------------------------------------

interface Tenure {
  readonly allocationId: string
  readonly cidr: string
  readonly account: string
  readonly state: string
  readonly resourceId?: string
  readonly description?: string
  readonly tags: object
  readonly association?: { readonly resourceId: string }
  readonly expiresAt?: string
  readonly decisionId?: string
  readonly from: string
  readonly until?: string
  readonly heldFrom: string
  readonly heldUntil?: string
  readonly ending?: string
}
interface Page<Item> {
  readonly items: readonly Item[]
  readonly nextCursor?: string
}
const fixedOf = (row: Tenure): object => ({
  allocationId: row.allocationId,
  cidr: row.cidr,
  account: row.account,
  state: row.state,
  resourceId: row.resourceId,
  description: row.description,
  tags: row.tags,
  usedBy: row.association?.resourceId,
  expiresAt: row.expiresAt,
  decisionId: row.decisionId,
  from: row.from,
  heldFrom: row.heldFrom,
})
const endsOf = ({ until, heldUntil, ending }: Tenure): object => ({ until, heldUntil, ending })
const sorted = (rows: readonly object[]): string[] => rows.map((row) => JSON.stringify(row)).sort()

// Stories --------------------------------------------------------------------------------------------------------------

/** The same numbers for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const worlds: NativeWorld[] = []
after(async () => {
  for (const world of worlds) await world.close()
})

async function openStage() {
  const world = await openNativeWorld()
  worlds.push(world)
  await foundOrganization(world)
  const ipam = await world.post<{ publicScopeId: string; privateScopeId: string }>('/ipams', {
    account: network,
    region: 'us-east-1',
  })
  const pool = async (wish: object, cidr: string): Promise<string> => {
    const { poolId } = await world.post<{ poolId: string }>('/pools', { family: 'ipv4', sharedWith: [root], ...wish })
    await world.post(`/pools/${poolId}/cidrs`, { cidr })
    return poolId
  }
  const hosts = await pool(
    { scopeId: ipam.privateScopeId, locale: 'onprem:berlin', quarantineSeconds: 0 },
    '10.0.0.0/28',
  )
  const publicWish = { scopeId: ipam.publicScopeId, locale: 'us-east-1', awsService: 'ec2', quarantineSeconds: 3 }
  const addresses = await pool(publicWish, '203.0.113.0/28')
  return { world, hosts, addresses }
}

for (const seed of seeds) {
  test(`whatever happens, every past moment is told as it was (seed ${seed})`, async () => {
    const { world, hosts, addresses } = await openStage()
    const random = randomOf(seed)
    const pick = <T>(from: readonly T[]): T | undefined => from[random(from.length)]
    const ledger = new Ledger()
    const advance = async (milliseconds: number): Promise<void> => {
      world.advance(milliseconds)
      ledger.pass(await world.store.read(async (tx) => tx.now))
    }
    await advance(1)
    const tagsNow = (): Record<string, string> => (random(2) === 0 ? {} : { app: 'abc'[random(3)]! })
    const patched = async (entry: Entry, body: object) => {
      const { status } = await world.ask('PATCH', `/allocations/${entry.allocationId}`, { body })
      assert.equal(status, 200)
    }
    interface Made {
      readonly allocationId: string
      readonly cidr: string
      readonly decisionId: string
    }
    async function take(): Promise<void> {
      const eip = random(3) === 0
      const account = random(4) === 0 ? lab : shop
      const isHeld = random(3) === 0
      const resourceId = !eip && random(2) === 0 ? `host-${random(4)}` : undefined
      const seconds = 1 + random(20)
      const tags = tagsNow()
      const description = random(2) === 0 ? `d${random(3)}` : undefined
      const { status, body } = await world.ask<Made>('POST', '/allocations', {
        body: {
          account,
          ...(eip
            ? { resourceType: 'eip', locale: 'us-east-1', poolId: addresses }
            : { resourceType: 'onprem:host', locale: 'onprem:berlin', poolId: hosts }),
          resourceId,
          tags,
          description,
          ...(isHeld ? { hold: { expiresInSeconds: seconds } } : {}),
        },
      })
      if (status === 507 || status === 409) return
      assert.equal(status, 201, JSON.stringify(body))
      const { allocationId, cidr, decisionId } = body
      const expiresAt = isHeld ? ledger.now + seconds * 1_000 : undefined
      const state = isHeld ? 'held' : 'allocated'
      ledger.begin(
        { allocationId, eip, cidr, account },
        { state, resourceId, description, tags, expiresAt, decisionId },
      )
    }
    async function change(): Promise<void> {
      const entry = pick(ledger.live(() => true))
      if (!entry) return
      const wish = {
        ...(random(2) === 0 ? { description: `d${random(3)}` } : {}),
        ...(random(2) === 0 ? { tags: tagsNow() } : {}),
      }
      if (Object.keys(wish).length === 0) return
      await patched(entry, wish)
      const { description, tags } = last(entry)
      const changed = { description, tags, ...wish }
      if (JSON.stringify(changed) !== JSON.stringify({ description, tags })) ledger.change(entry, changed)
    }
    async function confirm(): Promise<void> {
      const entry = pick(ledger.live((one) => last(one).state === 'held'))
      if (!entry) return
      const body = !entry.eip && random(2) === 0 ? { resourceId: `host-${random(4)}` } : {}
      const made = await world.post<Made>(`/allocations/${entry.allocationId}/confirm`, body)
      ledger.change(entry, { state: 'allocated', expiresAt: undefined, decisionId: made.decisionId, ...body })
    }
    async function extend(): Promise<void> {
      const entry = pick(ledger.live((one) => last(one).state === 'held'))
      if (!entry) return
      const seconds = 1 + random(20)
      await world.post(`/allocations/${entry.allocationId}/hold`, { expiresInSeconds: seconds })
      ledger.change(entry, { expiresAt: ledger.now + seconds * 1_000 })
    }
    async function giveBack(): Promise<void> {
      const entry = pick(ledger.live((one) => last(one).usedBy === undefined))
      if (!entry) return
      assert.equal((await world.ask('DELETE', `/allocations/${entry.allocationId}`)).status, 204)
      ledger.end(entry, last(entry).state === 'held' ? 'dropped' : 'released')
    }
    async function associate(): Promise<void> {
      const entry = pick(ledger.live((one) => one.eip && last(one).state === 'allocated'))
      if (!entry) return
      const as = { account: entry.account }
      const AllocationId = eipOf(entry.allocationId)
      const { usedBy } = last(entry)
      if (usedBy !== undefined && random(2) === 0) {
        const { Addresses } = await world.call('DescribeAddresses', { AllocationIds: [AllocationId] }, as)
        await world.call('DisassociateAddress', { AssociationId: Addresses![0]!.AssociationId! }, as)
        ledger.change(entry, { usedBy: undefined })
      } else {
        const InstanceId = `i-0000000${random(3)}`
        await world.call('AssociateAddress', { AllocationId, InstanceId }, as)
        if (InstanceId !== usedBy) ledger.change(entry, { usedBy: InstanceId })
      }
    }
    const sweep = () => world.store.write((tx) => tx.space.endQuarantines(50)).then(() => undefined)
    const steps = [
      take,
      take,
      take,
      take,
      change,
      change,
      confirm,
      extend,
      giveBack,
      giveBack,
      associate,
      associate,
      sweep,
    ]
    async function step(): Promise<void> {
      await advance([0, 0, 1, 700, 2_000][random(5)]!)
      await pick(steps)!()
    }

    /** All pages of a list; `between` happens after each of them. */
    async function whole(path: string, limit: number, between = async () => {}): Promise<readonly Tenure[]> {
      const told: Tenure[] = []
      for (let cursor = ''; ; ) {
        const page: Page<Tenure> = await world.get(
          `${path}&limit=${limit}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
        )
        told.push(...page.items)
        if (page.nextCursor === undefined) return told
        cursor = page.nextCursor
        await between()
      }
    }
    interface Question {
      readonly path: string
      isAbout(shown: Shown): boolean
    }
    function questions(): readonly Question[] {
      const entry = pick(ledger.entries)
      const names = ['host-0', 'host-1', 'host-2', 'host-3', 'i-00000000', 'i-00000001']
      if (entry) names.push(entry.allocationId, ...(entry.eip ? [eipOf(entry.allocationId)] : []))
      return [
        { path: '/history/addresses?cidr=0.0.0.0/0', isAbout: () => true },
        ...(entry
          ? [
              {
                path: `/history/addresses?cidr=${entry.cidr}`,
                isAbout: ({ fixed }: Shown) => (fixed as Entry).cidr === entry.cidr,
              },
            ]
          : []),
        ...[shop, lab].map((account) => ({
          path: `/history/accounts/${account}?`,
          isAbout: (shown: Shown) => shown.account === account,
        })),
        ...names.map((name) => ({
          path: `/history/resources/${name}?`,
          isAbout: ({ names }: Shown) => names.includes(name),
        })),
      ]
    }
    async function ask(at: number | undefined): Promise<void> {
      for (const { path, isAbout } of questions()) {
        const told = await whole(`${path}${at === undefined ? '' : `&at=${instant(at)}`}`, 1 + random(20))
        const expected = ledger.at(at).filter(isAbout)
        const what = `${path} at ${instant(at)}`
        assert.deepEqual(
          sorted(told.map((row) => ({ ...fixedOf(row), ...endsOf(row) }))),
          sorted(expected.map(({ fixed, ends }) => ({ ...fixed, ...ends }))),
          what,
        )
      }
    }
    /** Pages of one past moment, with changes between them: nothing is lost and nothing told twice. */
    async function askSlowly(at: number): Promise<void> {
      const question = pick(questions())!
      const expected = ledger.at(at).filter(question.isAbout)
      const told = await whole(`${question.path}&at=${instant(at)}`, 1 + random(3), step)
      assert.deepEqual(sorted(told.map(fixedOf)), sorted(expected.map(({ fixed }) => fixed)), `${question.path} slowly`)
    }
    async function askObject(): Promise<void> {
      const entry = pick(ledger.entries)
      if (!entry) return
      const at = pick(ledger.moments)!
      interface Version {
        readonly version: number
        readonly from: string
        readonly until?: string
        readonly state: Tenure
      }
      const path = `/history/objects/${entry.eip ? eipOf(entry.allocationId) : entry.allocationId}`
      const all = await world.get<Page<Version>>(`${path}?limit=1000`)
      assert.deepEqual(
        all.items.map(({ version, from, until, state }) => [
          version,
          from,
          until,
          state.description,
          state.tags,
          state.state,
        ]),
        entry.states.map((one, index) => [
          index + 1,
          instant(one.from),
          instant(one.until),
          one.description,
          one.tags,
          one.state,
        ]),
      )
      const then = await world.get<Page<Version>>(`${path}?at=${instant(at)}`)
      const expected = ledger.at(at).filter(({ names }) => names.includes(entry.allocationId))
      assert.deepEqual(
        then.items.map(({ from }) => from),
        expected.map(({ fixed }) => (fixed as Tenure).from),
      )
    }

    for (let n = 0; n < stepsMax; n++) {
      await step()
      if (n % 10 === 9) {
        const { asOf } = await world.get<{ asOf: string }>('/changes?limit=1')
        const final = ledger.moments.filter((moment) => moment <= Date.parse(asOf))
        await ask(undefined)
        for (let times = 0; times < 3; times++) await ask(final[random(final.length)]! - random(2))
        await ask(ledger.now + random(5_000))
        await askSlowly(final[random(final.length)]!)
        await askObject()
      }
    }
    assert(ledger.entries.length > stepsMax / 10)
    assert.deepEqual((await checkSpace(world.store)).problems, [])
  })
}
