// What is wrong with organizations, units, accounts, their names and tags, and who administers them.
import { more, quotedList } from './phrases.ts'
import type { Say } from './said.ts'

export const organizationProblems = {
  // Accounts
  'email-length': ({ max }: { max: number }) => `it must have 6 to ${max} characters`,
  'no-email': () => 'it must look like `name@example.com`',
  'no-cloud': () => 'it may hold 1 to 32 small letters, digits and dashes, such as `azure`',
  'no-external-id': ({ cloud }: { cloud: keyof typeof externalIds }) =>
    `of \`${cloud}\` ${externalIds[cloud]} is expected`,
  'means-something-else': () => 'twelve digits, `ou-…`, `r-…` and `*` mean something else here',
  'no-role-name': () => 'it may hold 1 to 64 letters, digits and any of `_+=,.@-`',
  'has-external-id': ({ cloud }: { cloud: string }, { name }: Say) =>
    `an account of \`${cloud}\` has its id there as ${name('externalId')}`,
  'called-by-number': () => 'an account of AWS is called by its number; leave it out',
  'kept-email': ({ account }: { account: string }) =>
    `it is kept for the account \`${account}\` where that is given none`,
  'email-taken': ({ email }: { email: string }) => `an account with the email \`${email}\` exists already`,
  'number-taken': ({ number }: { number: string }) =>
    `an account with the number \`${number}\` exists already, or was removed: then whoever administers the organization where it was, or above, makes it again`,
  'external-id-taken': ({ id, cloud }: { id: string; cloud: string }) =>
    `an account with the id \`${id}\` in \`${cloud}\` exists already`,
  'already-under': ({ parent }: { parent: string }) => `the account is already under \`${parent}\``,
  'not-in-organization': ({ account }: { account: string }) => `the account \`${account}\` is not in the organization`,
  'several-accounts': ({ one, other }: { one: string; other: string }) =>
    `several accounts are called so, such as \`${one}\` and \`${other}\`: give the number`,
  'several-things': ({ plural, found, isAll }: { plural: string; found: readonly FoundFacts[]; isAll: boolean }) =>
    `several ${plural} are called so: ${found.map(foundText).join(', ')}${more(isAll)}; give the id, or the name with what it is under`,

  // What accounts may and have
  'no-new-space': ({ state }: { state: string }) =>
    `The account is ${state}: it gets no new space, and what it has can be released`,
  'is-already': ({ state }: { state: string }) => `The account is ${state} already`,
  'stays-closed': () => 'The account is closed, and stays so',
  'management-account-cannot-be': ({ done }: { done: keyof typeof doneTo }) =>
    `the management account of the organization cannot be ${doneTo[done]}`,
  'is-delegated': () => 'It is a delegated administrator of a service; deregister it first',
  'has-still': ({ ids, isAll }: { ids: readonly string[]; isAll: boolean }) =>
    `It has ${quotedList(ids)}${more(isAll)}; release or delete that first`,
  'policy-enabled': () => 'A policy is enabled on it; disable it there first',
  'exception-for-it': ({ exception }: { exception: string }) =>
    `The exception \`${exception}\` is for it: it is not over, awaits review, or has given what is still there`,

  // Units and organizations
  'move-accounts-first': () => 'Move its accounts to another parent and delete its units first',
  'unit-name-taken': ({ parent }: { parent: string }) =>
    `\`${parent}\` already has an organizational unit with this name`,
  'name-taken': ({ name, parent }: { name: string; parent: string }) =>
    `the name \`${name}\` is taken under \`${parent}\``,
  'organization-has': ({ id }: { id: string }) => `\`${id}\` is in it; remove its accounts and delete its units first`,
  'policy-enabled-on': ({ node }: { node: string }) => `A policy is enabled on \`${node}\`; disable it there first`,
  'exception-for-root': ({ exception }: { exception: string }) => `The exception \`${exception}\` is for its root`,
  'binding-at-root': ({ binding }: { binding: string }) =>
    `The role binding \`${binding}\` is at its root; delete it first`,
  'in-an-organization': () => 'the account is already in an organization',
  'one-organization': () => 'this installation has an organization already, and can have one only',
  'at-most-allowed': ({ max }: { max: number }) => `at most ${max} are allowed`,

  // Who administers
  'only-management': () => 'only the management account of the organization may do this',
  'only-management-and-delegated': () =>
    'only the management account of the organization and its delegated administrators may do this',
  'no-administrator': () => 'it has no delegated administrator of IPAM',
  'deregister-first': ({ account, service }: { account: string; service: string }) =>
    `account \`${account}\` is a delegated administrator of \`${service}\`; deregister it first`,
  'name-a-member': () => 'the management account cannot be a delegated administrator; name a member',
  'delegated-already': ({ service }: { service: string }) =>
    `the account is already a delegated administrator of \`${service}\``,
  'other-administrator': ({ account }: { account: string }) =>
    `account \`${account}\` is the IPAM administrator of the organization; disable it first`,
  'its-policies-enabled': ({ enabled }: { enabled: readonly { policy: string; target: string }[] }) =>
    `its policies are enabled in the organization (${enabled.map(({ policy, target }) => `${policy} on ${target}`).join(', ')}); disable them first`,
  'plans-of-others': ({ plans }: { plans: readonly { pool: string; vpc: string; owner: string }[] }) =>
    `its pools plan VPCs of other accounts (${plans.map(({ pool, vpc, owner }) => `${pool} of ${vpc} of ${owner}`).join(', ')}); delete those pools first`,
}

const externalIds = {
  aws: 'the twelve digits of an account',
  azure: 'the GUID of a subscription',
  gcp: 'the id of a project: 6 to 30 small letters, digits and dashes, a letter first',
} as const
const doneTo = { active: 'resumed', suspended: 'suspended', closed: 'closed', removed: 'removed' } as const

interface FoundFacts {
  readonly id: string
  /** What it is under, as far as whoever is told may see it, with its own name last. */
  readonly path: readonly string[]
}
const foundText = ({ id, path }: FoundFacts): string => `\`${id}\`${path.length > 1 ? ` (${path.join('/')})` : ''}`
