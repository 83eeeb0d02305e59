// What is wrong with IPAMs, scopes, pools and their CIDRs.
import { didYouMean, familyText } from './phrases.ts'
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
}
