// Tokens of the native API: whoever holds one acts as its principal until it expires or is revoked.
import { hash, randomBytes } from 'node:crypto'
import { assert } from '#model/assert.ts'
import { isSameBearer, makersOf, type NativePrincipal, partiesOf, principalKind } from '#model/principal.ts'
import { type Refusal, refuse, refuseValue } from '#model/refusal.ts'
import { everywhere, type RoleBinding, roles, scopesCover } from '#model/roles.ts'
import { bearerTokenPrefix } from '#model/secrets.ts'
import { groupsOfOwn, isOfAccount, latestOwnEnd, type TokenOrigin } from '#model/token.ts'
import type { ApiToken } from '#store/tables/api-tokens.ts'
import { refuseMalformed } from '../identifiers.ts'
import { type Page, type PageAsked, readPage } from '../listing.ts'
import { requesterOf, tell } from '../notification/telling.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { accessAt, accessOfToken, permitter, refuseWithoutRole } from './authority.ts'
import { visibleAccounts } from './visible-accounts.ts'

export const secondsDefault = 30 * 86_400
export const secondsMin = 60
export const tokenSecondsMax = 366 * 86_400
/** Of one principal and by the same makers, that are good: nobody else uses them up. */
export const tokensMax = 1_000
/** Makers of one token: a person or the operator's service, and services one after the other. */
const makersMax = 10
/** Tokens that led to one, each made with the one before, whosever they are. */
export const linksMax = 100
/**
 * Of all that one person is accountable for, whatever the services that they name: others read past them, and together with those of
 * the principal itself one request can end all of them (`changesPerRequestMax`).
 */
export const tokensPerMakerMax = 1_400

/** What the token of a person who signed in is: as long as a working day, and never longer. */
export const sessionSeconds = 12 * 3_600

/** 256 random bits behind a prefix that scanners of secrets can look for. */
export function drawToken(): string {
  return bearerTokenPrefix + randomBytes(32).toString('base64url')
}
export const tokenHash = (text: string): Uint8Array => hash('sha256', text, 'buffer')
/** Of what a browser has in a cookie, which is no token for a header: there nothing has a space in it. */
export const sessionHash = (text: string): Uint8Array => tokenHash(`session ${text}`)

export interface TokenParams {
  /** The caller by default. */
  readonly principal?: string
  /** The home account of the principal; the caller's by default. */
  readonly account?: string
  readonly scopes: readonly string[]
  readonly description?: string
  readonly expiresInSeconds?: number
}

/**
 * Makes a token for the caller, or for a service.
 * @param drawn the token's text, of which its hash is kept
 */
export async function makeToken(
  context: WriteContext,
  params: TokenParams,
  drawn: string,
): Promise<{
  readonly created: ApiToken
  /** The caller's groups that it is not in, where it lasts longer than the sign-in that proved them. */
  readonly groupsLeftOut?: readonly string[]
}> {
  const native = context.caller.native!
  const principal = params.principal ?? native.name
  if (principal.startsWith('group:')) refuseValue('principal', principal, { why: 'group-holds-no-token' })
  const account = params.account ?? context.caller.account
  const isOwn = principal === native.name
  if (!isOwn && principalKind(principal) === 'user') {
    refuseValue('principal', principal, { why: 'people-sign-in' })
  }
  if (!isOwn || account !== context.caller.account) await requireTokensOf(context, account)
  const used = await context.tx.apiTokens.find(context.caller.accessKeyId)
  assert(used !== undefined, 'who asks over the native API has a token')
  const makers = isOwn ? native.makers : makersOf(native)
  refuseTooLongChain(makers)
  await refuseTooManyLinks(context, used)
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
  await tell(context.tx, {
    kind: 'token.made',
    node: placeOfToken(created, await topOf(context)),
    subject: created.id,
    facts: { principal, by: native.name, expiresAt: new Date(expiresAt).toISOString() },
    requester: requesterOf(context),
  })
  context.changed(created.id)
  const isLess = isOwn && groups.length < used.groups.length
  return isLess ? { created, groupsLeftOut: used.groups } : { created }
}

export interface SessionParams {
  /** Makes one session. */
  readonly signIn: string
  /** By whom it is known who they are: the identity provider, or whoever can open the database. */
  readonly origin: Extract<TokenOrigin, 'sign-in' | 'operator'>
  /** It is kept in a cookie, and ends where nobody uses it. */
  readonly isOfBrowser: boolean
}

/** Makes the token of somebody who has just signed in. */
export async function openSession(
  context: WriteContext,
  { signIn, origin, isOfBrowser }: SessionParams,
  drawn: string,
): Promise<ApiToken> {
  const { name, groups, subject, makers } = context.caller.native!
  if (await context.tx.apiTokens.findBySignIn(signIn)) {
    refuseValue('code', '[secret]', { why: 'used-code' })
  }
  const expiresAt = context.now + sessionSeconds * 1_000
  const created: ApiToken = {
    id: context.newId('apiToken'),
    principal: name,
    account: context.caller.account,
    groups,
    groupsUntil: origin === 'sign-in' ? expiresAt : undefined,
    scopes: [],
    subject,
    makers,
    origin,
    description: isOfBrowser ? 'signed in with a browser' : 'signed in',
    createdAt: context.now,
    expiresAt,
    revokedAt: undefined,
  }
  await context.tx.apiTokens.insert(created, isOfBrowser ? sessionHash(drawn) : tokenHash(drawn), signIn)
  if (isOfBrowser) await context.tx.apiTokens.beginSession(created.id, context.now)
  context.changed(created.id)
  return created
}

/**
 * Ends a token at once and, unless it is to end alone, what its principal made with it.
 * @returns the ids of those that have ended
 */
export async function endToken(
  context: WriteContext,
  id: string,
  { alone = false }: { readonly alone?: boolean },
): Promise<readonly string[]> {
  const { apiTokens } = context.tx
  const found = await getToken(context, id)
  const made = alone ? [] : await apiTokens.listMadeWith(found, context.now, () => context.tx.nextTurn())
  const ended = await apiTokens.revoke([found.id, ...made], context.now)
  context.changed(...new Set([found.id, ...ended]))
  return ended
}

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
  refuseMalformed('apiToken', id)
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
  const countedFor = { per: 'principal', ...of } as const
  const remedy = { do: 'revoke-tokens' } as const
  refuse({ code: 'LimitExceeded', what: { of: 'tokens' }, limit: tokensMax, used, countedFor, remedy })
}

/** Each is named wherever something done with the token is shown, and asked about at every use. */
function refuseTooLongChain(makers: readonly string[]): void {
  if (makers.length <= makersMax) return
  refuse({
    code: 'LimitExceeded',
    what: { of: 'makers' },
    limit: makersMax,
    used: makers.length,
    countedFor: { per: 'token' },
    remedy: { do: 'nearer-token' },
  })
}

/** All of them are asked, at each first use, for what was forbidden to the groups of those who signed in. */
async function refuseTooManyLinks({ tx }: ReadContext, { id }: ApiToken): Promise<void> {
  const used = await tx.apiTokens.linksBehind(id, linksMax)
  if (used < linksMax) return
  refuse({
    code: 'LimitExceeded',
    what: { of: 'token-links' },
    limit: linksMax,
    used,
    countedFor: { per: 'token' },
    remedy: { do: 'earlier-token' },
  })
}

/** Names of services cost nothing: all that lead back to one maker are counted together, too. */
async function refuseTooManyMade({ tx, now }: ReadContext, [maker]: readonly string[]): Promise<void> {
  if (maker === undefined) return
  const used = await tx.apiTokens.countMade(maker, now, tokensPerMakerMax)
  if (used < tokensPerMakerMax) return
  refuse({
    code: 'LimitExceeded',
    what: { of: 'tokens' },
    limit: tokensPerMakerMax,
    used,
    countedFor: { per: 'maker', maker },
    remedy: { do: 'revoke-tokens' },
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
    refuseWithoutRole(context, action, account, { why: 'no-role', principal: name, node: account })
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
  const allowed = seconds < secondsMin ? {} : { seconds }
  refuseValue('expiresInSeconds', String(asked), { why: 'token-ends', at: latest, ...allowed })
}

/** A token made with another one reaches no further than that one; what is for somebody else says how far. */
function narrow(own: readonly string[], asked: readonly string[], isOwn: boolean): readonly string[] {
  if (own.length === 0) return asked
  if (asked.length === 0) return isOwn ? own : refuseValue('scopes', '', { why: 'name-scopes', scopes: own })
  const beyond = asked.find((scope) => !own.includes(scope))
  if (beyond !== undefined) refuseValue('scopes', beyond, { why: 'has-only-scopes', scopes: own })
  return asked
}

// Seeing -------------------------------------------------------------------------------------------------------------

/** The roles that the caller has, with those that are forbidden to them. */
export async function rolesOfCaller(context: ReadContext): Promise<readonly RoleBinding[]> {
  const native = context.caller.native!
  const { name, groups, makers } = native
  const snapshot = await context.snapshot()
  const { now } = context
  const former = new Set(partiesOf(native, now)[0]!.formerGroups).difference(new Set(groups))
  const forbidden = snapshot.bindings.ofAll(former).filter(({ effect }) => effect === 'forbid')
  const own = [...snapshot.bindings.ofAll([name, ...groups]), ...forbidden]
  // Whoever made the token is told no more of what its principal has than they could use.
  const isUsable = ({ role, node }: RoleBinding): boolean =>
    roles[role].actions.some((action) => accessOfToken(snapshot, native, { action, node, now }).isPermitted)
  return makers.length === 0 ? own : own.filter(isUsable)
}

/** What the caller may see of tokens; undefined where there can be none. */
async function tokenViewer(
  context: ReadContext,
  { principal, madeBy }: { readonly principal?: string | undefined; readonly madeBy?: string | undefined },
) {
  const isPermitted = await permitter(context, 'token:read')
  const top = await topOf(context)
  const { accessKeyId, native } = context.caller
  const isOwn = (row: ApiToken): boolean =>
    row.id === accessKeyId || (isOfHolder(row, native!) && scopesCover(native!.scopes, 'token:read'))
  const isForTop = isPermitted(top)
  const accounts = isForTop ? undefined : await visibleAccounts(context, 'token:read', 'now')
  // Those of people, of which none is the caller's: whether there are any is nothing for them.
  const isHidden = principal !== undefined && principal !== native!.name && principalKind(principal) === 'user'
  if (isHidden && !isForTop) return undefined
  return {
    /** Of which accounts, and of whom, there may be any; undefined: all. */
    visible: accounts && { accounts, principal: native!.name },
    isSeen: (row: ApiToken): boolean =>
      (madeBy === undefined || row.makers.includes(madeBy)) && (isOwn(row) || isPermitted(placeOfToken(row, top))),
  }
}

/** Tokens that the caller may see, in the order of their ids. */
export async function listTokens(
  context: ReadContext,
  {
    principal,
    madeBy,
    madeWith,
  }: {
    readonly principal?: string | undefined
    readonly madeBy?: string | undefined
    readonly madeWith?: string | undefined
  },
  asked: PageAsked<string>,
): Promise<Page<ApiToken, string>> {
  const viewer = await tokenViewer(context, { principal, madeBy })
  if (!viewer) return { items: [], next: undefined }
  return readPage(context, asked, {
    read: (after = '', limit) =>
      context.tx.apiTokens.list(after, limit, { principal, madeWith, visible: viewer.visible }),
    placeOf: ({ id }) => id,
    show: (rows) => rows.map((row) => (viewer.isSeen(row) ? row : undefined)),
  })
}
