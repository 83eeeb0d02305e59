// What things say, in one form: what is left out, empty or the default is the same.
import { formatCidr, parseCidr } from '#model/cidr.ts'
import { type DocumentParams, documentOf } from '#model/policy/document.ts'
import type { Compatibility } from '#model/policy/values.ts'
import { nameKey } from '#model/tags.ts'
import { kindDefault, modeDefault } from '#operations/policy/assignments.ts'
import { canonical, type Members, type ThingKind } from './estate.ts'
import { defaults } from './shape.ts'

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  (typeof value === 'object' && !(value instanceof Date) && Object.keys(value).length === 0)

/** Without what is empty, the default, or the name in another place. */
export function plain(kind: ThingKind, given: Members): Members {
  const usual = defaults[kind] ?? {}
  const kept: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(given)) {
    const said = name === 'tags' ? withoutName(value as Members | undefined) : value
    if (isEmpty(said) || canonical(said) === canonical(usual[name])) continue
    kept[name] = said
  }
  return kept
}
const withoutName = (tags: Members = {}): Members =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => key !== nameKey))

export const sortedTexts = (texts: readonly string[] = []): string[] => [...new Set(texts)].sort()
/** In address order, as the server writes them. */
export function sortedCidrs(texts: readonly string[] = []): string[] {
  const cidrs = texts.map((text) => parseCidr(text)!)
  return sortedTexts(cidrs.map(formatCidr))
}

export const pairOf = ({ locale, resourceType }: { readonly locale: string; readonly resourceType: string }): string =>
  `${locale} ${resourceType}`

/** A document as it holds under a compatibility, with the keys of pools, units and accounts. */
export function wholeDocument(given: DocumentParams, compatibility: Compatibility): Members {
  const { locale, resourceType, rules, settings } = documentOf(given, compatibility)
  return { locale, resourceType, rules, ...settings }
}
/** The same without what follows from the compatibility anyway. */
export function shortDocument(document: Members, compatibility: Compatibility): Members {
  const { locale, resourceType, rules, ...settings } = document
  const usual = wholeDocument({ locale, resourceType, rules } as DocumentParams, compatibility)
  const said = Object.entries(settings).filter(([name, value]) => canonical(value) !== canonical(usual[name]))
  return { locale, resourceType, rules, ...Object.fromEntries(said) }
}

export const wholeAssignment = ({ kind, mode, candidate }: Members): Members => ({
  kind: kind ?? kindDefault,
  mode: mode ?? modeDefault,
  ...(candidate === undefined ? {} : { candidate }),
})

/** Whether a candidate says nothing other than the policy and its assignment as they are, all in this form. */
export function actsAlready({ compatibility, documents, drafts }: Members, { mode, candidate }: Members): boolean {
  const { draft, mode: tried = mode } = candidate as { readonly draft?: string; readonly mode?: unknown }
  const said = draft === undefined ? undefined : (drafts as Members)[draft]
  return tried === mode && (said === undefined || canonical(said) === canonical({ compatibility, documents }))
}

/** What a draft is called whose content no file has: nothing in a file can be called so. */
export const draftLabel = (version: number): string => `version ${version}`
export const versionOf = (label: string): number => Number(label.slice('version '.length))
/** By what they say, which are the same: the name of each. */
export const draftsByContent = (drafts: Members): ReadonlyMap<string, string> =>
  new Map(Object.entries(drafts).map(([name, draft]) => [canonical(draft), name]))
