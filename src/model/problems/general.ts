// What is wrong with values and requests of any kind: texts, names, tags, CIDRs, choices and numbers.
import { didYouMean, familyText } from './phrases.ts'
import type { Say } from './said.ts'
import type { Sentence } from './worded.ts'

export const generalProblems = {
  worded: ({ words }: { words: Sentence }): string => words,

  // Texts and names
  'shows-nothing': () => 'it must not hold characters that show nothing',
  'other-space': () => 'of spaces it may hold the common one (U+0020) alone',
  'not-composed': () => "it must be in Unicode's composed form (NFC)",
  'empty-or-padded': () => 'it must not be empty, nor begin or end with a space',
  'too-long': ({ characters, max }: { characters: number; max: number }) =>
    `it has ${characters} characters; at most ${max} are allowed`,
  'characters-max': ({ max }: { max: number }) => `at most ${max} characters are allowed`,
  'control-characters': () => 'it must not hold control characters',
  backtick: () => 'it must not hold a backtick',
  'unfit-text': () => 'it must be text without control characters and without half characters',
  'holds-token': () =>
    'it holds a token of the native API, which is shown to nobody and kept nowhere; make another one, and revoke this one',
  'id-like': () => 'it looks like an id, and would stand for what has that id',
  'slash-in-name': () => 'slashes part names from what they are under: leave them out',
  'not-ascii': () => 'it may hold printable ASCII characters only',

  // Tags
  'given-twice': () => 'it is given more than once',
  'key-twice': () => 'the key is given more than once',
  'empty-tag-key': () => 'a tag key must not be empty',
  'reserved-tag-key': () => 'tag keys that begin with `aws:` are reserved',
  'long-tag': ({ part, max, characters }: { part: 'key' | 'value'; max: number; characters: number }) =>
    `a tag ${part} has at most ${max} characters; this one has ${characters}`,
  'control-characters-in-tag': ({ part }: { part: 'key' | 'value' }) =>
    `a tag ${part} must not hold control characters`,

  // Places
  'no-region-for-type': ({ resourceType, regions, meant }: PlaceFacts & { resourceType: string }) =>
    `for ${resourceType} it must be a Region (${regions.join(', ')})${didYouMean(meant)}`,
  'no-locale-for-type': ({ resourceType, regions, meant }: PlaceFacts & { resourceType: string }) =>
    `for ${resourceType} it must be a Region (${regions.join(', ')}) or \`CLOUD:REGION\`, such as \`azure:westeurope\` or \`onprem:basel\`${didYouMean(meant)}`,
  'no-such-place': ({ meant }: { meant: string }) => `there is no such place in that cloud${didYouMean(meant)}`,

  // CIDRs
  'host-bits': ({ meant }: { meant: string }) => `It has host bits set; the network \`${meant}\` was probably meant`,
  'ipv4-mapped': ({ meant }: { meant: string }) =>
    `It is a block of IPv4-mapped IPv6; the IPv4 block \`${meant}\` was probably meant`,
  'special-purpose': ({ block, purpose, rfc, holder }: SpecialFacts) =>
    `${block} (${purpose}, RFC ${rfc}) cannot be held by ${holderNames[holder]}`,

  // Members of requests
  'exactly-one-of': ({ members }: { members: readonly string[] }, { name }: Say) =>
    `The request must contain exactly one of ${members.map((member) => `\`${name(member)}\``).join(' and ')}.`,
  'only-one-of': ({ members }: { members: readonly string[] }, { name }: Say) =>
    `Only one of ${members.map((member) => `\`${name(member)}\``).join(' and ')} can be given.`,

  // Numbers
  between: ({ min, max }: { min: number; max: number }) => `it must be between ${min} and ${max}`,
  'greater-than': ({ member, max }: { member: string; max: number }, { name }: Say) =>
    `it must not be greater than ${name(member)} ${max}`,
  'lengths-of-ip': ({ family, bits }: { family: 4 | 6; bits: number }) =>
    `it must be between 0 and ${bits} for ${familyText(family)}`,
  'lengths-of-family': ({ bits }: { bits: number }) => `netmask lengths are from 0 to ${bits}`,

  // Rates
  'tries-spent': ({ limit }: { limit: number }) =>
    `In a minute, what you try (dry runs, change requests that are submitted, lists that are refused) may look through and change ${limit} rows and statements, since nobody else changes anything meanwhile, and you have had these.`,
  'bad-signatures': () => 'Too many requests from this address were signed with a wrong or unknown key.',
  'writer-kept': () =>
    'Others wait for as long as a list, a try or another long change takes, and yours have kept them waiting for long.',
  'moves-spent': ({ limit }: { limit: number }) =>
    `In a minute, you may change what is governed ${limit} times, since others try anew then what they propose. One list of operations is one change.`,
}

interface PlaceFacts {
  readonly regions: readonly string[]
  /** The one that was probably meant. */
  readonly meant: string | undefined
}
interface SpecialFacts {
  readonly block: string
  readonly purpose: string
  readonly rfc: number
  readonly holder: keyof typeof holderNames
}
const holderNames = {
  'public-pool': 'a pool of public space',
  'private-pool': 'a pool of private space',
  vpc: 'a VPC',
} as const
