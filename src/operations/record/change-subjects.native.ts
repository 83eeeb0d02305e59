// What an audit entry changed: each of its subjects with the members that are otherwise than before.
import { z } from 'zod'
import { formatCidr } from '#model/cidr.ts'
import { formatId, kindOf, spaceNumberIn } from '#model/identifier.ts'
import { kinds } from '#model/kinds.ts'
import { differenceOf, type MemberDifference } from '#model/object-difference.ts'
import type { Subject } from '#store/subjects.ts'
import type { HistoryVersion } from '#store/tables/history.ts'
import type { ListedEntry } from '#store/tables/record-lists.ts'
import type { DescribedTenure } from '#store/tables/timeline.ts'
import type { ReadContext } from '../operation.ts'
import { formatInstant, nameShapes } from '../shapes.native.ts'
import { tenuresAround } from './change-subjects.ts'
import { stateIn } from './history.native.ts'
import { poolNamer } from './history.ts'
import { type PermittedThen, permitterThen, placeOfObject } from './object-places.ts'

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

/** Of entries on one page, each with some of its subjects: what they changed, as far as the caller may see it. */
export async function describeSubjects(
  context: ReadContext,
  asked: readonly { readonly entry: ListedEntry; readonly subjects: readonly Subject[] }[],
): Promise<SubjectShown[][]> {
  const isPermitted = await permitterThen(context, 'history:read')
  const wanted = asked.flatMap(({ subjects }) =>
    subjects.flatMap(({ id, before, after }) =>
      [before, after].filter((version) => version !== undefined).map((version) => [id, version] as const),
    ),
  )
  const versions = await context.tx.history.findVersions(wanted)
  const versionOf = async (id: string, version: number | undefined) => {
    const found = version === undefined ? undefined : versions.get(`${id}/${version}`)
    if (!found) return undefined
    const { fromAt: from, untilAt: until } = found
    return (await isPermitted(await placeOfObject(context, id, found), from, until ?? Infinity)) ? found : undefined
  }
  const held = asked.flatMap(({ entry, subjects }) =>
    subjects.flatMap((subject) => {
      const n = tenureNumber(context, entry, subject)
      return n === undefined ? [] : [{ objectId: subject.id, n, entry }]
    }),
  )
  const tenures = await describeTenures(context, held, isPermitted)
  let at = 0
  const all: SubjectShown[][] = []
  for (const { entry, subjects } of asked) {
    const shown: SubjectShown[] = []
    for (const subject of subjects) {
      const { id, before, after } = subject
      if (tenureNumber(context, entry, subject) !== undefined) shown.push(tenures[at++]!)
      else if (before === undefined && after === undefined) shown.push(bare(id))
      else shown.push(describeVersions(context, id, await versionOf(id, before), await versionOf(id, after)))
    }
    all.push(shown)
  }
  return all
}

const bare = (objectId: string): SubjectShown => ({ objectId, members: [] })

function describeVersions(
  { tx }: ReadContext,
  objectId: string,
  before: HistoryVersion | undefined,
  after: HistoryVersion | undefined,
): SubjectShown {
  const stateOf = (version: HistoryVersion | undefined) => version && stateIn(tx.history.bodyOf(version))
  return {
    objectId,
    kind: (after ?? before)?.kind,
    versionBefore: before?.version,
    versionAfter: after?.version,
    members: differenceOf(stateOf(before), stateOf(after)),
  }
}

// Space --------------------------------------------------------------------------------------------------------------

/** What allocations and Elastic IPs were before entries and after them, as far as the caller may see it. */
async function describeTenures(
  context: ReadContext,
  asked: readonly { readonly objectId: string; readonly n: number; readonly entry: ListedEntry }[],
  isPermitted: PermittedThen,
): Promise<readonly SubjectShown[]> {
  const changes = await tenuresAround(context, asked)
  const nameOf = await poolNamer(context)
  const stateOf = (tenure: DescribedTenure | undefined) => tenure && describe(context, tenure, nameOf(tenure.pool))
  const shown: SubjectShown[] = []
  for (const [index, { objectId, entry }] of asked.entries()) {
    const { before, after } = changes[index]!
    const owner = after ?? before
    if (!owner || !(await isPermitted(owner.account, entry.at))) {
      shown.push(bare(objectId))
      continue
    }
    const kind = kinds[kindOf(objectId) === 'address' ? 'address' : 'allocation'].noun
    shown.push({ objectId, kind, members: differenceOf(stateOf(before), stateOf(after)) })
  }
  return shown
}

/** The number of an allocation or Elastic IP that an entry changed, which has no versions; undefined for all else. */
function tenureNumber({ tx }: ReadContext, entry: ListedEntry, { id, before, after }: Subject): number | undefined {
  if (before !== undefined || after !== undefined || entry.outcome !== 'Success') return undefined
  return spaceNumberIn(tx.installation, id)
}

const describe = ({ tx }: ReadContext, tenure: DescribedTenure, poolId: string): Record<string, unknown> => ({
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
  decisionId: tenure.decision === undefined ? undefined : formatId('decision', tx.installation, tenure.decision),
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
