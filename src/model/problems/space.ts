// What is wrong with requests for space: allocations, holds, addresses and what they are for.
import { askForMore, didYouMean, familyText, momentText, more, quotedList } from './phrases.ts'
import type { Say } from './said.ts'

export const spaceProblems = {
  // What is asked for
  'locale-expected': ({ regions, meant }: { regions: readonly string[]; meant: string | undefined }) =>
    `a Region (${regions.join(', ')}) or \`CLOUD:REGION\` for another cloud or a site is expected${didYouMean(meant)}`,
  'region-expected': ({ regions, meant }: { regions: readonly string[]; meant: string | undefined }) =>
    `the Regions here are ${regions.join(', ')}${didYouMean(meant)}`,
  'pool-in-scope-type': ({ scopeType }: { scopeType: string }) => `the pool is in a ${scopeType} scope`,
  'type-in-scope-types': ({ resourceType, scopeTypes }: { resourceType: string; scopeTypes: readonly string[] }) =>
    `\`${resourceType}\` is ${scopeTypes.join(' or ')}`,
  'type-without-family': ({ resourceType }: { resourceType: string }) => `\`${resourceType}\` has no addresses of it`,
  'is-of-family': ({ what, family }: { what: 'pool' | 'cidr'; family: 4 | 6 }) =>
    `${what === 'pool' ? 'the pool' : 'the CIDR'} is ${familyText(family)}`,
  'names-itself': () => 'an Elastic IP is a resource of its own, which is named for you',
  'one-address': () => 'an Elastic IP is one address, a /32',
  'in-no-network': () => 'an Elastic IP lies in no network',
  'needs-ipv4-pool': () => 'the pool holds IPv6 space; an Elastic IP needs an IPv4 pool',
  'pool-elsewhere': ({ locale = 'None', region }: { locale: string | undefined; region: string }) =>
    `the pool's locale is \`${locale}\`, and this request is for \`${region}\``,

  // In a network
  'not-inside': ({ networks }: OfNetworks) => `it is not inside: ${networksText(networks)}`,
  'several-networks': ({ networks }: OfNetworks) => `several networks go by it; name one of ${networksText(networks)}`,
  'no-pool-inside': ({ owner }: { owner: string | undefined }) =>
    `no pool divides it; ${owner === undefined ? 'it is of no pool that anybody divides' : `whoever manages IPAM at \`${owner}\` can make one`}`,

  // What is there
  'not-in-pool': ({ pool, cidrs }: { pool: string; cidrs: readonly string[] | 'withheld' }) =>
    `It is not inside the provisioned CIDRs of the pool \`${pool}\` (${cidrs === 'withheld' ? 'it is not shared with you' : cidrs.join(', ') || 'it has none yet'}).`,
  'not-in-space': () => 'It is not inside the space that it could be taken from.',
  'no-default-length': () =>
    'The request cannot contain empty CIDR and Netmask Length for a pool with no default allocation netmask length set. Exactly one of them should be provided.',
  'too-big-for-pool': ({ contact }: { contact?: string | undefined }) =>
    `The allocation size is too big for the pool.${askForMore(contact)}`,
  'no-pool-given': ({ resourceType, locale }: { resourceType: string; locale: string }) =>
    `no policy gives \`${resourceType}\` in \`${locale}\` a pool, and none is named; the provider has no such space`,
  'provider-range-taken': ({ family, range }: { family: 4 | 6; range: string }) =>
    `the range of provider-assigned IPv${family} space, \`${range}\` (CADASTRE_PROVIDER_IPV${family}_CIDR), overlaps public space that is already provisioned; the operator must set another range`,
  'not-free': () => 'it is not free, in whole or in part',
  'held-for-somebody': () => 'it is held for somebody, in whole or in part',
  'in-quarantine': ({ until }: { until: number }) =>
    `it was released recently and is in quarantine until ${momentText(until)}`,
  'overlaps-allocation': ({ allocation, cidr }: { allocation: string; cidr: string }) =>
    `it overlaps the allocation ${allocation} (${cidr})`,
  'allocated-already': () => 'it is already allocated, in whole or in part',
  'reserved-ends': ({ block, type, first, last }: { block: string; type: string; first: number; last: number }) =>
    `${block} is reserved: of this \`${type}\` the ${[...(first > 0 ? [`first ${first}`] : []), ...(last > 0 ? [`last ${last}`] : [])].join(' and the ')} addresses are no host's`,
  'policy-says': (_: object, { told }: Say) => told(),

  // Allocations
  'divided-by': ({ pool, inside, count }: { pool: string; inside: readonly InsideFacts[]; count: number }) =>
    `The pool \`${pool}\` divides it, ${count === 0 ? 'and has nothing in it' : `and has in it: ${insideText(inside, count)}`}`,
  'tags-of-resource': ({ resourceType, resource }: OfResource) =>
    `an allocation of type \`${resourceType}\` has the tags of its resource \`${resource}\``,
  'ends-with-resource': ({ resourceType, resource }: OfResource) =>
    `an allocation of type \`${resourceType}\` ends with its resource \`${resource}\``,
  'named-as-allocation': () => 'it is called what its allocation is: change that',
  'not-held': () => 'it is allocated, not held',
  'resource-of-several-accounts': ({ one, other }: { one: string; other: string }) =>
    `several accounts have a resource that is called so, such as \`${one}\` and \`${other}\`: name one as \`account\``,
  'several-resources': ({ ids, isAll }: { ids: readonly string[]; isAll: boolean }) =>
    `several resources are called so: ${quotedList(ids)}${more(isAll)}; give the id`,

  // Holds
  'held-since': ({ since, latest }: { since: number; latest: number }) =>
    `it is held since ${momentText(since)}, and until ${momentText(latest)} at most`,
  'not-even-with': ({ exception }: { exception?: string }, { told }: Say) =>
    exception === undefined
      ? `with the exception, too, it could not be had: ${told()}`
      : `with the exception \`${exception}\`, too, it could not be had any more: ${told()}`,
  'held-for-one-account': () => 'space is held for one account: name it, or leave out `hold`',
  'held-in-one-pool': () => 'space is held in one of these: name the pool, or leave out `hold`',
  'one-of-granted': ({ pools }: { pools: readonly string[] }) =>
    `it must be one of \`grants.pools\`: ${quotedList(pools)}`,
  'which-of-granted': ({ pools }: { pools: readonly string[] }) =>
    `\`hold.poolId\` must say which of ${quotedList(pools)}.`,
  'named-pool-of-family': ({ pool, family }: { pool: string; family: 4 | 6 }) =>
    `the pool \`${pool}\` is ${familyText(family)}`,
  'no-say-over-pool': ({ pool, target, owner }: { pool: string; target: string; owner: string }) =>
    `the pool \`${pool}\` is not shared with \`${target}\`, and you may not allocate at \`${owner}\`, which owns it; ask without \`hold\``,
  'pending-share-of-one': ({ requester, pool, length }: PendingFacts & { requester: string }) =>
    `what waits for an approval of \`${requester}\` may keep a quarter of what the pool \`${pool}\` has left at most, and a /${length} would be more; ask without \`hold\``,
  'pending-share-of-all': ({ pool, length }: PendingFacts) =>
    `all that waits for an approval may keep half of what the pool \`${pool}\` has left at most, and a /${length} would be more; ask without \`hold\``,

  // Elastic IPs
  'is-associated': ({ association }: { association: string }) =>
    `it is associated (${association}); disassociate it first`,
  'associated-with': ({ user }: { user: string }) => `it is associated with ${user}`,
  'used-by-nat-gateway': ({ gateway }: { gateway: string }) =>
    `the NAT gateway ${gateway} uses it; disassociate it there`,
  'managed-by': ({ manager }: { manager: string }) =>
    `it is managed by ${manager}, which gives it back when it is deleted`,
}

interface OfResource {
  readonly resourceType: string
  readonly resource: string
}
interface PendingFacts {
  readonly pool: string
  readonly length: number
}
interface OfNetworks {
  readonly networks: readonly { readonly id: string; readonly cidr: string }[]
}
const networksText = (networks: OfNetworks['networks']): string =>
  networks.map(({ id, cidr }) => `\`${id}\` (${cidr})`).join(', ')

interface InsideFacts extends OfResource {
  readonly cidr: string
}
/** Those that may be told, and how many there are beside them. */
function insideText(inside: readonly InsideFacts[], count: number): string {
  const names = inside.map(({ resourceType, resource, cidr }) => `\`${resourceType}\` \`${resource}\` (${cidr})`)
  const others = count - inside.length
  return [...names, ...(others > 0 ? [names.length > 0 ? `${others} more` : `${others}`] : [])].join(', ')
}
