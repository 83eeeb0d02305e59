// The shapes of policies: documents with their rules and settings, versions, assignments.
import { z } from 'zod'
import { isTargetId } from '#model/organization.ts'
import type { DocumentParams, PolicyDocument, RuleCondition } from '#model/policy/document.ts'
import { rulesMax } from '#model/policy/eligibility.ts'
import type { Grant } from '#model/policy/setting.ts'
import {
  type AnySetting,
  followingSettings,
  forEachSetting,
  type GrantableName,
  grantables,
  type OptionalName,
  type PolicySettings,
  type SettingName,
} from '#model/policy/settings.ts'
import { assignmentKindValues, compatibilityValues, modeValues } from '#model/policy/values.ts'
import { worded } from '#model/problems/worded.ts'
import { refuseValue } from '#model/refusal.ts'
import {
  accountId,
  accountName,
  formatInstant,
  idText,
  innerNodeName,
  instant,
  localeName,
  nameMarks,
  nameShapes,
  poolName,
  typeName,
} from '../shapes.native.ts'
import type { ListedVersion } from './readable.ts'

const conditionValuesMax = 1_000

export const policyId = idText('policy').describe('`ipam-policy-…`.')
export const versionNumber = z.coerce.number().int().min(1).describe('The number of a version, from 1.')
nameMarks.add(versionNumber, { isNumber: true })
export const locale = localeName
export const resourceTypeName = typeName
export const targetId = z
  .string()
  .refine(isTargetId, 'an account, ou-… or r-… is expected')
  .describe('Whom a policy is enabled on: an account, `ou-…` or `r-…`.')
  .meta({ id: 'TargetId', examples: ['222222222222'] })
/** In examples: of the shape that ids have. */
export const examplePoolId = 'ipam-pool-059bb00000000000b'
export const poolId = idText('pool').describe('`ipam-pool-…`.')
export const compatibility = z
  .enum(compatibilityValues)
  .describe('Whose semantics the policy has: strict ones, or exactly those of Amazon VPC IPAM.')
  .meta({ id: 'Compatibility' })
export const mode = z
  .enum(modeValues)
  .describe('Whether it acts (`enforce`), only tells (`warn`) or only records.')
  .meta({ id: 'PolicyMode' })
export const kind = z
  .enum(assignmentKindValues)
  .describe('`default`: the nearest one gives the pools. `final`: everything below is narrowed by it.')
  .meta({ id: 'AssignmentKind' })

/** Beside an answer with many ids. */
export const namesShape = z.record(z.string(), z.string()).meta({
  id: 'NamesById',
  description: 'What IPAMs, pools and policies in it are called, by their ids, as far as you may know.',
  examples: [{ [examplePoolId]: 'prod-eu' }],
})

/** A policy as it speaks somewhere. */
export const party = z
  .object({ policyId: z.string(), version: z.number().int(), targetId: z.string(), account: accountId })
  .meta({ id: 'PolicyParty', description: 'A policy, its version, where it is enabled, and whose it is.' })
export const traceStep = z
  .object({ kind: z.string(), subject: z.string(), result: z.string(), because: z.string() })
  .meta({
    id: 'TraceStep',
    examples: [
      {
        kind: 'document',
        subject: 'ipam-policy-059bb000000000014',
        result: 'applies',
        because: 'it is the nearest one',
      },
    ],
  })
const blockLength = z.number().int().min(0).max(128)
export const shownLengths = z
  .object({
    min: blockLength.describe('The netmask length of the largest block.'),
    max: blockLength.describe('The netmask length of the smallest block.'),
  })
  .meta({ id: 'BlockLengths' })
/** A shape for each setting of which exceptions can grant something. */
export const forEachGrantable = <Shape>(shapeOf: (grant: Grant) => Shape) =>
  Object.fromEntries(grantables.map(({ name, grant }) => [name, shapeOf(grant)])) as {
    readonly [N in GrantableName]: Shape
  }
export const shownGrants = z
  .object({
    pools: z.array(z.string()),
    provider: z.boolean(),
    ...forEachGrantable(() => shownLengths.optional()),
  })
  .meta({ id: 'Grants' })

// Documents ----------------------------------------------------------------------------------------------------------

const tagKey = z.string().min(1).max(128)
const tagValue = z.string().max(256)
const conditionList = <T extends z.ZodType>(item: T) => z.array(item).min(1).max(conditionValuesMax)
const tagCondition = z
  .strictObject({ key: tagKey, values: conditionList(tagValue) })
  .meta({ id: 'TagCondition', examples: [{ key: 'stage', values: ['production'] }] })
export const condition = z
  .strictObject({
    accounts: conditionList(accountName).optional().describe('The account is one of these.'),
    organizationalUnits: conditionList(innerNodeName).optional().describe('The account is below one of these.'),
    tags: conditionList(tagCondition)
      .optional()
      .describe('The account, or the nearest unit above it that has the tag, has one of the values.'),
  })
  .refine((when) => Object.values(when).some((part) => part !== undefined), 'at least one condition is expected')
  .refine(
    ({ tags = [] }) => new Set(tags.map(({ key }) => key)).size === tags.length,
    'a tag key is given more than once',
  )
  .meta({
    description: 'When the rule applies; all parts must hold. The tags of a request are never read.',
    examples: [{ accounts: ['222222222222'] }],
  })
export const rule = z.strictObject({ poolId, when: condition.optional() })
const ruleParams = z
  .strictObject({ poolId: poolName, when: condition.optional() })
  .meta({ id: 'PolicyRuleParams', examples: [{ poolId: examplePoolId }] })
const requiredTag = z.strictObject({
  key: tagKey,
  value: tagValue.optional().describe('Without it any value will do.'),
})
const lengthsOf = (bits: 32 | 128) => {
  const length = z.number().int().min(0).max(bits)
  return z
    .strictObject({ min: length.describe('The largest block.'), default: length, max: length })
    .refine((size) => size.min <= size.default && size.default <= size.max, 'min ≤ default ≤ max is expected')
    .describe(`Netmask lengths of IPv${bits === 32 ? 4 : 6} CIDRs, such as the resource type can have.`)
    .meta({
      id: `SizeIpv${bits === 32 ? 4 : 6}`,
      examples: [bits === 32 ? { min: 24, default: 26, max: 28 } : { min: 48, default: 56, max: 64 }],
    })
}
/** Of one shape where several settings are of one kind. */
const ofBits = { 32: lengthsOf(32), 128: lengthsOf(128) }
/** How a setting of a kind is given in a document. */
function fieldOf({ shape, summary }: AnySetting): z.ZodType {
  switch (shape.kind) {
    case 'choice':
      return z.enum(shape.values).describe(summary)
    case 'lengths':
      return ofBits[shape.bits]
    case 'tags':
      return z
        .array(requiredTag)
        .max(shape.max)
        .refine((given) => new Set(given.map(({ key }) => key)).size === given.length, 'a key is given more than once')
        .describe(summary)
        .meta({ id: 'RequiredTags', examples: [[{ key: 'team' }, { key: 'stage', value: 'production' }]] })
  }
}
type FieldOf<N extends SettingName> = z.ZodType<NonNullable<PolicySettings[N]>>
const settingFields = forEachSetting((_, setting) => fieldOf(setting)) as { [N in SettingName]: FieldOf<N> }
/** Without what a document need not have. */
const settingShape = forEachSetting((name, setting) =>
  setting.initial('strict') === undefined ? settingFields[name].optional() : settingFields[name],
) as { [N in Exclude<SettingName, OptionalName>]: FieldOf<N> } & { [N in OptionalName]: z.ZodOptional<FieldOf<N>> }
/** What a caller gives of the settings: one that is left out has its default. */
const settingParams = forEachSetting((name, { initial }) => {
  const [strict, aws] = [initial('strict'), initial('aws')]
  const field: z.ZodType = settingFields[name]
  if (followingSettings.includes(name)) {
    return field.optional().describe(`\`${strict}\` unless the compatibility is \`aws\`: \`${aws}\`.`)
  }
  return strict === undefined ? field.optional() : field.default(strict)
}) as { [N in SettingName]: z.ZodOptional<FieldOf<N>> }

export const documentShape = {
  locale,
  resourceType: resourceTypeName,
  rules: z.array(rule).describe('The pools that may serve the pair, in order.'),
  ...settingShape,
}
export const document = z.object(documentShape)
/** What a caller gives of a document; what is left out has its default. */
export const documentParams = {
  rules: z
    .array(ruleParams)
    .min(1)
    .max(rulesMax)
    .refine((given) => new Set(given.map(({ poolId }) => poolId)).size === given.length, 'a pool is listed twice')
    .describe(`The pools that may serve the pair, in order: 1 to ${rulesMax}.`)
    .meta({ id: 'PolicyRules', examples: [[{ poolId: examplePoolId }]] }),
  ...settingParams,
}

export const showDocument = ({ locale, resourceType, rules, settings }: PolicyDocument): z.output<typeof document> => ({
  locale,
  resourceType,
  rules: rules.map(({ pool, when }) => ({ poolId: pool, ...(when ? { when: showCondition(when) } : {}) })),
  ...settings,
})
export const showCondition = ({ accounts, organizationalUnits, tags }: RuleCondition): z.output<typeof condition> => ({
  ...(accounts ? { accounts: [...accounts] } : {}),
  ...(organizationalUnits ? { organizationalUnits: [...organizationalUnits] } : {}),
  ...(tags ? { tags: tags.map(({ key, values }) => ({ key, values: [...values] })) } : {}),
})

interface GivenDocument extends Omit<DocumentParams, 'rules'> {
  readonly rules: readonly { readonly poolId: string; readonly when?: RuleCondition }[]
}
export function readDocument({ rules, ...rest }: GivenDocument): DocumentParams {
  const twice = rules.find(({ poolId }, index) => rules.findIndex((rule) => rule.poolId === poolId) !== index)
  // By its id and by its name, for example.
  if (twice) refuseValue('rules', twice.poolId, worded('the pool is listed twice'))
  return { ...rest, rules: rules.map(({ poolId: pool, when }) => (when ? { pool, when } : { pool })) }
}

// Versions -----------------------------------------------------------------------------------------------------------

const contentHash = z.string().describe('SHA-256 of what it says: equal content, equal hash.')
export const policyDeletedAt = instant.optional().describe('When the policy was deleted: its versions are kept.')
export const versionShape = {
  policyId,
  version: z.number().int(),
  contentHash,
  compatibility,
  author: z.string().describe('The ARN of who made it.'),
  createdAt: instant,
  deletedAt: policyDeletedAt,
}
export const versionSummary = z.object({ ...versionShape, documentCount: z.number().int() })
export const version = z.object({ ...versionShape, documents: z.array(document) })
nameShapes({
  PolicyCondition: condition,
  PolicyRule: rule,
  RequiredTag: requiredTag,
  PolicyDocument: document,
  PolicyVersionSummary: versionSummary,
  PolicyVersion: version,
})

export const showVersionFacts = ({ policyId, version, deletedAt }: ListedVersion) => ({
  policyId,
  version: version.version,
  contentHash: version.contentHash,
  compatibility: version.compatibility,
  author: version.author,
  createdAt: formatInstant(version.createdAt),
  ...(deletedAt === undefined ? {} : { deletedAt: formatInstant(deletedAt) }),
})
export const hashField = contentHash
