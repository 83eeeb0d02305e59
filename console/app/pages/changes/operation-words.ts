// Operations of a change request in words, and what each changes: before and after. Ids stay ids here; whoever shows them adds names.
import type { Schemas } from '../../api/client.ts'

type Operation = Schemas['GovernedOperation']
type Input = Readonly<Record<string, unknown>>

const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')
const quoted = (value: unknown): string => (text(value) === '' ? '' : ` “${text(value)}”`)

/** A sentence for each operation; one that is new is shown by its own name until it has one. */
const sentences: Readonly<Record<string, (input: Input) => string>> = {
  createPolicy: ({ name }) => `Make the policy${quoted(name)}`,
  updatePolicy: ({ policyId }) => `Change the policy ${text(policyId)}`,
  deletePolicy: ({ policyId }) => `Delete the policy ${text(policyId)}`,
  restorePolicyVersion: ({ policyId, version }) => `Make version ${text(version)} of ${text(policyId)} the next one`,
  draftPolicyVersion: ({ policyId }) => `Draft a version of ${text(policyId)}`,
  putPolicyDocument: ({ policyId, locale, resourceType }) =>
    `Write what ${text(policyId)} says of ${text(resourceType)} in ${text(locale)}`,
  deletePolicyDocument: ({ policyId, locale, resourceType }) =>
    `Take out of ${text(policyId)} what it says of ${text(resourceType)} in ${text(locale)}`,
  putPolicyAssignment: ({ policyId, targetId }) => `Enable ${text(policyId)} at ${text(targetId)}`,
  deletePolicyAssignment: ({ policyId, targetId }) => `Take ${text(policyId)} off ${text(targetId)}`,
  putAssignmentCandidate: ({ policyId, targetId }) => `Try a candidate of ${text(policyId)} at ${text(targetId)}`,
  deleteAssignmentCandidate: ({ policyId, targetId }) => `Drop the candidate of ${text(policyId)} at ${text(targetId)}`,
  promoteAssignmentCandidate: ({ policyId, targetId }) =>
    `Let the candidate of ${text(policyId)} at ${text(targetId)} act`,
  requestException: ({ target, resourceType, locale }) =>
    `Ask for an exception${target === undefined ? '' : ` for ${text(target)}`}: ${text(resourceType)} ${text(locale)}`,
  renewException: ({ exceptionId }) => `Ask for a later end of ${text(exceptionId)}`,
  approveException: ({ exceptionId }) => `Approve ${text(exceptionId)}`,
  denyException: ({ exceptionId }) => `Deny ${text(exceptionId)}`,
  revokeException: ({ exceptionId }) => `End ${text(exceptionId)}`,
  createRoleBinding: ({ principal, role, node, effect }) =>
    `${effect === 'forbid' ? 'Forbid' : 'Give'} ${text(principal)} the role ${text(role)} at ${text(node)}`,
  deleteRoleBinding: ({ bindingId }) => `Take away the role of the binding ${text(bindingId)}`,
  createOrganization: ({ managementAccount }) => `Make the organization, managed by ${text(managementAccount)}`,
  putIpamAdministrator: ({ account }) => `Make ${text(account)} the administrator of IPAM`,
  deleteIpamAdministrator: () => 'Have no administrator of IPAM any more',
  createAccount: ({ name, parentId }) => `Make the account${quoted(name)}${at(parentId)}`,
  updateAccount: ({ account }) => `Change the account ${text(account)}`,
  moveAccount: ({ account, parentId }) => `Move the account ${text(account)} to ${text(parentId)}`,
  suspendAccount: ({ account }) => `Suspend the account ${text(account)}`,
  resumeAccount: ({ account }) => `Resume the account ${text(account)}`,
  closeAccount: ({ account }) => `Close the account ${text(account)}`,
  removeAccount: ({ account }) => `Remove the account ${text(account)} from the organization`,
  createUnit: ({ name, parentId }) => `Make the unit${quoted(name)}${at(parentId)}`,
  updateUnit: ({ unitId }) => `Change the unit ${text(unitId)}`,
  deleteUnit: ({ unitId }) => `Delete the unit ${text(unitId)}`,
  createIpam: ({ name }) => `Make the IPAM${quoted(name)}`,
  updateIpam: ({ ipamId }) => `Change the IPAM ${text(ipamId)}`,
  deleteIpam: ({ ipamId, cascade }) => `Delete the IPAM ${text(ipamId)}${cascade ? ', with all in it' : ''}`,
  createScope: ({ name }) => `Make the scope${quoted(name)}`,
  updateScope: ({ scopeId }) => `Change the scope ${text(scopeId)}`,
  deleteScope: ({ scopeId }) => `Delete the scope ${text(scopeId)}`,
  createPool: ({ name, locale }) => `Make the pool${quoted(name)}${locale === undefined ? '' : ` in ${text(locale)}`}`,
  updatePool: ({ poolId }) => `Change the pool ${text(poolId)}`,
  deletePool: ({ poolId, cascade }) => `Delete the pool ${text(poolId)}${cascade ? ', with all in it' : ''}`,
  provisionPoolCidr: ({ poolId, cidr, netmaskLength }) =>
    `Give ${text(poolId)} ${cidr === undefined ? `a /${text(netmaskLength)}` : text(cidr)}`,
  deprovisionPoolCidr: ({ poolId, cidr }) => `Take ${text(cidr)} from ${text(poolId)}`,
  createResourceType: ({ resourceType }) => `Add the resource type ${text(resourceType)}`,
  deleteResourceType: ({ resourceType }) => `Delete the resource type ${text(resourceType)}`,
}
const at = (parentId: unknown): string => (parentId === undefined ? '' : ` in ${text(parentId)}`)

/** What an operation does, with ids in place of the names that its author wrote. */
export function sentenceOf({ operation, input }: Operation, references: ReadonlyMap<string, string>): string {
  const meant = Object.fromEntries(
    Object.entries(input).map(([name, value]) => [
      name,
      typeof value === 'string' ? (references.get(value) ?? value) : value,
    ]),
  )
  return sentences[operation]?.(meant) ?? operation
}
/** Names that its author wrote, by the number of the operation. */
export const referencesOf = (request: Schemas['ChangeRequest'], operation: number): ReadonlyMap<string, string> =>
  new Map(
    (request.references ?? []).flatMap((one) =>
      one.operation === operation && one.id !== undefined ? [[one.name, one.id]] : [],
    ),
  )

// Differences --------------------------------------------------------------------------------------------------------

/** What stands in the sentence already. */
const inSentence: Readonly<Record<string, readonly string[]>> = {
  createRoleBinding: ['principal', 'role', 'node', 'effect'],
  createUnit: ['name', 'parentId'],
  createAccount: ['name', 'parentId'],
  createPolicy: ['name'],
  createPool: ['name', 'locale'],
  createIpam: ['name'],
  createScope: ['name'],
  provisionPoolCidr: ['poolId', 'cidr', 'netmaskLength'],
  restorePolicyVersion: ['policyId', 'version'],
  draftPolicyVersion: ['policyId'],
  renewException: ['exceptionId'],
  requestException: ['target', 'resourceType', 'locale'],
  createResourceType: ['resourceType'],
}
const labels: Readonly<Record<string, string>> = {
  onExplicit: 'Another pool is named',
  onExhausted: 'All are full',
  size: 'IPv4 sizes',
  sizeIpv6: 'IPv6 sizes',
  requiredTags: 'Required tags',
  rules: 'Pools, in order',
  kind: 'Kind',
  parentId: 'Unit',
  ipamId: 'IPAM',
  scopeId: 'Scope',
  tags: 'Tags',
}
/** `sharedWith`: Shared with. */
const labelOf = (name: string): string =>
  labels[name] ??
  name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace(/^./, (one) => one.toUpperCase())

export interface Difference {
  readonly label: string
  /** One line for each thing of a list. */
  readonly before: readonly string[]
  readonly after: readonly string[]
}

/** What a value says, a line for each thing; nothing is no line. */
function linesOf(name: string, value: unknown): readonly string[] {
  if (value === undefined || value === null || value === '') return []
  if (name === 'rules' && Array.isArray(value))
    return value.map((rule, index) => `${index + 1}. ${ruleText(rule as Rule)}`)
  if ((name === 'size' || name === 'sizeIpv6') && isObject(value))
    return [`/${text(value.min)} to /${text(value.max)}, /${text(value.default)} where nothing is said`]
  if (Array.isArray(value)) return value.flatMap((one) => (isObject(one) ? [factsText(one)] : linesOf('', one)))
  if (isObject(value)) return Object.entries(value).map(([key, one]) => `${key}: ${linesOf(key, one).join(', ')}`)
  return [value === true ? 'yes' : value === false ? 'no' : text(value)]
}
interface Rule {
  readonly poolId?: string
  readonly pool?: string
  readonly when?: Readonly<Record<string, unknown>>
}
const ruleText = ({ poolId, pool, when }: Rule): string =>
  `${poolId ?? pool ?? ''}${when === undefined ? '' : `, when ${whenText(when)}`}`
const conditions: Readonly<Record<string, string>> = { accounts: 'the account is', organizationalUnits: 'it is in' }
const whenText = (when: Readonly<Record<string, unknown>>): string =>
  Object.entries(when)
    .flatMap(([name, of]) =>
      (Array.isArray(of) && name === 'tags'
        ? (of as { key: string; values: string[] }[])
        : [{ key: name, values: of as string[] }]
      ).map(({ key, values }) => `${conditions[key] ?? `its tag ${key} is`} ${values.join(' or ')}`),
    )
    .join(' and ')
/** A tag that is required, a freeze: what it says, in one line. */
const factsText = (one: Readonly<Record<string, unknown>>): string =>
  'key' in one && Object.keys(one).every((name) => name === 'key' || name === 'value')
    ? `${text(one.key)}${one.value === undefined ? '' : `=${text(one.value)}`}`
    : Object.entries(one)
        .map(([name, value]) => `${name} ${linesOf(name, value).join(', ')}`)
        .join(', ')
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What is otherwise behind an operation; of what is deleted, nothing: the sentence says it. */
export function differencesOf(
  operation: string,
  { before = {}, after }: Pick<Schemas['ComparedOperation'], 'before' | 'after'>,
): readonly Difference[] {
  if (after === undefined) return []
  // What is written as a whole loses what it does not say.
  const names = new Set([
    ...Object.keys(after),
    ...(operation === 'putPolicyDocument' ? Object.keys(before).filter((name) => name in labels) : []),
  ])
  return [...names].flatMap((name) => {
    if (inSentence[operation]?.includes(name)) return []
    const [was, is] = [linesOf(name, before[name]), linesOf(name, after[name])]
    return was.join('\n') === is.join('\n') ? [] : [{ label: labelOf(name), before: was, after: is }]
  })
}
