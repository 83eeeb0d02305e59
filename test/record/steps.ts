// What happens in the drive of the record: requests of both APIs, made of a few numbers, and what the ledger learns of each.
import { dev, lab, network, prod, shop } from '../acme.ts'
import type { Request } from '../living/server.ts'
import type { Book, State, Tenure } from './book.ts'

/** What steps are made of: choices by number, taken modulo whatever there is to choose from. */
export type Numbers = readonly [number, number, number, number, number]
export interface Known {
  readonly book: Book
  readonly token: string
  readonly pools: {
    readonly hosts: readonly string[]
    reserved: string
    readonly networks: string
    readonly addresses: string
  }
}
/** A request; `learn` writes down what a client is told where it was done, `now` being the moment. */
export interface Step {
  readonly request: Request
  learn(output: never, now: number, decisions: readonly string[]): void
}
type Plan = (known: Known, numbers: Numbers) => Step | undefined

const pick = <T>(list: readonly T[], n: number): T => list[n % list.length]!
const owners = [shop, lab] as const
const names = [undefined, 'web-1', 'web-2', 'db'] as const
const texts = [undefined, 'first', 'second'] as const
const tagSets: readonly Readonly<Record<string, string>>[] = [{}, { team: 'red' }, { team: 'blue', stage: 'prod' }]
const instances = ['i-00000001', 'i-00000002'] as const
const locale = 'onprem:berlin'

interface Shown {
  readonly allocationId: string
  readonly cidr: string
  readonly poolId: string
  readonly account: string
  readonly resourceType: string
  readonly resourceId?: string
  readonly description?: string
  readonly tags: Readonly<Record<string, string>>
  readonly decisionId?: string
  readonly expiresAt?: string
  readonly state: 'allocated' | 'held'
}
const native = ({ token }: Known, name: string, input: object): Request => ({ api: 'native', as: token, name, input })
const ec2 = (as: string, name: string, input: object): Request => ({ api: 'ec2', as, name, input })

const stateOf = (shown: Shown): Omit<State, 'from'> => ({
  isHold: shown.state === 'held',
  resourceId: shown.resourceId,
  description: shown.description,
  tags: shown.tags,
  decision: shown.decisionId,
  usedBy: undefined,
  expiresAt: shown.expiresAt === undefined ? undefined : Date.parse(shown.expiresAt),
})
function begin({ book }: Known, shown: Shown, now: number): void {
  const { allocationId: id, cidr, poolId: pool, account, resourceType } = shown
  book.begin({ id, cidr, pool, account, resourceType, from: now }, stateOf(shown))
}

const isHeld = (tenure: Tenure): boolean => tenure.states.at(-1)!.isHold
const choose = ({ book }: Known, n: number, fits: (tenure: Tenure) => boolean): Tenure | undefined => {
  const found = book.living().filter(fits)
  return found.length === 0 ? undefined : pick(found, n)
}
const isAddress = (tenure: Tenure): boolean => tenure.resourceType === 'eip' && !isHeld(tenure)
/** Of types whose space comes and goes by itself. */
const isPlain = ({ resourceType }: Tenure): boolean => resourceType.startsWith('onprem:') || resourceType === 'eip'

function wanted({ pools }: Known, [a, b, c, d, e]: Numbers, isHold: boolean): object {
  const kind = pick(['host', 'host', 'host', 'network', 'address'] as const, b)
  const one = {
    host: { resourceType: 'onprem:host', locale, poolId: pick(pools.hosts, c) },
    network: { resourceType: 'onprem:network', locale, poolId: pools.networks, netmaskLength: 28 + (c % 3) },
    address: { resourceType: 'eip', locale: 'us-east-1', poolId: pools.addresses },
  }[kind]
  const resourceId = kind === 'address' ? undefined : pick(names, d)
  const description = pick(texts, e)
  return {
    account: pick(owners, a),
    ...one,
    ...(resourceId === undefined ? {} : { resourceId }),
    ...(description === undefined ? {} : { description }),
    ...(d % 3 === 0 ? { tags: pick(tagSets, e) } : {}),
    ...(isHold ? { hold: { expiresInSeconds: pick([1, 10, 600], c + d) } } : {}),
  }
}

export const plans: Readonly<Record<string, Plan>> = {
  allocate: (known, numbers) => ({
    request: native(known, 'createAllocation', wanted(known, numbers, false)),
    learn: (output: Shown, now) => begin(known, output, now),
  }),
  hold: (known, numbers) => ({
    request: native(known, 'createAllocation', wanted(known, numbers, true)),
    learn: (output: Shown, now) => begin(known, output, now),
  }),
  allocateMany(known, numbers) {
    const [a, b, c, d, e] = numbers
    const allocations = [wanted(known, numbers, d % 2 === 0), wanted(known, [a + 1, b + 1, c, d, e], false)]
    // What is refused at the end undoes what was done before.
    const refused = { account: shop, resourceType: 'eip', locale: 'us-east-1', cidr: '9.9.9.9' }
    return {
      request: native(known, 'createAllocations', {
        allocations: e % 3 === 0 ? [...allocations, refused] : allocations,
      }),
      learn: (output: { allocations: Shown[] }, now) => {
        for (const shown of output.allocations) begin(known, shown, now)
      },
    }
  },
  confirm(known, [a, b, c, d]) {
    const held = choose(known, a, isHeld)
    if (!held) return undefined
    const resourceId = held.resourceType === 'eip' || b % 2 === 0 ? undefined : pick(names, c)
    const description = d % 2 === 0 ? undefined : pick(texts, c)
    const input = {
      allocationId: held.id,
      ...(resourceId === undefined ? {} : { resourceId }),
      ...(description === undefined ? {} : { description }),
    }
    return {
      request: native(known, 'confirmAllocation', input),
      learn: (output: Shown, now) => known.book.change(held, now, stateOf(output)),
    }
  },
  extend(known, [a, b]) {
    const held = choose(known, a, isHeld)
    if (!held) return undefined
    return {
      request: native(known, 'holdAllocation', { allocationId: held.id, expiresInSeconds: pick([1, 10, 600], b) }),
      learn: ({ expiresAt }: Shown, now) => known.book.change(held, now, { expiresAt: Date.parse(expiresAt!) }),
    }
  },
  release(known, [a]) {
    const tenure = choose(known, a, isPlain)
    if (!tenure) return undefined
    return {
      request: native(known, 'releaseAllocation', { allocationId: tenure.id }),
      learn: (_, now) => known.book.end(tenure, now, isHeld(tenure) ? 'dropped' : 'released'),
    }
  },
  describe(known, [a, b, c, d]) {
    const tenure = choose(known, a, isPlain)
    if (!tenure) return undefined
    const description = b % 2 === 0 ? { description: pick(texts, c) ?? '' } : {}
    const tags = b % 2 === 1 || d % 2 === 0 ? { tags: pick(tagSets, d) } : {}
    return {
      request: native(known, 'updateAllocation', { allocationId: tenure.id, ...description, ...tags }),
      learn: ({ description, tags }: Shown, now) => known.book.change(tenure, now, { description, tags }),
    }
  },
  allocateAddress(known, [a, , , d]) {
    const account = pick(owners, a)
    const tags = pick(tagSets, d)
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
    const specified = Tags.length === 0 ? {} : { TagSpecifications: [{ ResourceType: 'elastic-ip', Tags }] }
    return {
      request: ec2(account, 'AllocateAddress', { IpamPoolId: known.pools.addresses, ...specified }),
      learn(output: { AllocationId: string; PublicIp: string }, now, [decision]) {
        const id = allocationIdOf(output.AllocationId)
        known.book.begin(
          { id, cidr: `${output.PublicIp}/32`, pool: known.pools.addresses, account, resourceType: 'eip', from: now },
          {
            isHold: false,
            resourceId: output.AllocationId,
            description: undefined,
            tags,
            decision,
            usedBy: undefined,
            expiresAt: undefined,
          },
        )
      },
    }
  },
  releaseAddress(known, [a]) {
    const tenure = choose(known, a, isAddress)
    if (!tenure) return undefined
    return {
      request: ec2(tenure.account, 'ReleaseAddress', { AllocationId: tenure.states.at(-1)!.resourceId }),
      learn: (_, now) => known.book.end(tenure, now, 'released'),
    }
  },
  associate(known, [a, b]) {
    const tenure = choose(known, a, isAddress)
    if (!tenure) return undefined
    const InstanceId = pick(instances, b)
    return {
      request: ec2(tenure.account, 'AssociateAddress', { AllocationId: tenure.states.at(-1)!.resourceId, InstanceId }),
      learn: ({ AssociationId: associationId }: { AssociationId: string }, now) =>
        known.book.change(tenure, now, { usedBy: { resourceId: InstanceId, associationId } }),
    }
  },
  disassociate(known, [a]) {
    const tenure = choose(known, a, (one) => one.states.at(-1)!.usedBy !== undefined)
    if (!tenure) return undefined
    return {
      request: ec2(tenure.account, 'DisassociateAddress', {
        AssociationId: tenure.states.at(-1)!.usedBy!.associationId,
      }),
      learn: (_, now) => known.book.change(tenure, now, { usedBy: undefined }),
    }
  },
  tag(known, [a, b, c]) {
    const tenure = choose(known, a, (one) => isPlain(one) && !isHeld(one))
    if (!tenure) return undefined
    const { resourceId, tags } = tenure.states.at(-1)!
    const id = tenure.resourceType === 'eip' ? resourceId! : tenure.id
    const Tags = [{ Key: pick(['team', 'stage'], b), Value: pick(['red', 'prod', ''], c) }]
    const [{ Key, Value }] = Tags as [{ Key: string; Value: string }]
    return {
      request: ec2(tenure.account, 'CreateTags', { Resources: [id], Tags }),
      learn: (_, now) => known.book.change(tenure, now, { tags: { ...tags, [Key]: Value } }),
    }
  },
  untag(known, [a, b]) {
    const tenure = choose(known, a, (one) => isPlain(one) && !isHeld(one))
    if (!tenure) return undefined
    const { resourceId, tags } = tenure.states.at(-1)!
    const Key = pick(['team', 'stage'], b)
    const id = tenure.resourceType === 'eip' ? resourceId! : tenure.id
    return {
      request: ec2(tenure.account, 'DeleteTags', { Resources: [id], Tags: [{ Key }] }),
      learn(_, now) {
        const { [Key]: _gone, ...left } = tags
        known.book.change(tenure, now, { tags: left })
      },
    }
  },
  reserve(known, [a, , , , e]) {
    const Description = pick(texts, e)
    const input = {
      IpamPoolId: known.pools.reserved,
      NetmaskLength: 27 + (a % 5),
      ...(Description ? { Description } : {}),
    }
    return {
      request: ec2(network, 'AllocateIpamPoolCidr', input),
      learn(
        { IpamPoolAllocation }: { IpamPoolAllocation: { IpamPoolAllocationId: string; Cidr: string } },
        now,
        [decision],
      ) {
        const { IpamPoolAllocationId: id, Cidr: cidr } = IpamPoolAllocation
        known.book.begin(
          { id, cidr, pool: known.pools.reserved, account: network, resourceType: 'custom', from: now },
          {
            isHold: false,
            resourceId: undefined,
            description: Description,
            tags: {},
            decision,
            usedBy: undefined,
            expiresAt: undefined,
          },
        )
      },
    }
  },
  describeReserved(known, [a, , , , e]) {
    const tenure = choose(known, a, ({ resourceType }) => resourceType === 'custom')
    if (!tenure) return undefined
    const Description = pick(['third', 'fourth'], e)
    return {
      request: ec2(network, 'ModifyIpamPoolAllocation', { IpamPoolAllocationId: tenure.id, Description }),
      learn: (_, now) => known.book.change(tenure, now, { description: Description }),
    }
  },
  releaseReserved(known, [a]) {
    const tenure = choose(known, a, ({ resourceType }) => resourceType === 'custom')
    if (!tenure) return undefined
    const { pool: IpamPoolId, cidr: Cidr, id: IpamPoolAllocationId } = tenure
    return {
      request: ec2(network, 'ReleaseIpamPoolAllocation', { IpamPoolId, Cidr, IpamPoolAllocationId }),
      learn: (_, now) => known.book.end(tenure, now, 'released'),
    }
  },
  moveAccount: (known, [a, b]) => ({
    request: native(known, 'moveAccount', { account: pick(owners, a), parentId: pick([prod, dev], b) }),
    learn: () => undefined,
  }),
}

/** Both ids are of one number: the longer one has more zeros before it. */
const allocationIdOf = (addressId: string): string =>
  `ipam-pool-alloc-${addressId.replace(/^eipalloc-/, '').padStart(32, '0')}`
