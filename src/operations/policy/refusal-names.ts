// What the IPAMs, pools and policies in a refusal are called, as far as the caller may see them: asked behind it, apart from what was refused.
import type { ReadOperation } from '../operation.ts'
import { idsIn, namesBeside } from './labels.ts'

type NamesById = Readonly<Record<string, string>>

/** Whether there is anything in it that may have a name. */
export const mayHaveNames = (refusal: object): boolean => idsIn(refusal).size > 0

export const nameRefused: ReadOperation<object, NamesById> = { name: 'NameRefused', access: 'read', run: namesBeside }
