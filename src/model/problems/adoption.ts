// Why nothing was done with a difference between a source and the register.
import type { Nested, Say } from './said.ts'

export const adoptionProblems = {
  // Whose it is
  'observed-owner-unknown': ({ called }: { called: string }) => `no account here is \`${called}\``,
  'observed-owner-unregistered': ({ account }: { account: string }) => `the account \`${account}\` is not registered`,
  'observed-owner-inactive': ({ state }: { state: string }) => `the account is ${state}, and gets no new space`,
  'may-not-adopt-for': ({ account }: { account: string }) => `you may not adopt anything for \`${account}\``,
  'may-not-adopt-into': ({ owner }: { owner: string }) => `you may not adopt anything into the pools of \`${owner}\``,
  'owner-unknown': () => 'nobody knows whose it is',
  'no-contact': ({ account }: { account: string }) =>
    `neither \`${account}\` nor anything above it has a contact: give one of them a \`contact\``,

  // Where it is
  'not-told-of': () => 'the source does not tell of it',
  'network-to-be-adopted-first': ({ network }: { network: string }) =>
    `it lies in \`${network}\`, which is to be adopted first`,
  'network-not-adopted': ({ network, because }: { network: string; because: Nested }, { words }: Say) =>
    `it lies in \`${network}\`, which is not adopted: ${words(because)}`,
  'pool-not-there': ({ pool }: { pool: string }) => `there is no pool \`${pool}\``,
  'outside-of-pool': ({ pool }: { pool: string }) => `it does not lie in the pool \`${pool}\``,
  'pool-in-other-scope': ({ pool }: { pool: string }) => `\`${pool}\` is in another scope than the source speaks of`,
  'in-no-pool': () => 'it lies in no pool of its scope: provision one with space around it',
  'in-no-scope': () => 'it lies in no public pool, and the source has no scope',
  'place-unknown': () => 'nobody knows where it is: give a `placeLocale`',
  'space-had-by': ({ allocation, cidr }: { allocation: string; cidr: string }) =>
    `\`${allocation}\` (${cidr}) has the space`,
  'space-had-by-others': () => 'somebody else has the space',
  'space-not-free': ({ pool }: { pool: string }) =>
    `a part of it is not free in \`${pool}\`: something is allocated in it, or rests`,
  'may-not-divide': ({ allocation }: { allocation: string }) =>
    `you may not divide \`${allocation}\`, in which it lies`,
  'too-deep-to-divide': ({ allocation }: { allocation: string }) =>
    `\`${allocation}\`, in which it lies, is nested too deep to be divided`,
  'divided-enough': () => 'so many networks are divided at once: repeat it for the rest',

  // What it is
  'unfit-type': ({ resourceType, cidr, setting, value }: Unfit) =>
    `a \`${resourceType}\` cannot have ${cidr}: ${setting} ${value}; name another \`resourceType\``,
  'made-here': ({ resource }: { resource: string }) => `\`${resource}\` was made here, and has its space by itself`,
  'id-too-long': ({ max }: { max: number }) => `its id has more than ${max} characters`,

  'policy-of-others': () =>
    'policy does not give it, and you may not adopt where that policy is enabled: ask whoever may, or for an exception',
  'told-by-oneself': ({ snapshot }: { snapshot: number }) =>
    `policy does not give it, and you, or who made your token, sent the snapshot ${snapshot} that tells of it: somebody else has to adopt it`,
  'placed-by-oneself': ({ part }: { part: 'scope' | 'type' | 'locale' }) =>
    `policy does not give it, and the ${part} is your word and not that of its source: ask for an exception`,
  'told-before-scope': ({ snapshot }: { snapshot: number }) =>
    `policy does not give it, and the source has told of it in the snapshot ${snapshot}, before it spoke of its scope: send another one`,
  'rule-adopts-allowed': () => 'the rule of the source adopts nothing that policy does not give',
  'pool-not-theirs': () => 'the account may not use the pool in which it lies',

  // Ignoring
  'may-not-ignore': ({ node }: { node: string }) => `you may not set findings of \`${node}\` aside`,
  'not-ahead-within': ({ days }: { days: number }) => `a moment ahead within ${days} days is expected`,

  // Releasing
  'may-not-release': ({ account }: { account: string }) => `you may not release what \`${account}\` has`,
  'ends-with': ({ resource }: { resource: string }) => `it ends with \`${resource}\`, which was made here`,
  'still-associated': () => 'it is associated here: disassociate it first',
  'divided-and-used': ({ pool, cidr }: { pool: string; cidr?: string }) =>
    `\`${pool}\` divides it, and has ${cidr ?? 'something'} in it`,
  'may-not-delete-pool': ({ pool }: { pool: string }) => `\`${pool}\` divides it, which you may not delete`,
  'pool-is-controlled': ({ pool, ipamId }: { pool: string; ipamId: string }) =>
    `\`${pool}\` divides it, and change control of \`${ipamId}\` is required: delete it by a change request first`,
  'pool-is-named': ({ pool }: { pool: string }) => `\`${pool}\` divides it, and policies name that`,
  'inside-rests': ({ pool }: { pool: string }) => `what was in \`${pool}\`, which divides it, rests`,
}
interface Unfit {
  readonly resourceType: string
  readonly cidr: string
  readonly setting: string
  readonly value: string
}
