// What was adopted from sources, and who was asked about what they tell.
import type { ExistingAnswer } from '#model/policy/existing.ts'
import { listOf, listOfTexts, type Sql } from '../sql.ts'
import { changing, integer, named, optional, type RowOf, references, table, text } from '../table.ts'

export const adoptionTable = table(
  'adoption',
  {
    allocation: integer(),
    sourceId: text(),
    /** The number of the observation. */
    observation: integer(),
    answer: text<ExistingAnswer>(),
    adoptedAt: integer(),
  },
  'kept',
)
export type Adoption = RowOf<typeof adoptionTable>

export const ownerQuestionTable = table(
  'owner_question',
  {
    sourceId: references('source', text()),
    /** The id of the difference. */
    difference: named('subject', text()),
    account: changing(text()),
    contact: changing(text()),
    note: changing(optional(text())),
    askedBy: changing(text()),
    askedAt: changing(integer()),
  },
  'deleted',
)
export type OwnerQuestion = RowOf<typeof ownerQuestionTable>

export class Adoptions {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  async insert(adoption: Adoption): Promise<void> {
    await adoptionTable.insert(this.#sql, adoption)
  }
  /** Of these allocations, by their numbers. */
  async of(allocations: readonly number[]): Promise<ReadonlyMap<number, Adoption>> {
    if (allocations.length === 0) return new Map()
    const list = listOf(allocations)
    const found = await adoptionTable.all(this.#sql, `where allocation in ${list.text}`, ...list.values)
    return new Map(found.map((one) => [one.allocation, one]))
  }

  /** Notes that somebody was asked; asked again, the last time counts. */
  async ask(question: OwnerQuestion): Promise<void> {
    await ownerQuestionTable.put(this.#sql, question, 'source_id, subject')
  }
  /** Of these differences of a source, by their ids. */
  async asked(sourceId: string, differences: readonly string[]): Promise<ReadonlyMap<string, OwnerQuestion>> {
    if (differences.length === 0) return new Map()
    const list = listOfTexts(differences)
    const rest = `where source_id = ? and subject in ${list.text}`
    const found = await ownerQuestionTable.all(this.#sql, rest, sourceId, ...list.values)
    return new Map(found.map((one) => [one.difference, one]))
  }
  /** Takes away what was asked about a source, no more than `limit`; answers how many. */
  async forgetQuestions(sourceId: string, limit: number): Promise<number> {
    return this.#sql.run(
      `delete from owner_question where source_id = ? and subject in (
         select subject from owner_question where source_id = ? order by subject limit ?)`,
      sourceId,
      sourceId,
      limit,
    )
  }
}
