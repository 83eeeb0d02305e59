// The record: why a decision came out as it did, and how long decisions are kept.
import { UsageProblem } from '#cli/exit-codes.ts'
import { variables } from '../config.ts'
import { type Arguments, failed, type ReadSettings, withStore } from './surroundings.ts'

export async function explain(_args: Arguments, [id]: readonly string[], readSettings: ReadSettings): Promise<number> {
  if (id === undefined) throw new UsageProblem('Which decision? Every refusal by policy begins with its id.')
  const { absenceOf, explainDecision } = await import('#operations/policy/explain.ts')
  return withStore(readSettings, async (store) => {
    const text = await explainDecision(store, id)
    if (text === undefined) return failed(await absenceOf(store, id))
    const { printable } = await import('#cli/table.ts')
    process.stdout.write(`${printable(text)}\n`)
    return 0
  })
}

export async function decisionsKeep(
  _args: Arguments,
  [text]: readonly string[],
  readSettings: ReadSettings,
): Promise<number> {
  const { decisionDaysMax, decisionDaysMin, findRetention, keepDecisions, parseRetention } = await import(
    '#operations/record/retention.ts'
  )
  const params = text === undefined ? undefined : parseRetention(text)
  if (text !== undefined && !params) {
    throw new UsageProblem(
      `How long, \`${text}\`, must be \`for-good\`, or days from \`${decisionDaysMin}d\` to \`${decisionDaysMax}d\`.`,
    )
  }
  const work: Parameters<typeof withStore>[1] = async (store, config) => {
    const problem = params && (await keepDecisions(store, config.bootstrap.account, params.decisionDays))
    if (problem !== undefined) return failed(problem)
    const { decisionDays, forgotten, forgottenBefore } = await findRetention(store)
    const gone = forgottenBefore ? `${forgotten}, from before ${forgottenBefore.toISOString()}` : 'none'
    const time = decisionDays === undefined ? 'for good' : `for ${decisionDays} days`
    process.stdout.write(`Decisions are kept ${time}. Forgotten so far: ${gone}.\n`)
    return 0
  }
  try {
    return await withStore(readSettings, work, { isOwner: params !== undefined })
  } catch (error) {
    const { StoreTrouble } = await import('#store/trouble.ts')
    if (!params || !(error instanceof StoreTrouble) || error.kind !== 'permission') throw error
    return failed(`Only the owner of the schema may say so: set ${variables.migrationUrl.name} (${error.message}).`)
  }
}
