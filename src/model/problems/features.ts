// What is not supported: facts, and their words.
import type { Said } from './said.ts'
import type { Sentence } from './worded.ts'

export const features = {
  worded: ({ words }: { words: Sentence }): string => words,
  deleting: ({ id }: { id: string }) => `Deleting \`${id}\``,
  dividing: ({ id }: { id: string }) => `Dividing \`${id}\``,
  'tags-of-its-own': () => '`tags`',
  ignoring: () => 'Ignoring what a pool gave',
  'other-target': ({ destination }: { destination: string }) => `another target of \`${destination}\``,
  releasing: () => 'Releasing it by itself',
  'name-of-its-own': () => 'A name of its own',
  'allocation-by-itself': () => 'An allocation for it by itself',
  'in-free-tier': ({ thing }: { thing: OfAdvancedTier }) => `${ofAdvancedTier[thing]} in the free tier`,
}
const ofAdvancedTier = {
  'private-pool': 'A pool in a private scope',
  'locale-abroad': 'A locale beside the home Region',
  policy: 'An IPAM policy',
  scope: 'A scope beside the default ones',
  'address-history': 'The history of addresses',
  discovery: 'A resource discovery beside the default one',
} as const
/** What the advanced tier alone has. */
export type OfAdvancedTier = keyof typeof ofAdvancedTier

export type Feature = Said<'feature', typeof features>
export const featureInWords = (what: Feature): string => (features[what.feature] as (what: Feature) => string)(what)
