// Filters and pages, as the AWS APIs ask for them.

import { worded } from '#model/problems/worded.ts'
import { refuse } from '#model/refusal.ts'
import { type Listed, type PageAsked, readPage } from './listing.ts'
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

/**
 * A predicate for EC2 filters: values of one filter are alternatives (without any it matches nothing), different filters
 * must all hold, `*` and `?` are wildcards and `\` takes their meaning away. `tag:KEY` and `tag-key` are understood where `tagsOf` is given.
 * An unknown name is refused. Source: EC2 User Guide, "List and filter using the CLI and API".
 */
export function filterBy<T>(
  filters: readonly Filter[] | undefined,
  fields: FilterFields<T>,
  tagsOf?: (item: T) => readonly TagLike[],
): (item: T) => boolean {
  const tests = (filters ?? []).map(({ Name: name, Values: values = [] }, index) => {
    if (name === undefined) refuse({ code: 'MissingParameter', field: `Filter.${index + 1}.Name` })
    if (values.length > filterValuesMax) {
      refuse({
        code: 'InvalidParameterValue',
        field: `Filter.${index + 1}.Value`,
        value: String(values.length),
        problem: worded(`at most ${filterValuesMax} values are allowed`),
      })
    }
    const matchers = values.map(wildcard)
    const some = (texts: string | readonly string[] | undefined): boolean =>
      texts !== undefined &&
      (typeof texts === 'string' ? [texts] : texts).some((text) => matchers.some((matches) => matches(text)))
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
  return (item) => tests.every((test) => test(item))
}

/** Matches in time linear in both lengths (no regular expression is made of what a caller sends). */
function wildcard(pattern: string): (text: string) => boolean {
  if (!/[*?\\]/.test(pattern)) return (text) => text === pattern
  const tokens: (string | typeof anyText | typeof anyCharacter)[] = []
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!
    if (character === '\\' && at + 1 < pattern.length) tokens.push(pattern[++at]!)
    else tokens.push(character === '*' ? anyText : character === '?' ? anyCharacter : character)
  }
  return (text) => matchTokens(tokens, text)
}
const anyText = Symbol('any text')
const anyCharacter = Symbol('any character')

/** Greedy with one point to come back to: the last `*`. */
function matchTokens(tokens: readonly (string | symbol)[], text: string): boolean {
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
