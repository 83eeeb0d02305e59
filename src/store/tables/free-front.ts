// What is known of the free space of a pool without asking its table.
import { type Cidr, fromKey } from '#model/cidr.ts'
import { blob, integer, references, table } from '../table.ts'

/** Free blocks of a pool: to allocate is to delete one of these rows. */
export const freeBlockTable = table(
  'free_block',
  {
    pool: references('pool', integer()),
    /** log2 of the number of addresses, so that the order of keys is the smallest sufficient block, and the lowest of them. */
    ord: integer(),
    first: blob(),
  },
  'deleted',
)

/** A free block, and whether the table has it. */
export interface FreeBlock {
  readonly cidr: Cidr
  readonly isStored: boolean
}
/** The free blocks of one order of a pool, lowest first, as far as they are known. */
export interface Head {
  readonly blocks: FreeBlock[]
  /** Whether there are no others of this order. */
  readonly isAll: boolean
}
export const none: Head = { blocks: [], isAll: true }
/**
 * What is known of the free space of a pool, by order, and what of it the table does not have yet: requests that follow
 * would only insert and delete the same rows again. Whatever else looks at the free table spills it there first.
 */
export type Front = (Head | undefined)[]

/** A free block as the table has it. */
export const storedBlock = (first: Uint8Array, length: number): FreeBlock => ({
  cidr: fromKey(first, length),
  isStored: true,
})
