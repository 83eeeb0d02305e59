// Filters and pages, as the AWS APIs ask for them.

import { worded } from '#model/problems/worded.ts'
import { refuse } from '#model/refusal.ts'
import {
  type Compared,
  keepMatching,
  type Listed,
  type Matching,
  type PageAsked,
  readPage,
  type TurnGiving,
} from './listing.ts'
import type { ReadContext } from './operation.ts'
import type { PageParams } from './page-tokens.aws.ts'

export interface Filter {
  readonly Name?: string
  readonly Values?: readonly string[]
}
export interface TagLike {
  readonly Key?: string
  readonly Value?: string
}

const filterValuesMax = 200
/** EC2 documents no default; the least that can be asked for. */
const pageSizeDefault = 1_000

/** The values of one filter field of an item; undefined where the item has none. */
export type FilterFields<T> = Readonly<Record<string, (item: T) => string | readonly string[] | undefined>>

/** The field of a filter that EC2 has for what there is none of here, such as Outposts: it matches nothing. */
export const nothing = (): undefined => undefined

/** Characters of values with wildcards in one request: each is compared with whatever each item has. */
const wildcardCharactersMax = 2_048
/**
 * Keeps the items that EC2 filters find, in the place of others undefined: values of one filter are alternatives (without any it finds
 * nothing), different filters must all hold, `*` and `?` are wildcards and `\` takes their meaning away. `tag:KEY` and `tag-key` are
 * understood where `tagsOf` is given. An unknown name is refused. Where much is compared, others have their turn in between.
 * Source: EC2 User Guide, "List and filter using the CLI and API".
 */
export function filterBy<T>(
  context: TurnGiving,
  filters: readonly Filter[] | undefined,
  fields: FilterFields<T>,
  tagsOf?: (item: T) => readonly TagLike[],
): Matching<T> {
  const compared: Compared = { characters: 0 }
  let wildcardCharacters = 0
  const tests = (filters ?? []).map(({ Name: name, Values: values = [] }, index) => {
    if (name === undefined) refuse({ code: 'MissingParameter', field: `Filter.${index + 1}.Name` })
    const refuseValues = (value: number, problem: string): never =>
      refuse({
        code: 'InvalidParameterValue',
        field: `Filter.${index + 1}.Value`,
        value: String(value),
        problem: worded(problem),
      })
    if (values.length > filterValuesMax) refuseValues(values.length, `at most ${filterValuesMax} values are allowed`)
    const patterns = [...new Set(values.filter(hasWildcard))]
    wildcardCharacters += patterns.reduce((sum, { length }) => sum + length, 0)
    if (wildcardCharacters > wildcardCharactersMax) {
      const problem = `values with wildcards may have ${wildcardCharactersMax} characters together in a request`
      refuseValues(wildcardCharacters, problem)
    }
    const isOneOf = alternatives(values, patterns, compared)
    const some = (texts: string | readonly string[] | undefined): boolean =>
      texts !== undefined && (typeof texts === 'string' ? isOneOf(texts) : texts.some(isOneOf))
    if (tagsOf && name.startsWith('tag:')) {
      const key = name.slice(4)
      return (item: T) =>
        some(
          tagsOf(item)
            .filter((tag) => tag.Key === key)
            .map((tag) => tag.Value ?? ''),
        )
    }
    if (tagsOf && name === 'tag-key') return (item: T) => some(tagsOf(item).map((tag) => tag.Key ?? ''))
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (!field) {
      refuse({
        code: 'InvalidFilter',
        name,
        allowed: [...Object.keys(fields), ...(tagsOf ? ['tag:<key>', 'tag-key'] : [])],
      })
    }
    return (item: T) => some(field(item))
  })
  if (tests.length === 0) return (items) => items
  return (items) => keepMatching(context, items, (item) => tests.every((test) => test(item)), compared)
}

const hasWildcard = (value: string): boolean => /[*?\\]/.test(value)

/** Whether a text is one of the values, or what a pattern among them stands for. */
function alternatives(
  values: readonly string[],
  patterns: readonly string[],
  compared: Compared,
): (text: string) => boolean {
  const exact = new Set(values.filter((value) => !hasWildcard(value)))
  const tokens = patterns.map(tokensOf)
  const length = patterns.reduce((sum, pattern) => sum + pattern.length, 0)
  return (text) => {
    if (exact.has(text)) return true
    compared.characters += 1 + length * text.length
    return tokens.some((pattern) => matchTokens(pattern, text))
  }
}

type Token = string | typeof anyText | typeof anyCharacter
function tokensOf(pattern: string): readonly Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!
    if (character === '\\' && at + 1 < pattern.length) tokens.push(pattern[++at]!)
    else tokens.push(character === '*' ? anyText : character === '?' ? anyCharacter : character)
  }
  return tokens
}
const anyText = Symbol('any text')
const anyCharacter = Symbol('any character')

/**
 * Greedy with one point to come back to, the last `*`: in time of both lengths multiplied at most (no regular expression is made of
 * what a caller sends).
 */
function matchTokens(tokens: readonly Token[], text: string): boolean {
  let token = 0
  let at = 0
  let star = -1
  let starAt = 0
  while (at < text.length) {
    if (token < tokens.length && tokens[token] === anyText) {
      star = token++
      starAt = at
    } else if (token < tokens.length && (tokens[token] === anyCharacter || tokens[token] === text[at])) {
      token++
      at++
    } else if (star >= 0) {
      token = star + 1
      at = ++starAt
    } else return false
  }
  while (token < tokens.length && tokens[token] === anyText) token++
  return token === tokens.length
}

/** The page that a request asks for. */
export const pageIn = ({ MaxResults, NextToken }: PageParams, sizeDefault = pageSizeDefault): PageAsked<string> => ({
  limit: MaxResults ?? sizeDefault,
  after: NextToken,
})

/** One page of a list, with the token of the next one. */
export async function readTokenPage<Row, Item>(
  context: ReadContext,
  params: PageParams,
  listed: Listed<Row, Item>,
  sizeDefault = pageSizeDefault,
): Promise<{ readonly items: Item[]; readonly NextToken: string | undefined }> {
  const { items, next } = await readPage(context, pageIn(params, sizeDefault), listed)
  return { items, NextToken: next }
}

/** EC2 refuses identifiers together with paging: a list of ids is complete by itself. */
export function refuseIdsWithPaging(ids: readonly string[] | undefined, field: string, params: PageParams): void {
  if (ids && ids.length > 0 && params.MaxResults !== undefined) {
    refuse({
      code: 'InvalidParameterCombination',
      problem: worded(`\`MaxResults\` cannot be used together with \`${field}\`.`),
    })
  }
}
