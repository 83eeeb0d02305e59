// What an audit entry changed: each of its subjects with the members that are otherwise than before.
import { z } from 'zod'
import { formatCidr } from '#model/cidr.ts'
import { differenceOf, type MemberDifference } from '#model/object-difference.ts'
import { idOf } from '../identifiers.ts'
import type { ReadContext } from '../operation.ts'
import { formatInstant, nameShapes } from '../shapes.native.ts'
import type { ChangedSubject, SubjectState } from './change-subjects.ts'
import { stateIn } from './history.native.ts'

export const subjectShape = z.object({
  objectId: z.string(),
  kind: z.string().optional().describe('Absent where nothing is on record about the object, or not for you to see.'),
  versionBefore: z
    .number()
    .int()
    .optional()
    .describe("The version of the object's history before the change; absent where it was not there."),
  versionAfter: z
    .number()
    .int()
    .optional()
    .describe('The version that began with the change; absent where the object ended.'),
  members: z
    .array(
      z.object({
        member: z.string(),
        before: z.unknown().optional().describe('Absent: there was none.'),
        after: z.unknown().optional().describe('Absent: there is none any more.'),
        isLong: z
          .literal(true)
          .optional()
          .describe(
            "The values are too long for a list: the subjects of the change, or the object's history, have them.",
          ),
      }),
    )
    .describe('What is otherwise than before. Of a refusal: nothing.'),
})
nameShapes({ ChangedSubject: subjectShape })
export type SubjectShown = z.output<typeof subjectShape>

/** Characters of the values of one member, as JSON, that a list of changes shows. */
const listedLengthMax = 2_000

export const showSubject = (context: ReadContext, { id, kind, before, after }: ChangedSubject): SubjectShown => ({
  objectId: id,
  kind,
  versionBefore: versionIn(before),
  versionAfter: versionIn(after),
  members: differenceOf(stateOf(context, before), stateOf(context, after)),
})
const versionIn = (state: SubjectState | undefined): number | undefined =>
  state && 'version' in state ? state.version.version : undefined
const stateOf = (context: ReadContext, state: SubjectState | undefined): Record<string, unknown> | undefined =>
  state && ('version' in state ? stateIn(state.body) : showTenure(context, state))

const showTenure = (
  context: ReadContext,
  { tenure, poolId }: Extract<SubjectState, { readonly tenure: unknown }>,
): Record<string, unknown> => ({
  cidr: formatCidr(tenure.cidr),
  poolId,
  account: tenure.account,
  state: tenure.state,
  resourceType: tenure.resourceType,
  resourceId: tenure.resourceId,
  locale: tenure.region,
  description: tenure.description,
  tags: Object.fromEntries(tenure.tags),
  association: tenure.association,
  expiresAt: tenure.expiresAt === undefined ? undefined : formatInstant(tenure.expiresAt),
  decisionId: tenure.decision === undefined ? undefined : idOf(context, 'decision', tenure.decision),
})

// The length ---------------------------------------------------------------------------------------------------------

/** As a list of changes shows it: without values that are long. */
export const shortened = ({ members, ...subject }: SubjectShown): SubjectShown => ({
  ...subject,
  members: members.map((member) =>
    lengthOf(member) <= listedLengthMax ? member : { member: member.member, isLong: true as const },
  ),
})
const lengthOf = ({ before, after }: Pick<MemberDifference, 'before' | 'after'>): number =>
  (JSON.stringify(before)?.length ?? 0) + (JSON.stringify(after)?.length ?? 0)
export const lengthOfSubject = ({ members }: SubjectShown): number =>
  members.reduce((sum, member) => sum + lengthOf(member), 0)
