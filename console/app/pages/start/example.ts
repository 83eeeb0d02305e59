// An example company, as one list of operations that makes it and one that throws it away. It is told by its place, its name and its tag: any
// of these alone somebody may give to what is theirs.
import type { Schemas } from '../../api/client.ts'
import { exampleName } from './example-name.ts'

type Operation = Schemas['GovernedOperation']

/** On everything that has tags and was made for the example. */
export const exampleTag = 'cadastre-example'
const tags = { [exampleTag]: 'true' }
export const isExample = (one: { readonly tags?: Readonly<Record<string, string>> | undefined }): boolean =>
  one.tags?.[exampleTag] !== undefined

const exampleIpam = 'example-ipam'
export const exampleLocale = 'eu-central-1'
export interface Around {
  readonly managementAccount: string
  /** Of the organization, where there is one. */
  readonly rootId: string | undefined
  /** The account that runs the IPAM for all, where there is one. */
  readonly administrator: string | undefined
  /** Home Regions of the IPAMs that there are: an account has one in each. */
  readonly taken: readonly string[]
}
const homes = [exampleLocale, 'eu-west-1', 'us-east-1', 'us-west-2', 'ap-southeast-2']

const one = (operation: string, input: object, as?: string): Operation =>
  ({ operation, input, ...(as === undefined ? {} : { as }) }) as Operation

export function loadExample({ managementAccount, rootId, administrator, taken }: Around): Operation[] {
  const root = rootId ?? '$organization.rootId'
  const region = homes.find((home) => !taken.includes(home)) ?? exampleLocale
  const pool = (name: string, cidr: string, description: string): Operation[] => [
    one(
      'createPool',
      {
        scopeId: '$ipam.privateScopeId',
        family: 'ipv4',
        locale: exampleLocale,
        name: `example-${name}`,
        description,
        sharedWith: ['$company'],
        tags,
      },
      name,
    ),
    one('provisionPoolCidr', { poolId: `$${name}`, cidr }),
  ]
  const policy = (name: string, target: string, pools: readonly string[], mode: string): Operation[] => [
    one('createPolicy', { ipamId: '$ipam', name: `example-${name}`, contact: 'network@example.com' }, `${name}-policy`),
    one('putPolicyDocument', {
      policyId: `$${name}-policy`,
      locale: exampleLocale,
      resourceType: 'vpc',
      rules: pools.map((poolId) => ({ poolId: `$${poolId}` })),
    }),
    one('putPolicyAssignment', { policyId: `$${name}-policy`, targetId: `$${target}`, mode }),
  ]
  return [
    ...(rootId === undefined ? [one('createOrganization', { managementAccount }, 'organization')] : []),
    one('createUnit', { name: exampleName, parentId: root, tags }, 'company'),
    one('createUnit', { name: 'Production', parentId: '$company', tags }, 'production'),
    one('createUnit', { name: 'Development', parentId: '$company', tags }, 'development'),
    one('createAccount', { name: 'example-shop', parentId: '$production', tags }, 'shop'),
    one('createAccount', { name: 'example-payments', parentId: '$production', tags }, 'payments'),
    one('createAccount', { name: 'example-lab', parentId: '$development', tags }, 'lab'),
    ...(administrator === undefined
      ? [
          one('createAccount', { name: 'example-network', parentId: '$company', tags }, 'network'),
          one('putIpamAdministrator', { account: '$network' }),
        ]
      : []),
    one(
      'createIpam',
      {
        account: administrator ?? '$network',
        region,
        operatingRegions: [...new Set([region, exampleLocale])],
        name: exampleIpam,
        tags,
      },
      'ipam',
    ),
    ...pool('prod-frankfurt', '10.40.0.0/16', 'For production in Frankfurt, and nothing else'),
    ...pool('dev-frankfurt', '10.50.0.0/24', 'For development: small, and soon full'),
    ...pool('partners', '10.60.0.0/20', 'Shared with everybody, and in no policy'),
    ...policy('production', 'production', ['prod-frankfurt'], 'enforce'),
    ...policy('development', 'development', ['dev-frankfurt'], 'warn'),
  ]
}

/** Behind it, since they are no changes of governance: what accounts of the example take, and what one of them is denied. */
export function exampleRequests(
  results: readonly { readonly as?: string | undefined; readonly id?: string | undefined }[],
) {
  const id = (label: string): string => results.find(({ as }) => as === label)?.id ?? ''
  const ask = (account: string, netmaskLength: number, name: string) => ({
    account: id(account),
    resourceType: 'vpc',
    locale: exampleLocale,
    scopeType: 'private' as const,
    netmaskLength,
    name,
    tags,
  })
  return {
    allocations: [
      ask('shop', 20, 'web-shop'),
      ask('shop', 22, 'search'),
      ask('payments', 22, 'payments'),
      // A policy that only warns chooses no pool: who is under it names one.
      { ...ask('lab', 25, 'staging'), poolId: id('dev-frankfurt') },
      { ...ask('lab', 26, 'experiments'), poolId: id('dev-frankfurt') },
      { ...ask('lab', 26, 'from the wrong pool'), poolId: id('partners') },
    ],
    denied: { ...ask('shop', 24, 'partner-portal'), poolId: id('partners') },
  }
}

interface Node {
  readonly nodeId: string
  readonly kind: string
  readonly name?: string | undefined
  readonly path: readonly string[]
}
/** The unit right below the root that everything of the example lies in. */
export const companyOf = (nodes: readonly Node[]): Node | undefined =>
  nodes.find(({ kind, name, path }) => kind === 'organizational-unit' && name === exampleName && path.length === 2)
/** What lies in it, itself included. */
export const inCompany = (nodes: readonly Node[], company: Node | undefined): ReadonlySet<string> =>
  new Set(nodes.filter(({ path }) => company && path.includes(company.nodeId)).map(({ nodeId }) => nodeId))
interface Owned {
  readonly account: string
  readonly name?: string | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
}
/** Of an account of the example, or of who runs the IPAM for all. */
export const isExampleIpam = (ipam: Owned, inside: ReadonlySet<string>, administrator: string | undefined): boolean =>
  isExample(ipam) && ipam.name === exampleIpam && (inside.has(ipam.account) || ipam.account === administrator)

/** What there is of the example. */
export interface Example {
  readonly ipams: readonly { readonly ipamId: string }[]
  /** By where they hang: those below before those above. */
  readonly units: readonly string[]
  readonly accounts: readonly string[]
  readonly assignments: readonly { readonly policyId: string; readonly targetId: string }[]
  readonly administrator: string | undefined
}
/** Where somebody else has put something below it, all of it is refused. */
export const throwExampleAway = ({ ipams, units, accounts, assignments, administrator }: Example): Operation[] => [
  ...assignments.map(({ policyId, targetId }) => one('deletePolicyAssignment', { policyId, targetId })),
  ...ipams.map(({ ipamId }) => one('deleteIpam', { ipamId, cascade: 'true' })),
  ...(administrator !== undefined && accounts.includes(administrator) ? [one('deleteIpamAdministrator', {})] : []),
  ...accounts.map((account) => one('removeAccount', { account })),
  ...units.map((unitId) => one('deleteUnit', { unitId })),
]
