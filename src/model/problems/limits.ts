// Of what there are too many, for whom or what it is counted, and what to do about that: facts, and their words.
import { quoted, quotedList } from './phrases.ts'
import type { Said } from './said.ts'

export const counted = {
  // The organization
  accounts: () => 'accounts',
  units: () => 'organizational units',
  'unit-levels': () => 'levels of organizational units',
  administrators: ({ service }: { service: string }) => `delegated administrators of \`${service}\``,
  tags: () => 'tags',
  'node-tags': () => 'tags of units and accounts',
  names: () => 'names',
  'account-names': () => 'names of accounts',
  alike: () => 'things alike',
  'role-bindings': () => 'role bindings',
  tokens: () => 'good tokens',
  makers: () => 'makers of a token, one after the other',
  'token-links': () => 'tokens, each made with the one before',

  // IPAM
  ipams: () => 'ipams',
  'ipams-in-all': () => 'IPAMs',
  scopes: () => 'scopes of an IPAM',
  pools: () => 'pools',
  'pool-cidrs': () => 'CIDRs',
  'cidrs-of-pools': () => 'CIDRs of pools',
  'cidrs-in-pool': () => 'CIDRs in a pool',
  'required-tags': () => 'required tags of a pool',
  'required-tag-bytes': () => 'bytes of required tags',
  'required-tag-bytes-of-pools': () => 'bytes of tags that pools require',
  shares: () => 'accounts and units that pools are shared with',
  'shares-with-unseen': () => 'pools shared with a number of which you see no account',
  discoveries: () => 'ipam resource discoveries',
  'discovery-associations': () => 'resource discovery associations of an IPAM',
  marks: () => 'ignored and moved CIDRs of an IPAM',
  'excluded-units': () => 'excluded units of a resource discovery',

  // Policies
  policies: () => 'policies',
  'policy-bytes': () => 'bytes of documents',
  'policy-bytes-of-policies': () => 'bytes of documents of policies',
  'policy-bytes-today': () => 'bytes of policy versions written today (UTC)',
  documents: () => 'documents in a policy',
  rules: () => 'allocation rules in a document',
  targets: () => 'targets of a policy',
  'final-policies': () => 'final policies',
  'resource-types': () => 'resource types',
  'requested-exceptions': () => 'exceptions that wait for approval',
  'approved-exceptions': () => 'approved exceptions that are not over',
  'break-glass-exceptions': () => 'break-glass exceptions that are not over',
  'open-change-requests': () => 'change requests that wait for somebody',
  rollouts: () => 'changes that are rolled out at once',
  'unreviewed-changes': () => 'changes made in emergencies that await review',
  editors: () => 'persons who have written at a change request',

  // Space
  'cidr-blocks': ({ family }: { family: 4 | 6 }) => `IPv${family} CIDR blocks`,
  addresses: () => 'addresses',
  'ipv6-networks': () => 'IPv6 networks (/64)',
  'pending-holds': () => 'holds that wait for an approval',
  'types-in-locales': () => 'types in locales, of all space that it has had',

  // Networks
  'internet-gateways': () => 'internet gateways',
  'egress-only-gateways': () => 'egress-only internet gateways',
  'route-tables': () => 'route tables',
  routes: () => 'routes and associations of a route table',
  'security-groups': () => 'security groups',
  'security-group-rules': () => 'rules of a security group',
  'network-acls': () => 'network ACLs',
  'network-acl-entries': () => 'entries and associations of a network ACL',
  'dhcp-options': () => 'sets of DHCP options',
  'nat-gateways': () => 'NAT gateways of a subnet',
  reservations: () => 'CIDR reservations of a subnet',

  // Sources
  sources: () => 'sources',
  subscriptions: () => 'subscriptions',
  deliveries: () => 'deliveries that wait or are dead',
  tests: () => 'tries of subscriptions in one hour',
  observations: () => 'observations',
  'source-bytes': () => 'bytes of what sources say',
  'wrong-lines': () => 'lines that are wrong',

  // Simulations
  simulations: () => 'simulations',
  'open-simulations': () => 'simulations that are not over',

  // Requests
  operations: () => 'operations of one list',
  'operation-bytes': () => 'bytes of the operations of one list',
  'history-bytes-today': () => 'bytes that changes of large objects keep in the history, written today (UTC)',
  'change-bytes-today': () => 'bytes of what change requests say, written today (UTC)',
  'filter-values': () => 'filter values',
  'listed-cidrs': ({ parameter }: { parameter: string }) => `CIDRs in ${parameter}s`,
  'rows-looked-through': () => 'rows and statements that one request looks through',
  'rows-changed': () => 'rows that one request changes',
}
/** Of what there are too many. */
export type Counted = Said<'of', typeof counted>
export const countedInWords = (what: Counted): string => (counted[what.of] as (what: Counted) => string)(what)

const withServices = (name: string): string => `\`${name}\` (with the services that have their tokens from them)`
export const countedFor = {
  name: () => 'one name or id',
  node: ({ node }: { node: string }) => `node ${quoted(node)}`,
  unit: ({ unit }: { unit: string }) => `unit \`${unit}\` and all below it`,
  part: ({ node }: { node: string }) => `\`${node}\` and all below it`,
  'owner-and-number': ({ account, number }: { account: string; number: string }) =>
    `pools of account \`${account}\` with ${quoted(number)}`,
  'part-and-number': ({ node, number }: { node: string; number: string }) =>
    `pools of \`${node}\` and all below it with ${quoted(number)}`,
  target: ({ target, managedBy }: { target: string; managedBy: 'account' | 'administrator' }) =>
    `target \`${target}\`, ${managedBy === 'account' ? 'those of the account itself' : "those of the organization's administrator"}`,
  source: ({ source }: { source: string }) => `source ${quoted(source)}`,
  subscription: ({ subscription }: { subscription: string }) => `subscription \`${subscription}\``,
  version: ({ policy }: { policy: string }) => `the version that this would make of policy \`${policy}\``,

  // Accounts
  'one-account': ({ account }: { account: string }) => `account \`${account}\``,
  regions: ({ account }: { account: string }) => `account \`${account}\`, in all Regions`,
  account: ({ of, account }: { of: 'policies' | 'pools' | 'IPAMs'; account: string }) =>
    `all ${of} of account \`${account}\``,
  'policies-and-candidates': ({ account }: { account: string }) =>
    `all policies of account \`${account}\` with their candidates`,
  'pools-together': ({ account }: { account: string }) => `all pools of account \`${account}\` together`,
  'provider-space': ({ account }: { account: string }) =>
    `account \`${account}\`, of the provider's space, with what it gave back and rests, once more than half of all is used`,

  // All
  installation: ({ reserve }: { reserve?: number }) =>
    reserve === undefined
      ? 'the whole installation'
      : `the whole installation, where the last ${reserve} are for who may manage roles at its top`,
  organization: () => 'the whole organization, where the rest is for who may manage it at its top',
  'organization-without': ({ hasRest }: { hasRest: boolean }) =>
    `the whole organization, without the account that speaks for it${hasRest ? ', where the rest is for who may manage it at its top' : ''}`,

  // Persons and tokens
  principal: ({ principal, makers }: { principal: string; makers: readonly string[] }) =>
    `principal \`${principal}\`${makers.length === 0 ? '' : `, made by ${quotedList(makers)}`}`,
  token: () => 'the token',
  maker: ({ maker }: { maker: string }) => `\`${maker}\`, who made them or the tokens that they were made with`,
  binder: ({ binder, node }: { binder: string; node?: string }) =>
    `${withServices(binder)}${node === undefined ? '' : `, node ${quoted(node)}`}`,
  pending: ({ requester, target }: { requester?: string; target?: string }) =>
    [
      ...(requester === undefined ? [] : [`requester ${quoted(requester)}`]),
      ...(target === undefined ? [] : [`target ${quoted(target)}`]),
    ].join(', '),
  requester: ({ requester }: { requester: string }) => `requester ${quoted(requester)}`,
  writer: ({ writer }: { writer: string }) => `requester ${withServices(writer)}`,
  changes: ({ requester, node }: { requester?: string; node?: string }) =>
    [
      ...(requester === undefined ? [] : [`requester ${withServices(requester)}`]),
      ...(node === undefined ? [] : [`node ${quoted(node)}`]),
    ].join(', '),
  exceptions: ({ requester, target, pair }: ExceptionCountFacts) =>
    [
      ...(requester === undefined ? [] : [`requester ${withServices(requester)}`]),
      ...(target === undefined ? [] : [`target ${quoted(target)}`]),
      ...(pair === undefined
        ? []
        : [
            `target ${quoted(pair.target)}, locale ${quoted(pair.locale)} and resource type ${quoted(pair.resourceType)}`,
          ]),
    ].join(', ') || 'the whole installation',
}
interface ExceptionCountFacts {
  readonly requester?: string
  readonly target?: string
  readonly pair?: { readonly target: string; readonly locale: string; readonly resourceType: string }
}
/** Whom or what a bound is counted for. */
export type CountedFor = Said<'per', typeof countedFor>
export const countedForInWords = (whom: CountedFor): string =>
  (countedFor[whom.per] as (whom: CountedFor) => string)(whom)

export const remedies = {
  'give-number': () => 'Give the number of the account, or the id that was drawn here.',
  'revoke-tokens': () => 'Revoke those that are not used any more.',
  'nearer-token': () => 'Make it with a token that is nearer to a person or the operator.',
  'earlier-token': () => 'Sign in again, or make it with an earlier token.',
  'bind-groups': () => 'Delete those that are not needed any more, or bind roles to groups, or at a node above.',
  'delete-or-ask': () =>
    'Delete or move away what is not needed any more (numbers of removed accounts count until they come back), or ask whoever may manage the organization at its top.',
  delete: () => 'Delete those that are not needed any more.',
  'known-locale': () => 'It can have space of the types, and in the locales, in which it had some before.',
  'larger-cidrs': () => 'Deprovision what is not needed any more, or provision larger CIDRs.',
  'share-with-seen': () =>
    'Share it with a unit or an account that you see, or have somebody do so who sees the account, once it is registered.',
  'share-with-unit': ({ more }: { more: number }) =>
    `This would add ${more}: share with a unit in place of its accounts.`,
  'require-less': ({ more }: { more: number }) =>
    `This would add ${more}: require fewer or shorter tags, or require them in documents of policies.`,
  'take-away-or-ask': ({ more }: { more: number }) =>
    `This would add ${more}: take away what is not needed any more there, or ask whoever may manage it at the top.`,
  'write-documents-together': () => 'Delete those that are not needed any more, or write several documents into one.',
  'divide-documents': () =>
    'Divide the documents among several policies, or tag units and accounts so that conditions list less.',
  'write-at-once': ({ bytes }: { bytes: number }) =>
    `Each change keeps the whole policy, here ${bytes} bytes more: write several documents at once as a draft, or wait for the next day.`,
  'write-less-often': ({ bytes }: { bytes: number }) =>
    `Each change keeps the whole policy, here ${bytes} bytes more: write less often, or wait for the next day.`,
  'delete-documents': ({ after }: { after: number }) =>
    `This would make it ${after}: delete policies and documents that are not needed any more, or take candidates away.`,
  'disable-one': () => 'Disable one of them there.',
  'have-approved': () => 'Have some of them approved or denied, or wait for the end that they ask for.',
  'have-reviewed': () => 'Have somebody else review them.',
  'end-change-requests': () => 'Have some of them applied, or abandon those that are not wanted any more.',
  'wait-to-change': ({ bytes, until }: { bytes: number; until: string }) =>
    `What it would keep for good, ${bytes} bytes, is too much today: change several parts of it in one request, or wait until ${until}.`,
  'write-changes-less-often': ({ bytes }: { bytes: number }) =>
    `All that a change request has said is kept, here ${bytes} bytes more: write less, or wait for the next day.`,
  'split-operations': () =>
    'Do them in several requests, or ask whoever may manage the organization, policies or IPAM at the top.',
  'revoke-exceptions': () => 'Revoke some of them that are not needed any more, or wait for their end.',
  'revoke-or-request': () =>
    'Revoke some of them that are not needed any more, wait for their end, or request an exception.',
  'ask-without-hold': () => 'Ask without `hold`, or have some of them approved or denied, or wait until some lapse.',
  'send-less': () => 'Send less of each observation, or delete sources that are not needed any more.',
  'release-or-name-pool': () => 'Release what is not needed, or have the space from a pool.',
}
/** What to do about a bound that is reached. */
export type Remedy = Said<'do', typeof remedies>
export const remedyInWords = (remedy: Remedy): string => (remedies[remedy.do] as (remedy: Remedy) => string)(remedy)
