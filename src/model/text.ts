// Text that can be kept and shown: no control characters, no halves of characters, and nothing that opens something.

import type { Problem } from './problems/problem.ts'
import { factCharactersMax, hasBearerToken, withoutSecrets } from './secrets.ts'

export interface UnfitText {
  /** Where it stands, as in a JSON body: `tags.owner`, `documents.0.locale`. */
  readonly field: string
  readonly value: string
  readonly problem: Problem
}

/**
 * XML, in which EC2 answers, has neither most control characters nor U+FFFE and U+FFFF; PostgreSQL has no NUL in its text; and a
 * terminal obeys the rest. Line breaks are among them: no text of a request has lines. So do characters that turn the direction of
 * what follows (Unicode UAX #9): what is shown would not be what is there.
 */
const control = /[\p{Cc}\u2028-\u202e\u2066-\u2069\ufffe\uffff]/u
/**
 * What shows nothing, so that two names with and without it would look alike: what Unicode has fonts ignore (joiners, fillers,
 * selectors of variants), and what they draw as a blank although it is no space: of Braille, music, Khitan and hieroglyphs.
 */
const invisible = /[\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\ufffc\u{13441}\u{13442}\u{16fe4}\u{1d159}]/u
/** Spaces of other widths than the one that keyboards write. */
const otherSpace = /(?! )\p{Zs}/u
export const hasControlCharacter = (text: string): boolean => control.test(text)

/** Why a text looks like another one that is not the same; undefined where it does not, within one alphabet. */
export function alikeProblem(text: string): Problem | undefined {
  if (invisible.test(text)) return { why: 'shows-nothing' }
  if (otherSpace.test(text)) return { why: 'other-space' }
  // What is written in two ways would be two names.
  return text.normalize('NFC') === text ? undefined : { why: 'not-composed' }
}

/**
 * One form of all texts that look alike within one alphabet: without what shows nothing, with the common space alone and none at an
 * end, and composed (NFC). Of what `alikeProblem` lets through it is the text itself.
 */
export const lookOf = (text: string): string =>
  text.replaceAll(new RegExp(invisible, 'gu'), '').replaceAll(new RegExp(otherSpace, 'gu'), ' ').normalize('NFC').trim()

/** What is wrong with a text that is given as a name or the like; undefined where nothing is. */
export function textProblem(text: string, charactersMax: number): Problem | undefined {
  if (text === '' || text.trim() !== text) return { why: 'empty-or-padded' }
  const characters = [...text].length
  if (characters > charactersMax) return { why: 'too-long', characters, max: charactersMax }
  if (hasControlCharacter(text)) return { why: 'control-characters' }
  // Sentences quote it so.
  return text.includes('`') ? { why: 'backtick' } : alikeProblem(text)
}

/** Half a surrogate pair is no character in UTF-8, so that it would come back as another one. */
function problemOf(text: string): Problem | undefined {
  if (control.test(text) || !text.isWellFormed()) return { why: 'unfit-text' }
  return hasBearerToken(text) ? { why: 'holds-token' } : undefined
}

/** Such that it can itself be answered and read. Of a long one no more than facts keep, and that there is more. */
export const shownText = (text: string): string =>
  withoutSecrets(text.slice(0, factCharactersMax + 1).toWellFormed()).replaceAll(new RegExp(control, 'gu'), (found) =>
    found < ' ' ? String.fromCharCode(pictures + found.charCodeAt(0)) : '\u{fffd}',
  )
/** Where the pictures of control characters begin: U+2400 is that of NUL. */
const pictures = 0x2400

/** The first text of an input, among its values and the names in it, that cannot be kept. */
export function findUnfitText(input: unknown, field = ''): UnfitText | undefined {
  if (typeof input === 'string') {
    const problem = problemOf(input)
    return problem === undefined ? undefined : { field: shownText(field), value: shownText(input), problem }
  }
  if (typeof input !== 'object' || input === null || ArrayBuffer.isView(input)) return undefined
  for (const name of Object.keys(input)) {
    const place = field === '' ? name : `${field}.${name}`
    const found = findUnfitText((input as Record<string, unknown>)[name], place) ?? findUnfitText(name, place)
    if (found) return found
  }
  return undefined
}
