// Tokens of the native API: whoever holds one acts as its principal until it expires or is revoked.
import { hash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { assert } from '#model/assert.ts'
import { hasShape } from '#model/identifier.ts'
import { isSameBearer, makersOf, type NativePrincipal, partiesOf, principalKind } from '#model/principal.ts'
import { type Refusal, refuse, refuseValue } from '#model/refusal.ts'
import { everywhere, type RoleBinding, roles, scopeNames, scopesCover } from '#model/roles.ts'
import { bearerTokenPrefix } from '#model/secrets.ts'
import { groupsOfOwn, isOfAccount, latestOwnEnd } from '#model/token.ts'
import type { ApiToken } from '#store/tables/api-tokens.ts'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import {
  accountId,
  flag,
  formatInstant,
  gatherPage,
  idText,
  instant,
  nameShapes,
  pageOf,
  paging,
  principalName,
  showMakers,
  usedMakers,
} from '../shapes.native.ts'
import { accessAt, accessOfToken, permitter, refuseWithoutRole } from './authority.ts'
import { visibleAccounts } from './visible-accounts.ts'

const secondsDefault = 30 * 86_400
const secondsMin = 60
export const tokenSecondsMax = 366 * 86_400
/** Of one principal and by the same makers, that are good: nobody else uses them up. */
export const tokensMax = 1_000
/** Makers of one token: a person or the operator's service, and services one after the other. */
const makersMax = 10
/** Of all that one person is accountable for, whatever the services that they name: others read past them. */
export const tokensPerMakerMax = 5_000

const tokenId = idText('apiToken').describe('`token-…`: names the token, and opens nothing.')
const scopes = z.array(z.enum(scopeNames)).max(scopeNames.length).meta({
  id: 'TokenScopes',
  description:
    'What the token is narrowed to: `read`, or nouns such as `allocation`. None: whatever its principal may.',
})
const tokenShape = {
  tokenId,
  principal: principalName,
  account: accountId.describe('The home account of the principal, for the record.'),
  groups: z.array(z.string()),
  scopes,
  subject: z.string().optional().describe('Who signed in: the issuer and subject of the identity provider.'),
  makers: z
    .array(z.string())
    .describe(
      'Who made it, and who made theirs: they may not approve what is asked for with it, nor it what they ask for.',
    ),
  origin: z
    .enum(['sign-in', 'operator', 'token'])
    .describe('How its holder was known when it was made: by a sign-in, by the operator, or by another token.'),
  madeWith: tokenId.optional().describe('The token that it was made with.'),
  description: z.string().optional(),
  createdAt: instant,
  expiresAt: instant,
  revokedAt: instant.optional(),
}
const token = z.object(tokenShape)
nameShapes({ Token: token })

/** 256 random bits behind a prefix that scanners of secrets can look for. */
export function drawToken(): string {
  return bearerTokenPrefix + randomBytes(32).toString('base64url')
}
export const tokenHash = (text: string): Uint8Array => hash('sha256', text, 'buffer')

export const whoAmI = nativeRead({
  name: 'whoAmI',
  summary: 'Show who you are, with which token, and which roles you have.',
  action: 'token:read',
  input: z.strictObject({}),
  output: z.object({
    principal: principalName,
    account: accountId,
    groups: z.array(z.string()),
    scopes,
    tokenId: tokenId.describe('The token that you ask with.'),
    makers: usedMakers,
    expiresAt: instant.optional().describe('When it ends.'),
    roles: z
      .array(z.object({ role: z.string(), node: z.string(), effect: z.enum(['permit', 'forbid']) }))
      .describe('Your own. Of a token that somebody made for you, those of which they may do something, too.'),
  }),
  rest: { method: 'GET', path: '/me' },
  cli: 'whoami',
  refusals: [],
  at: 'own',
  async run(context) {
    const { native, accessKeyId, expiresAt } = context.caller
    const { name, groups, scopes, makers } = native!
    const snapshot = await context.snapshot()
    const { now } = context
    const bindingsOf = (principals: Iterable<string>): RoleBinding[] =>
      [...principals].flatMap((principal) => snapshot.bindingsByPrincipal.get(principal) ?? [])
    const former = new Set(partiesOf(native!, now)[0]!.formerGroups).difference(new Set(groups))
    const own = [...bindingsOf([name, ...groups]), ...bindingsOf(former).filter(({ effect }) => effect === 'forbid')]
    // Whoever made the token is told no more of what its principal has than they could use.
    const isUsable = ({ role, node }: RoleBinding): boolean =>
      roles[role].actions.some((action) => accessOfToken(snapshot, native!, { action, node, now }).isPermitted)
    const bound = makers.length === 0 ? own : own.filter(isUsable)
    return {
      principal: name,
      account: context.caller.account,
      groups: [...groups],
      scopes: scopes as z.output<typeof token>['scopes'],
      tokenId: accessKeyId,
      ...showMakers(makers),
      ...(expiresAt === undefined ? {} : { expiresAt: formatInstant(expiresAt) }),
      roles: bound.map(({ role, node, effect }) => ({ role, node, effect })),
    }
  },
})

export const listTokens = nativeRead({
  name: 'listTokens',
  summary: 'List tokens: your own, and those of others as far as you may see them.',
  description:
    'Of others you see what was made with a token for services, where `token:read` is permitted to you at their home account; and what people and the operator have, where it is permitted at the top: at the root, or at `*`.',
  action: 'token:read',
  input: z.strictObject({
    ...paging,
    principal: principalName.optional().describe('Only those of this principal.'),
    madeBy: principalName
      .optional()
      .describe('Only those that this principal made for others, with tokens of its own or through those of others.'),
    madeWith: tokenId.optional().describe('Only those that were made with this very token, for whomever.'),
  }),
  output: pageOf(token),
  rest: { method: 'GET', path: '/tokens' },
  cli: 'token list',
  columns: ['tokenId', 'principal', 'makers', 'scopes', 'expiresAt', 'revokedAt', 'description'],
  refusals: ['InvalidPaginationToken'],
  at: 'filtered',
  async run(context, { principal, madeBy, madeWith, ...params }) {
    const isPermitted = await permitter(context, 'token:read')
    const top = await topOf(context)
    const { accessKeyId, native } = context.caller
    const isOwn = (row: ApiToken): boolean =>
      row.id === accessKeyId || (isOfHolder(row, native!) && scopesCover(native!.scopes, 'token:read'))
    const isForTop = isPermitted(top)
    const accounts = isForTop ? undefined : await visibleAccounts(context, 'token:read', 'now')
    const visible = accounts && { accounts, principal: native!.name }
    // Those of people, of which none is the caller's: whether there are any is nothing for them.
    const isHidden = principal !== undefined && principal !== native!.name && principalKind(principal) === 'user'
    if (isHidden && !isForTop) return { items: [] }
    return gatherPage(context, params, {
      read: (after, limit) => context.tx.apiTokens.list(after, limit, { principal, madeWith, visible }),
      key: ({ id }) => id,
      show: async (row) => {
        const isAsked = madeBy === undefined || row.makers.includes(madeBy)
        return isAsked && (isOwn(row) || isPermitted(placeOfToken(row, top))) ? describe(row) : undefined
      },
    })
  },
})

export const createToken = nativeWrite({
  name: 'createToken',
  summary: 'Make a token, for yourself or for a service; it is shown once.',
  description:
    'A token has at most the scopes of the one that you use, of which `token` must be one where it has any. One for yourself lasts no longer either, unless a sign-in or the operator made yours; and it is in the groups of your sign-in only if it ends with it or before; what is forbidden to them binds it whenever it ends. Other people get theirs by signing in, or from the operator. For a service you need `token:manage` at its home account; what is done with its token must be permitted to the service and to you, whenever it is used, and names both of you. What your groups permit counts for it as long as the sign-in lasts that proved them; what is forbidden to them, always. How long it lasts does not depend on yours.',
  action: 'token:manage',
  input: z.strictObject({
    principal: principalName.optional().describe('`service:NAME`; yourself by default.'),
    account: accountId.optional().describe('The home account of the principal; yours by default.'),
    scopes: scopes.default([]),
    description: z.string().max(256).optional(),
    expiresInSeconds: z
      .number()
      .int()
      .min(secondsMin)
      .max(tokenSecondsMax)
      .optional()
      .describe(
        `Seconds until it ends: ${secondsMin} to ${tokenSecondsMax}. Without it ${secondsDefault}, or as many as it may where that is less.`,
      ),
  }),
  output: z.object({
    ...tokenShape,
    groupsLeftOut: z
      .array(z.string())
      .optional()
      .describe(
        'Your groups that it is not in, because it lasts longer than the sign-in that proved them: what is forbidden to them binds it, and what they permit does not count.',
      ),
    token: z.string().describe('The token itself. It is never shown again.'),
  }),
  rest: { method: 'POST', path: '/tokens', status: 201 },
  cli: 'token create',
  refusals: ['NotAuthorized', 'NotFound', 'LimitExceeded'],
  at: 'own',
  secretOutput: true,
  prepare: drawToken,
  async run(context, params, drawn) {
    const native = context.caller.native!
    const principal = params.principal ?? native.name
    if (principal.startsWith('group:'))
      refuseValue('principal', principal, 'a group holds no token; name a user or a service')
    const account = params.account ?? context.caller.account
    const isOwn = principal === native.name
    if (!isOwn && principalKind(principal) === 'user') {
      refuseValue(
        'principal',
        principal,
        'people sign in, or get a token from the operator (`cadastre operator token`); name a service, or leave it out',
      )
    }
    if (!isOwn || account !== context.caller.account) await requireTokensOf(context, account)
    const used = await context.tx.apiTokens.find(context.caller.accessKeyId)
    assert(used !== undefined, 'who asks over the native API has a token')
    const makers = isOwn ? native.makers : makersOf(native)
    refuseTooLongChain(makers)
    await refuseTooMany(context, { principal, makers })
    await refuseTooManyMade(context, makers)
    const expiresAt = isOwn
      ? endOfOwn(params.expiresInSeconds, used, context.now)
      : context.now + (params.expiresInSeconds ?? secondsDefault) * 1_000
    const groups = isOwn ? groupsOfOwn(used, expiresAt) : []
    const created: ApiToken = {
      id: context.newId('apiToken'),
      principal,
      account,
      groups,
      ...(groups.length > 0 ? { groupsUntil: used.groupsUntil } : {}),
      scopes: narrow(native.scopes, params.scopes, isOwn),
      ...(isOwn && native.subject !== undefined ? { subject: native.subject } : {}),
      makers,
      origin: 'token',
      madeWith: used.id,
      description: params.description,
      createdAt: context.now,
      expiresAt,
      revokedAt: undefined,
    }
    await context.tx.apiTokens.insert(created, tokenHash(drawn))
    context.changed(created.id)
    const isLess = isOwn && groups.length < used.groups.length
    return { ...describe(created), ...(isLess ? { groupsLeftOut: [...used.groups] } : {}), token: drawn }
  },
})

export const revokeToken = nativeWrite({
  name: 'revokeToken',
  summary: 'End a token at once, and what its principal made with it.',
  description:
    'Somebody else’s is ended with `token:manage` at its home account where a token made it for a service, and with `token:manage` at the top, at the root or at `*`, where it is a person’s or the operator made it. Whoever had the token may have made others with it: those of the same principal end with it, also where they were made with one of these, or through a token of somebody else. Those of others go on: `madeBy` and `madeWith` of the list find them. A token whose scopes do not have `token` ends itself and no other.',
  action: 'token:manage',
  input: z.strictObject({
    tokenId,
    alone: flag.optional().describe('`true`: this one and no other, as when somebody signs out.'),
  }),
  output: z.object({
    ended: z.array(tokenId).describe('What has ended with this request: none where all of it was over before.'),
  }),
  rest: { method: 'DELETE', path: '/tokens/{tokenId}' },
  cli: 'token revoke',
  refusals: ['NotFound', 'MalformedId'],
  at: 'own',
  // Signing out is for everybody.
  needsNoScope: ({ caller }, { tokenId }) => tokenId === caller.accessKeyId,
  async run(context, { tokenId, alone }) {
    const { apiTokens } = context.tx
    const found = await getToken(context, tokenId)
    const made = alone ? [] : await apiTokens.listMadeWith(found, context.now)
    const ended = await apiTokens.revoke([found.id, ...made], context.now)
    context.changed(...new Set([found.id, ...ended]))
    return { ended }
  },
})

/** What the token of a person who signed in is: as long as a working day, and never longer. */
const sessionSeconds = 12 * 3_600

/** Only for the sign-in, which has found out who asks; it has no route of its own. */
export const createSession = nativeWrite({
  name: 'createSession',
  summary: 'Make the token of somebody who has just signed in.',
  action: 'token:manage',
  input: z.strictObject({ signIn: z.string() }),
  output: z.object({ ...tokenShape, token: z.string() }),
  rest: { method: 'POST', path: '/sessions', status: 201 },
  refusals: ['InvalidParameterValue'],
  at: 'own',
  secretOutput: true,
  prepare: drawToken,
  async run(context, { signIn }, drawn) {
    const { name, groups, subject, makers } = context.caller.native!
    if (await context.tx.apiTokens.findBySignIn(signIn)) {
      refuseValue('code', '[secret]', 'it has made a token already; sign in again')
    }
    const expiresAt = context.now + sessionSeconds * 1_000
    const created: ApiToken = {
      id: context.newId('apiToken'),
      principal: name,
      account: context.caller.account,
      groups,
      groupsUntil: expiresAt,
      scopes: [],
      subject,
      makers,
      origin: 'sign-in',
      description: 'signed in',
      createdAt: context.now,
      expiresAt,
      revokedAt: undefined,
    }
    await context.tx.apiTokens.insert(created, tokenHash(drawn), signIn)
    context.changed(created.id)
    return { ...describe(created), token: drawn }
  },
})

/**
 * Where somebody else's token is seen and ended: at the home account where it was made for a service with the right there.
 * The home account of a person, or of what the operator made, is only the one that the operator has named, for everybody
 * mostly the same: that says nothing of who answers for them, and whoever ends their tokens shuts them out. So that is asked at
 * the top: at the root, or at `*` where there is none.
 */
const placeOfToken = (token: ApiToken, top: string): string => (isOfAccount(token) ? token.account : top)
const topOf = async ({ tx }: ReadContext): Promise<string> => (await tx.organizations.find())?.rootId ?? everywhere

/** One's own, or one that `token:manage` reaches; anybody else's does not exist. */
async function getToken(context: ReadContext, id: string): Promise<ApiToken> {
  if (!hasShape('apiToken', id)) refuse({ code: 'MalformedId', what: 'api-token', id, expected: 'token-...' })
  const found = await context.tx.apiTokens.find(id)
  const absent: Refusal = { code: 'NotFound', what: 'api-token', id }
  if (!found) refuse(absent)
  if (isOfHolder(found, context.caller.native!)) return found
  const { isPermitted } = await accessAt(context, 'token:manage', placeOfToken(found, await topOf(context)))
  return isPermitted ? found : refuse(absent)
}

async function refuseTooMany({ tx, now }: ReadContext, of: Pick<ApiToken, 'principal' | 'makers'>): Promise<void> {
  const used = await tx.apiTokens.countGood(of, now, tokensMax)
  if (used < tokensMax) return
  const by = of.makers.length === 0 ? '' : `, made by ${of.makers.map((maker) => `\`${maker}\``).join(', ')}`
  const countedFor = `principal \`${of.principal}\`${by}`
  const remedy = 'Revoke those that are not used any more.'
  refuse({ code: 'LimitExceeded', what: 'good tokens', limit: tokensMax, used, countedFor, remedy })
}

/** Each is named wherever something done with the token is shown, and asked about at every use. */
function refuseTooLongChain(makers: readonly string[]): void {
  if (makers.length <= makersMax) return
  refuse({
    code: 'LimitExceeded',
    what: 'makers of a token, one after the other',
    limit: makersMax,
    used: makers.length,
    countedFor: 'the token',
    remedy: 'Make it with a token that is nearer to a person or the operator.',
  })
}

/** Names of services cost nothing: all that lead back to one maker are counted together, too. */
async function refuseTooManyMade({ tx, now }: ReadContext, [maker]: readonly string[]): Promise<void> {
  if (maker === undefined) return
  const used = await tx.apiTokens.countMade(maker, now, tokensPerMakerMax)
  if (used < tokensPerMakerMax) return
  refuse({
    code: 'LimitExceeded',
    what: 'good tokens',
    limit: tokensPerMakerMax,
    used,
    countedFor: `\`${maker}\`, who made them or the tokens that they were made with`,
    remedy: 'Revoke those that are not used any more.',
  })
}

/**
 * Whether a token is the caller's own: of the same principal, and made by those who made theirs. One that somebody made for a
 * service has no say over those that others made for it; a person has it over all in their name.
 */
const isOfHolder = ({ principal, makers }: ApiToken, native: NativePrincipal): boolean =>
  principalKind(principal) === 'service'
    ? isSameBearer({ by: principal, makers }, { by: native.name, makers: native.makers })
    : principal === native.name

/** Whoever may not is answered alike, whether or not there is such an account. */
async function requireTokensOf(context: WriteContext, account: string): Promise<void> {
  const action = 'token:manage'
  if (!(await accessAt(context, action, account)).isPermitted) {
    const { name } = context.caller.native!
    refuseWithoutRole(context, action, account, `no role of \`${name}\` permits it at \`${account}\``)
  }
  if (!(await context.tx.organizations.findAccount(account))) refuse({ code: 'NotFound', what: 'account', id: account })
}

/** When a token for oneself ends. What is asked and may not be is refused; what nobody has named is as long as it may be. */
function endOfOwn(asked: number | undefined, used: ApiToken, now: number): number {
  const latest = latestOwnEnd(used)
  const endsAt = now + (asked ?? secondsDefault) * 1_000
  if (endsAt <= latest) return endsAt
  if (asked === undefined) return latest
  const seconds = Math.floor((latest - now) / 1_000)
  const allowed = seconds < secondsMin ? 'leave it out' : `at most ${seconds}, or leave it out`
  const because = `the token you use ends at ${formatInstant(latest)}, and none that you make with it for yourself lasts longer`
  refuseValue('expiresInSeconds', String(asked), `${because}: ${allowed}, or sign in again`)
}

/** A token made with another one reaches no further than that one; what is for somebody else says how far. */
function narrow(own: readonly string[], asked: readonly string[], isOwn: boolean): readonly string[] {
  if (own.length === 0) return asked
  const problem = `the token you use has only ${own.join(', ')}`
  if (asked.length === 0) return isOwn ? own : refuseValue('scopes', '', `${problem}; name those that it shall have`)
  const beyond = asked.find((scope) => !own.includes(scope))
  if (beyond !== undefined) refuseValue('scopes', beyond, problem)
  return asked
}

const describe = (row: ApiToken): z.output<typeof token> => ({
  tokenId: row.id,
  principal: row.principal,
  account: row.account,
  groups: [...row.groups],
  scopes: row.scopes as z.output<typeof token>['scopes'],
  ...(row.subject === undefined ? {} : { subject: row.subject }),
  makers: [...row.makers],
  origin: row.origin,
  ...(row.madeWith === undefined ? {} : { madeWith: row.madeWith }),
  description: row.description,
  createdAt: formatInstant(row.createdAt),
  expiresAt: formatInstant(row.expiresAt),
  ...(row.revokedAt === undefined ? {} : { revokedAt: formatInstant(row.revokedAt) }),
})
