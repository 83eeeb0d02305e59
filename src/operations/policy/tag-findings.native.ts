// Findings about tags over the native API.
import { z } from 'zod'
import { formatCidr } from '#model/cidr.ts'
import { placeOfNode } from '../identity/roles.ts'
import { nativeRead } from '../operation.native.ts'
import { between, readSpan } from '../record/shapes.native.ts'
import {
  accountId,
  accountName,
  answerPage,
  formatInstant,
  instant,
  nameShapes,
  pageAsked,
  pageOf,
  paging,
} from '../shapes.native.ts'
import { listFindingsOfAccount as listFindingsOf, type TagFinding } from './tag-findings.ts'

const tagFinding = z.object({
  control: z.literal('tags-changed').describe('With `resource`, the identity of the finding.'),
  resource: z.string().describe('The allocation or Elastic IP.'),
  since: instant.describe('When its tags, or those of a node above it, were last changed.'),
  account: accountId,
  resourceType: z.string(),
  resourceId: z.string().optional(),
  cidr: z.string(),
  decisionId: z.string().describe('Which gave it, by the tags of then.'),
  exceptionId: z.string().optional().describe('The exception that it was given under.'),
})
nameShapes({ TagFinding: tagFinding })
export const listFindingsOfAccount = nativeRead({
  name: 'listFindingsOfAccount',
  summary: 'List space of an account that it would not get again with the tags that there are now, the latest first.',
  description:
    '`from` and `until` are about `since`. Tags that a policy requires, the tag `Name` that an exception goes by, and tags of the account or above it that a condition reads may be changed after space was given. Such a finding ends when they are as before, or the space is given back. It is found by the rules that hold now. A page may be short, or empty, and have a `nextCursor`.',
  action: 'decision:read',
  input: z.strictObject({ account: accountName, ...paging, ...between }),
  output: pageOf(tagFinding),
  rest: { method: 'GET', path: '/accounts/{account}/findings' },
  cli: 'account findings',
  columns: ['control', 'resource', 'cidr', 'since', 'resourceType'],
  refusals: ['NotFound', 'InvalidPaginationToken'],
  at: (context, { account }) => placeOfNode(context, account),
  run: async (context, { account, from, until, ...asked }) =>
    answerPage(await listFindingsOf(context, account, readSpan({ from, until }), pageAsked(asked)), showTagFinding),
})

export const showTagFinding = ({ since, cidr, ...finding }: TagFinding): z.output<typeof tagFinding> => ({
  ...finding,
  since: formatInstant(since),
  cidr: formatCidr(cidr),
})
