// The shapes that operations on address space share.
import { z } from 'zod'
import { bitsOf, type Cidr, formatCidr, nearCidrProblem, parseAddress, parseCidr } from '#model/cidr.ts'
import { nameCharactersMax } from '#model/name.ts'
import { contactCharactersMax } from '#model/organization.ts'
import { problemInWords } from '#model/problems/problem.ts'
import { worded } from '#model/problems/worded.ts'
import { refuse } from '#model/refusal.ts'
import { isSetting, keyProblem, nameKey, type Tag, tagsFrom, tagsMax, valueProblem } from '#model/tags.ts'
import { localeName, typeName } from '../shapes.native.ts'

export const descriptionCharactersMax = 1_000
const tagsDescription = 'Keys and values.'

export const description = z
  .string()
  .max(descriptionCharactersMax)
  .meta({ id: 'Description', description: 'In your own words.', examples: ['Egress of the shops'] })
/** An empty text, or `null`, takes it away. */
export const newDescription = description.nullable()
export const family = z.enum(['ipv4', 'ipv6']).meta({ id: 'AddressFamily', description: 'The address family.' })
export const scopeType = z
  .enum(['public', 'private'])
  .meta({ id: 'ScopeType', description: 'Whether the addresses are public or private.' })
export const netmaskLength = z.number().int().min(0).max(128).describe('The number after the slash.')
/** A number of addresses: more than 64 bits of them fit into an IPv6 pool. */
export const addressCount = z
  .string()
  .regex(/^[0-9]+$/)
  .meta({ id: 'AddressCount', examples: ['256'] })
export const tags = z
  .record(z.string(), z.string())
  .superRefine((given, check) => {
    for (const [key, value] of Object.entries(given)) {
      const problem = isSetting(key)
        ? 'keys with `cadastre:` are settings, which are fields of their own here'
        : problemInWords(keyProblem(key) ?? valueProblem(value))
      if (problem) check.addIssue({ code: 'custom', path: [key], message: problem })
    }
    const count = Object.keys(given).length
    if (count > tagsMax)
      check.addIssue({ code: 'custom', message: `at most ${tagsMax} tags are allowed, not ${count}` })
  })
  .meta({ id: 'TagsParams', description: tagsDescription })
/** Of tags that replace others. */
export const allTags = 'All tags that it is to have, beside its name.'
export const shownTags = z.record(z.string(), z.string()).meta({ id: 'Tags', description: tagsDescription })

/** What a thing is called, in an answer. */
export const shownName = z.string().meta({ id: 'Name', description: 'What it is called: its tag `Name`.' })
/** What a thing is to be called. */
export const newName = z
  .string()
  .max(nameCharactersMax)
  .meta({
    id: 'NewName',
    description: 'What it is to be called: its tag `Name`, which no other under the same parent has.',
    examples: ['prod-eu'],
  })
export const contact = z
  .string()
  .max(contactCharactersMax)
  .meta({
    id: 'Contact',
    description: "Whom to ask about it: a person, a team, a mail address or a link. By default its owner's contact.",
    examples: ['team-network@example.com'],
  })

/** A name and tags as the verbs take them: a tag `Name` that is given among the tags is the name too. */
export function labelsFrom<Name extends string | null>({
  name,
  tags,
}: {
  readonly name?: Name | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
}): { name?: Name | string; tags?: readonly Tag[] } {
  if (tags === undefined) return name === undefined ? {} : { name }
  const { [nameKey]: tagged, ...others } = tags
  if (name !== undefined && tagged !== undefined && tagged !== name) {
    const problem = `The tag \`${nameKey}\` is the name: give one of them, or both alike.`
    refuse({ code: 'InvalidParameterCombination', problem: worded(problem) })
  }
  const named = name ?? tagged
  return { ...(name === null ? { name } : named === undefined ? {} : { name: named }), tags: tagsFrom(others) }
}

const cidrText = z.string().max(64)
export const cidr = cidrText
  .refine((text) => parseCidr(text) !== undefined, {
    error: ({ input }) =>
      problemInWords(nearCidrProblem(String(input))) ?? 'a CIDR such as `10.0.0.0/24` is expected, without host bits',
  })
  .meta({
    id: 'Cidr',
    description: 'A CIDR such as `10.0.0.0/24` or `2001:db8::/56`.',
    examples: ['10.0.0.0/24'],
  })
export const cidrOrAddress = cidrText
  .refine((text) => readBlock(text) !== undefined, {
    error: ({ input }) =>
      problemInWords(nearCidrProblem(String(input))) ?? 'an address or a CIDR without host bits is expected',
  })
  .meta({
    id: 'CidrOrAddress',
    description: 'An address, or a CIDR such as `10.0.0.0/24`.',
    examples: ['203.0.113.7'],
  })
/** An address is the block of its own. */
export const readBlock = (text: string): Cidr | undefined => parseCidr(text) ?? parseAddress(text)

export const resourceTypeName = typeName
export const locale = localeName
export const resourceId = z
  .string()
  .min(1)
  .max(255)
  .regex(/^\P{Cc}+$/u, 'it must not hold control characters')
  .meta({
    id: 'ResourceId',
    description: 'What uses the space, by its name elsewhere.',
    // The same for validators whose patterns know no classes of Unicode.
    pattern: '^[^\\x00-\\x1f\\x7f-\\x9f]+$',
    examples: ['web-1'],
  })

/** One address without its length. */
export const formatBlock = (block: Cidr): string =>
  block.length === bitsOf(block.family) ? formatCidr(block).split('/')[0]! : formatCidr(block)

// Tags ---------------------------------------------------------------------------------------------------------------

export const tagMap = (stored: readonly Tag[]): Record<string, string> =>
  Object.fromEntries(stored.filter(({ key }) => !isSetting(key)).map(({ key, value }) => [key, value]))

// Refusals -----------------------------------------------------------------------------------------------------------

/** Refuses a change that changes nothing, which is most likely a mistake. */
export function refuseNoChange(changes: object, names: readonly string[] = Object.keys(changes)): void {
  if (Object.values(changes).some((value) => value !== undefined)) return
  refuse({
    code: 'InvalidParameterCombination',
    problem: worded(`Nothing is to be changed: give one of ${names.join(', ')}.`),
  })
}
