// What is wrong with who asks: roles, tokens, and what is permitted to whom.
import { momentText } from './phrases.ts'

export const identityProblems = {
  // Rights
  'no-role': ({ principal, node, for: reason }: NoRoleFacts) =>
    `no role of \`${principal ?? 'this caller'}\` permits it at \`${node}\`${reason === undefined ? '' : `, ${reasons[reason]}`}`,
  'is-forbidden': ({ principal, role, node, binding }: ForbiddenFacts) =>
    `${principal} is forbidden it as \`${role}\` at \`${node}\` (${binding})`,
  'maker-may-not': ({ maker, node }: { maker: string; node: string }) =>
    `\`${maker}\`, who made your token, may not do it at \`${node}\``,
  'rule-by-name': ({ principal, node }: { principal: string; node: string }) =>
    `a rule goes on after the sign-in that proves groups: bind the role to \`${principal}\` at \`${node}\`, or let somebody set it who has it by name`,
  'sees-less': ({ setter, action }: { setter: string; action: string }) =>
    `\`${setter}\`, who set it, sees more of what it tells, by \`${action}\`: who sees less may delete it or make one of their own`,
  'scopes-do-not-cover': ({ scopes }: { scopes: readonly string[] }) =>
    `the scopes of your token (${scopes.join(', ')}) do not cover it`,
  'exceptions-above': ({ parent }: { parent: string }) =>
    `by the move, exceptions for a node above \`${parent}\` begin to apply, which no role of yours may approve there`,
  'would-be-permitted': ({ role, node, action, account }: RoleFacts & { account: string }) =>
    `by the move, \`${role}\` at \`${node}\` would permit \`${action}\` at \`${account}\`, which you may not do there`,

  // Role bindings
  'bound-already': ({
    principal,
    role,
    node,
    effect,
  }: Omit<RoleFacts, 'action'> & { principal: string; effect: string }) =>
    `\`${principal}\` has the role \`${role}\` at \`${node}\` already (${effect})`,
  'gives-more': ({ role, action, node }: RoleFacts) =>
    `\`${role}\` permits \`${action}\`, which you may not do at \`${node}\``,
  'forbidden-above': ({ node }: { node: string }) =>
    `something is forbidden above \`${node}\` that none of your roles may lift`,
  'set-with-a-right': ({ binding, at, above }: { binding: string; at?: string; above?: string }) =>
    `the forbid \`${binding}\` was set with a right ${at === undefined ? `above \`${above}\`` : `at \`${at}\``}, and is lifted with none but that`,
  'last-administrator': ({ node }: { node: string }) =>
    `After that nobody that is known could give every role at \`${node}\` any more: bind \`organization-administrator\` there to somebody else first`,

  'too-many-bindings-end': ({ max }: { max: number }) =>
    `More than ${max} role bindings would end with it; delete some of them first`,
  'too-many-keys-end': ({ max }: { max: number }) =>
    `More than ${max} access keys and sessions would end with it; sessions end by themselves within twelve hours, and none begins while it is suspended`,

  // Tokens
  'group-holds-no-token': () => 'a group holds no token; name a user or a service',
  'people-sign-in': () =>
    'people sign in, or get a token from the operator (`cadastre operator token`); name a service, or leave it out',
  'used-code': () => 'it has made a token already; sign in again',
  'token-ends': ({ at, seconds }: { at: number; seconds?: number }) =>
    `the token you use ends at ${momentText(at)}, and none that you make with it for yourself lasts longer: ${seconds === undefined ? 'leave it out' : `at most ${seconds}, or leave it out`}, or sign in again`,
  'has-only-scopes': ({ scopes }: { scopes: readonly string[] }) => `the token you use has only ${scopes.join(', ')}`,
  'name-scopes': ({ scopes }: { scopes: readonly string[] }) =>
    `the token you use has only ${scopes.join(', ')}; name those that it shall have`,

  // Requests again
  'answer-is-secret': () => 'the answer is a secret, and kept for no repeat: leave it out',
  'no-client-token': () => '1 to 64 ASCII characters are expected',
  'signed-this-second': () =>
    'an equal request was signed in this second already; sign it anew, or send an `amz-sdk-invocation-id`',
  'makers-changed': () => 'what the makers of your token may do has just changed',
  'asker-is-gone': () => 'whoever asked has closed the connection',
  'quarantines-ending': ({ max }: { max: number }) =>
    `more than ${max} blocks of the pool have just ended their quarantine, and are freed within the next seconds`,
}

/** For what a role is lacking. */
const reasons = {
  'all-is-shown': 'and a pack shows all that is on record, also where it is forbidden to you',
  'policies-change': 'and the move changes which of its policies or rules apply',
  'exceptions-begin': 'and by the move its exceptions begin to apply',
  'rule-reads-tags': 'and a rule of its policies reads the tags',
  'rule-names-account': 'and a rule of its policies names the account',
} as const
/** Why a right is asked at a node that nobody named. */
export type RightAskedFor = keyof typeof reasons

interface NoRoleFacts {
  readonly principal: string | undefined
  readonly node: string
  readonly for?: RightAskedFor
}
interface RoleFacts {
  readonly role: string
  readonly action: string
  readonly node: string
}
interface ForbiddenFacts {
  readonly principal: string
  readonly role: string
  readonly node: string
  readonly binding: string
}
