// What is wrong with policies, their settings, assignments and exceptions, and with types of resources.
import { momentText, quotedList } from './phrases.ts'
import type { Say } from './said.ts'

export const policyProblems = {
  // Rules of documents
  'one-of-types': ({ known }: { known: string }) => `it must be one of ${known}`,
  'too-many-rules': ({ max }: { max: number }) => `a document has at most ${max} rules`,
  'pool-listed-twice': () => 'the pool is listed more than once',
  'pool-of-other-ipam': () => "the pool must belong to the policy's IPAM",
  'pool-in-other-locale': ({ has = 'None', locale }: { has: string | undefined; locale: string }, { name }: Say) =>
    `its ${name('locale')} is ${has}, not ${locale}`,
  'type-needs-public-pool': ({ resourceType }: OfType) => `${resourceType} needs a pool in the public scope`,
  'type-needs-ipv4-pool': ({ resourceType }: OfType) => `${resourceType} needs an ipv4 pool`,
  'type-needs-service': ({ resourceType, service }: OfType & { service: string }, { name }: Say) =>
    `${resourceType} needs ${name('awsService')} ${service}`,
  'network-inside': ({ resourceType }: OfType) =>
    `it divides a network, and no network of its own is made of a part of one: it is none for ${resourceType}`,
  'subnet-inside': ({ resourceType }: OfType) =>
    `it divides a subnet, which holds no subnets: it is none for ${resourceType}`,

  // Settings
  'lengths-of-type': ({ resourceType, min, max }: OfType & Bounds) =>
    `for ${resourceType} netmask lengths are from ${min} to ${max}`,
  'has-no-settings': () => 'this resource has no settings',
  'no-such-setting': ({ of, known }: { of: 'policy' | 'ipam' | 'pool'; known: readonly string[] }) =>
    `it is no setting of ${of === 'ipam' ? 'an IPAM' : `a ${of}`}; known are ${quotedList(known)}`,
  'setting-takes': ({ allowed }: { allowed: string }) => `allowed is ${allowed}`,
  'empty-part-of-key': () => 'no part of the key may be empty',
  'not-narrowed': () => 'it cannot be narrowed',
  'narrowed-by-pool': ({ key }: { key: string }) =>
    `it is written \`${key}/IPAM-POOL-ID\` or \`${key}/LOCALE/TYPE/IPAM-POOL-ID\``,
  'narrowed-by-pair': ({ key }: { key: string }) =>
    `it is written \`${key}\`, \`${key}/TYPE\` or \`${key}/LOCALE/TYPE\``,
  'no-resource-type': ({ type, known }: { type: string; known: readonly string[] }) =>
    `\`${type}\` is no resource type; known are ${quotedList(known)}`,

  // What two policies cannot both have
  'lengths-at-odds': ({ setting, min, max }: Bounds & { setting: string }) =>
    `${setting} would be from /${min} to /${max}`,
  'tag-at-odds': ({ key, values: [one, other] }: { key: string; values: readonly [string, string] }) =>
    `tag ${key} would have to be both ${one} and ${other}`,
  'no-pool-in-common': (pools: OfFamily) => `they list no ${poolOf(pools)} in common`,
  'no-pool-in-common-with-all': (pools: OfFamily) =>
    `together with the other final policies they list no ${poolOf(pools)} in common`,

  // Types of resources
  'no-type-name': () => '`CLOUD:NAME` is expected, in small letters, digits and `-`, such as `oci:public-ip`',
  'reserved-clouds': ({ clouds }: { clouds: readonly string[] }) =>
    `the clouds ${clouds.join(', ')} are reserved; add it under a cloud of its own`,
  'needs-one': () => 'it needs at least one',
  'needs-family': () => 'it needs at least one family',
  'has-none-inside': () => 'only what takes a CIDR has addresses inside',
  'min-above-max': () => '`min` is the shortest, so it is not greater than `max`',
  'default-outside-min-max': () => '`default` is between `min` and `max`',
  'one-address-length': ({ bits }: { bits: number }) => `what takes one address has ${bits} as its only netmask length`,

  // Exceptions
  'in-the-past': () => 'it must not be in the past',
  'not-later-than-start': () => 'it must be later than now and than `startsAt`',
  'not-later-than-present-end': () => 'it must be later than the present end',
  'break-glass-too-long': ({ hours }: { hours: number }) => `break-glass ends within ${hours} hours`,
  'too-far-ahead': ({ days }: { days: number }) => `it must be at most ${days} days ahead`,
  'lapses-before-exception': () => 'it would lapse before the exception begins',
  'held-beyond-exception': () => 'it would be held for longer than the exception could last',
  'exception-state': ({ state, action }: { state: string; action: keyof typeof statesFor }) =>
    `it is ${state}, and only ${statesFor[action]}`,
  'other-end': ({ asked, said }: { asked: number; said: number }) =>
    `it is asked for until ${momentText(asked)}, and not until ${momentText(said)}`,
  'asked-end-passed': () => 'the end that it asks for has passed; deny it, and ask anew',
  'renewal-end-unnamed': ({ by, until }: { by: string; until: number }) =>
    `${by} asks to renew it until ${momentText(until)}; to approve that, name this end as \`expiresAt\``,
  'renewal-waits': ({ by }: { by: string }) => `${by} has asked to renew it already; approve or deny that first`,
  'break-glass-not-renewed': () => 'break-glass is not renewed; request an exception',
  'only-break-glass-is-reviewed': () => 'only break-glass is reviewed',
  'reviewed-already': ({ by }: { by: string }) => `${by} has reviewed it already`,
}

interface OfType {
  readonly resourceType: string
}
interface Bounds {
  readonly min: number
  readonly max: number
}
interface OfFamily {
  /** Where pools of both are listed. */
  readonly family?: 4 | 6
}
const poolOf = ({ family }: OfFamily): string => (family === undefined ? 'pool' : `IPv${family} pool`)
const statesFor = {
  approve: 'what is requested can be approved',
  deny: 'what is requested can be denied',
  revoke: 'what is approved or active can be revoked',
  renew: 'what was approved can be renewed',
} as const
