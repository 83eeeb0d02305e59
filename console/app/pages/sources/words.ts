// What pages call the kinds of differences, and what can be done with each.
import { differenceKinds } from '#model/observed-difference.ts'

export type Kind = keyof typeof differenceKinds
export const kindNames: Readonly<Record<Kind, string>> = {
  unregistered: 'Not registered',
  'unregistered-public': 'Not registered, public',
  'other-owner': 'Another owner',
  'other-resource': 'Another resource',
  'other-block': 'Another block',
  gone: 'Gone',
  overlap: 'Overlap',
  unseen: 'Not told of',
}
export const kindWords: Readonly<Record<Kind, string>> = differenceKinds
export const kinds = Object.keys(kindNames) as readonly Kind[]
