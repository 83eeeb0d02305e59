// What is wrong with IPAMs, scopes, pools and their CIDRs.
import { type CidrFailure, failureInWords } from '../cidr-failure.ts'
import { didYouMean, familyText, listOfSome, momentText, type NamingFacts, namingText } from './phrases.ts'
import type { Say } from './said.ts'

export const ipamProblems = {
  // Pools
  'no-operating-region': ({ regions, meant }: { regions: readonly string[]; meant: string | undefined }) =>
    `it must be an operating Region of the IPAM (${['None', ...regions].join(', ')}), or \`CLOUD:REGION\` for other clouds and sites${didYouMean(meant)}`,
  'only-public-pools': () => 'only pools in the public scope have it',
  'import-needs-locale': (_: object, { name }: Say) => `a pool that imports needs a ${name('locale')}`,
  'only-ipv6-byoip': (_: object, { name }: Say) =>
    `it may be given only for ipv6 pools with ${name('publicIpSource')} byoip`,
  'amazon-needs-locale': (_: object, { name }: Say) =>
    `a pool with ${name('publicIpSource')} amazon needs a ${name('locale')}`,
  'source-in-other-scope': () => 'the source pool must be in the same scope',
  'source-of-family': ({ family }: { family: 4 | 6 }) => `the source pool is ${familyText(family)}`,
  'source-has-locale': ({ locale }: { locale: string }, { name }: Say) =>
    `the source pool's ${name('locale')} is ${locale}`,
  'nested-too-deep': ({ max }: { max: number }) => `pools can be nested ${max} levels deep`,

  // CIDRs of pools
  'pool-is-of-family': ({ family }: { family: 4 | 6 }) => `the pool is ${familyText(family)}`,
  'public-ipv6-space': () => 'a public ipv6 pool holds global unicast space, 2000::/3',
  'private-ipv6-space': () => 'a private ipv6 pool holds unique local space, fd00::/8',
  'reserved-by-amazon': () => 'fd00::/16 is reserved by Amazon',
  'needs-private-gua': (_: object, { name }: Say) =>
    `global unicast space in a private scope needs ${name('enablePrivateGua')}`,
  'amazon-lengths': ({ family, min, max }: { family: 4 | 6; min: number; max: number }) =>
    `Amazon-provided ${familyText(family)} space comes in netmask lengths ${min} to ${max}`,
  'public-space-of-others': ({ by, isManagement }: { by: string; isManagement: boolean }) =>
    `public space of the organization is provisioned by ${isManagement ? 'its management account' : 'its delegated administrator of IPAM'} \`${by}\`, and by accounts that the operator adds with CADASTRE_PUBLIC_SPACE_ACCOUNTS`,
  'in-invalid-state': ({ cidr }: { cidr: string }) => `The CIDR ${cidr} is in an invalid state.`,
  'has-cidr-already': ({ pool, id }: CidrOfPool) => `The pool ${pool} has it already (${id})`,
  'has-cidr-still': ({ pool, id, leavesAt }: CidrOfPool & { leavesAt: number }) =>
    `The pool ${pool} still has it (${id}): it is being deprovisioned, and leaves the pool at ${momentText(leavesAt)}`,
  'was-not-given': ({ pool }: { pool: string }) => `the pool ${pool} was not given it`,
  'cidr-failure': ({ failure }: { failure: CidrFailure | undefined }) =>
    failure ? failureInWords(failure) : 'the space cannot be had',
  'lengths-of-pool': ({ bits }: { bits: number }) => `it must be between 0 and ${bits} for the pool`,
  'length-of-pool': ({ bits }: { bits: number }) => `0 to ${bits} is expected of this pool`,
  'length-of-tiles': ({ least, most }: { least: number; most: number }) =>
    `${least} to ${most} is expected of this window`,
  'amazon-by-length': (_: object, { name }: Say) =>
    `A pool with ${name('publicIpSource')} amazon is provisioned by \`${name('netmaskLength')}\`.`,
  'source-by-cidr': (_: object, { name }: Say) =>
    `A pool with a source resource is provisioned with the resource's \`${name('cidr')}\`.`,
  'cidr-of-network': ({ network, cidrs }: { network: string; cidrs: readonly string[] }) =>
    `it must be a CIDR of the VPC ${network}, which has ${cidrs.join(', ') || 'none any more'}`,
  'block-of-allocation': ({ cidr }: { cidr: string }) =>
    `it must be the block of the allocation that the pool divides, ${cidr}`,
  'range-of-provider': ({ range }: { range: string }) => `provider-assigned addresses come from ${range}`,
  'top-level-by-cidr': (_: object, { name }: Say) =>
    `A top-level pool is provisioned with a \`${name('cidr')}\`; \`${name('netmaskLength')}\` is for pools with a source.`,
  'unique-local-lengths': ({ min, max }: { min: number; max: number }) =>
    `unique local space comes in netmask lengths ${min} to ${max}`,
  'needs-authorization': () => 'The request must contain a CIDR Authorization context for a public CIDR of your own.',

  // Making pools
  'pool-of-other-account': ({ pool }: { pool: string }) => `the pool ${pool} belongs to another account`,
  'only-inside-reserves': () => 'only a pool inside of an allocation reserves addresses',
  'has-it-from-there': () => 'a pool inside of an allocation has it from there; leave it out',
  'setting-in-required-tags': () => 'no request has such a tag, which is a setting',
  'source-has-public-ip-source': ({ source }: { source: string | undefined }) => `the source pool's is ${source}`,
  'only-private-pools-plan': () => 'only pools in private scopes can plan a VPC',
  'network-without-family': ({ network, family }: { network: string; family: 4 | 6 }) =>
    `the VPC ${network} has no ${familyText(family)} CIDR`,
  'plan-ended': ({ pool, network, account }: { pool: string; network: string; account: string }) =>
    `the pool \`${pool}\` plans \`${network}\`, and its account \`${account}\` administers IPAM for the organization no longer; it gives nothing any more, and can be deleted`,

  // Dividing allocations
  'gives-out-itself': ({ network }: { network: string }) =>
    `\`${network}\` was made by the EC2 API, which gives out its addresses itself`,
  'space-planned-inside': ({ network }: { network: string }) =>
    `its space is planned inside of \`${network}\`, which was made by the EC2 API`,
  'no-network': ({ resourceType }: { resourceType: string }) =>
    `an allocation of type \`${resourceType}\` is no network, which others could have space of`,
  'divided-already': ({ pool }: { pool: string }) => `the pool \`${pool}\` divides it already`,
  'ends-of-type': ({ resourceType, first, last }: { resourceType: string; first: number; last: number }) =>
    `the cloud says it for \`${resourceType}\`: the first ${first} and the last ${last}`,
  'too-many-ends': ({ max }: { max: number }) => `at most ${max} addresses are reserved at either end`,
  'more-than-all': ({ cidr, addresses }: { cidr: string; addresses: string }) =>
    `${cidr} has no more than ${addresses} addresses`,

  // Deleting pools and scopes
  'no-cascade-of-public': (_: object, { name }: Say) =>
    `\`${name('cascade')}\` can be used for pools in private scopes and for pools with a source resource.`,
  'has-cidrs': () => 'There are one or more pool cidrs provisioned in the pool.',
  'has-children': ({ child }: { child: string }) =>
    `There are one or more pools with the pool as their source: ${child}`,
  'has-its-space': ({ pool }: { pool: string }) => `The pool \`${pool}\` has its space from it`,
  'has-allocations': () => 'There are allocations in it',
  'too-many-to-end': ({ count, max }: { count: number; max: number }) =>
    `There are ${count} allocations in it and the pools below it, and one request ends at most ${max}; release some of them first, or delete the pools below one by one`,
  'space-rests': ({ until, isHeld }: { until: number; isHeld: boolean }) =>
    isHeld
      ? `Space in it is held until ${momentText(until)}`
      : `Released space in it is in quarantine until ${momentText(until)}`,
  'would-rest': ({ seconds }: { seconds: number }) =>
    `It has allocations, whose space rests for ${seconds} seconds; release them first`,
  'named-in-rules': ({ policies }: { policies: readonly NamingFacts[] }) =>
    `It is named in the allocation rules of the policy ${policies.map(namingText).join(', ') || 'of another account'}`,
  'default-scope': () => 'It is a default scope, which goes with its IPAM alone',
  'scope-has-pools': ({ count }: { count: number }) =>
    `There are one or more pools in the scope (${count}); delete them first`,

  // IPAMs
  'only-administrator-meters': (_: object, { name }: Say) =>
    `\`${name('meteredAccount')}\` \`resource-owner\` is for the organization's delegated administrator of IPAM`,
  'of-free-tier': ({ ipam }: { ipam: string }, { name }: Say) =>
    `the IPAM ${ipam} is of the free tier; set its ${name('tier')} to advanced first`,
  'pools-in-locale': ({ locale, ids }: Ids & { locale: string }) =>
    `Pools have the locale ${locale}: ${listOfSome(ids)}`,
  'documents-for-locale': ({ locale, policies }: { locale: string; policies: readonly NamingFacts[] }) =>
    `Policies have documents for ${locale}: ${listOfSome(policies.map(namingText))}`,
  'free-without-private-pools': ({ ids }: Ids) => `The free tier has no pools in private scopes: ${listOfSome(ids)}`,
  'free-with-default-scopes': ({ ids }: Ids) => `The free tier has the default scopes alone: ${listOfSome(ids)}`,
  'free-at-home': ({ ids }: Ids) => `The free tier has no pools outside the home Region: ${listOfSome(ids)}`,
  'free-without-policies': ({ ids }: Ids) => `The free tier has no policies: ${listOfSome(ids)}`,
  'others-hold-allocations': ({ ids }: Ids) => `Other accounts hold allocations in pools: ${listOfSome(ids)}`,
  'holds-global-unicast': ({ pool, ids }: Ids & { pool: string }) =>
    `The private pool ${pool} holds global unicast space: ${listOfSome(ids)}`,
  'policies-enabled': ({ ids }: Ids) => `Policies are enabled; disable them first: ${listOfSome(ids)}`,
  'has-public-pools': ({ ids }: Ids) => `There are pools in the public scope; delete them first: ${listOfSome(ids)}`,
  'has-pools': ({ ids }: Ids, { name }: Say) =>
    `It has pools; delete them first or use ${name('cascade')}: ${listOfSome(ids)}`,
  'has-scopes': ({ ids }: Ids, { name }: Say) =>
    `It has scopes beside the default ones; delete them first or use ${name('cascade')}: ${listOfSome(ids)}`,
  'has-policies': ({ ids }: Ids, { name }: Say) =>
    `It has policies; delete them first or use ${name('cascade')}: ${listOfSome(ids)}`,

  'has-discoveries': ({ ids }: Ids) =>
    `It has resource discoveries beside its default one; disassociate them first: ${listOfSome(ids)}`,

  'ends-before-begin': () => 'The time ends before it begins.',

  // What discoveries see
  'is-in-scope': ({ cidr, resource, scope }: { cidr: string; resource: string; scope: string | undefined }) =>
    `\`${cidr}\` of \`${resource}\` is in \`${scope}\``,
  'only-private-networks-are-marked': () => 'only CIDRs of VPCs in private scopes are ignored or moved',
  'no-private-scope-here': () => 'it is no private scope of the same IPAM',
  'pool-plans-it': ({ pool }: { pool: string }) => `The pool \`${pool}\` plans it`,
  'held-for-network-elsewhere': () => 'it is held for a network elsewhere; release its allocation',
  'resource-has-cidrs': ({ resource, cidrs }: { resource: string; cidrs: readonly string[] }) =>
    `\`${resource}\` has ${cidrs.join(', ')}`,
  'resource-in-region': ({ resource, region }: { resource: string; region: string }) =>
    `\`${resource}\` is in \`${region}\``,

  // Resource discoveries
  'home-region-stays': () => 'the home Region is always an operating Region',
  'operating-regions': ({ regions }: { regions: readonly string[] }) =>
    `the operating Regions are ${regions.join(', ')}`,
  'default-discovery': () => 'It is a default resource discovery, which goes with its IPAM alone',
  'default-association': () => 'It is a default resource discovery association, which goes with its IPAM alone',
  'discovery-associated': ({ association }: { association: string }) => `It is associated: \`${association}\``,
  'associated-already': ({ ipam, association }: { ipam: string; association: string }) =>
    `the resource discovery is associated with \`${ipam}\` already: \`${association}\``,
  'no-exclusions': ({ discovery }: { discovery: string }) =>
    `units are excluded from the default resource discovery of the organization's delegated administrator of IPAM, and \`${discovery}\` is none`,
  'not-excluded-so': () => 'it is not excluded in this way',
  'excluded-twice': () => 'it would be excluded twice',
}

interface CidrOfPool {
  readonly pool: string
  readonly id: string
}
interface Ids {
  readonly ids: readonly string[]
}
