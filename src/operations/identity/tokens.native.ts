// Tokens of the native API: whoever holds one acts as its principal until it expires or is revoked.
import { z } from 'zod'
import { scopeNames } from '#model/roles.ts'
import type { ApiToken } from '#store/tables/api-tokens.ts'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import {
  accountId,
  accountName,
  answerPage,
  flag,
  formatInstant,
  idText,
  instant,
  nameShapes,
  pageAsked,
  pageOf,
  paging,
  principalName,
  showMakers,
  usedMakers,
} from '../shapes.native.ts'
import {
  drawToken,
  endToken,
  listTokens as listTokensOf,
  makeToken,
  openSession,
  rolesOfCaller,
  secondsDefault,
  secondsMin,
  tokenSecondsMax,
} from './tokens.ts'

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
    const bound = await rolesOfCaller(context)
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
  run: async (context, { principal, madeBy, madeWith, ...asked }) =>
    answerPage(await listTokensOf(context, { principal, madeBy, madeWith }, pageAsked(asked)), describe),
})

export const createToken = nativeWrite({
  name: 'createToken',
  summary: 'Make a token, for yourself or for a service; it is shown once.',
  description:
    'A token has at most the scopes of the one that you use, of which `token` must be one where it has any. One for yourself lasts no longer either, unless a sign-in or the operator made yours; and it is in the groups of your sign-in only if it ends with it or before; what is forbidden to them binds it whenever it ends. Other people get theirs by signing in, or from the operator. For a service you need `token:manage` at its home account; what is done with its token must be permitted to the service and to you, whenever it is used, and names both of you. What your groups permit counts for it as long as the sign-in lasts that proved them; what is forbidden to them, always. How long it lasts does not depend on yours.',
  action: 'token:manage',
  input: z.strictObject({
    principal: principalName.optional().describe('`service:NAME`; yourself by default.'),
    account: accountName.optional().describe('The home account of the principal; yours by default.'),
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
    const { created, groupsLeftOut } = await makeToken(context, params, drawn)
    return { ...describe(created), ...(groupsLeftOut ? { groupsLeftOut: [...groupsLeftOut] } : {}), token: drawn }
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
    return { ended: [...(await endToken(context, tokenId, { alone }))] }
  },
})

/** Only for the sign-in, which has found out who asks; it has no route of its own. */
export const createSession = nativeWrite({
  name: 'createSession',
  summary: 'Make the token of somebody who has just signed in.',
  action: 'token:manage',
  input: z.strictObject({
    signIn: z.string(),
    origin: z.enum(['sign-in', 'operator']).optional(),
    isOfBrowser: z.boolean().optional(),
  }),
  output: z.object({ ...tokenShape, token: z.string() }),
  rest: { method: 'POST', path: '/sessions', status: 201 },
  refusals: ['InvalidParameterValue'],
  at: 'own',
  secretOutput: true,
  prepare: drawToken,
  async run(context, { signIn, origin = 'sign-in', isOfBrowser = false }, drawn) {
    return { ...describe(await openSession(context, { signIn, origin, isOfBrowser }, drawn)), token: drawn }
  },
})

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
