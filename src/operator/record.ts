// The record: why a decision came out as it did, and how long decisions are kept.
import { UsageProblem } from '#cli/exit-codes.ts'
import { variables } from '../config.ts'
import { type Arguments, type AtServer, failed, print, withStore } from './surroundings.ts'

export async function explain(args: Arguments, [id]: readonly string[], at: AtServer): Promise<number> {
  if (id === undefined) throw new UsageProblem('Which decision? Every refusal by policy begins with its id.')
  const { absenceOf, textOfExplained, tellOperator } = await import('#operations/policy/explain.ts')
  return withStore(at.readSettings, async (store) => {
    const told = await tellOperator(store, id)
    if (!told) return failed(await absenceOf(store, id))
    const { printable } = await import('#cli/printable.ts')
    const text = `${printable(textOfExplained(told))}\n`
    // A table is for people, who get the text from the server too.
    if ((args.get('output') ?? 'table') === 'table') {
      process.stdout.write(text)
      return 0
    }
    const { explanationFields, explanationOf } = await import('#operations/policy/explanations.native.ts')
    const { allNamesBeside } = await import('#operations/policy/labels.ts')
    const answer = explanationOf(told)
    const names = await store.read((tx) => allNamesBeside(tx, answer))
    await print(args, at, { answer: { ...answer, names, asked: told.asked }, fields: [...explanationFields, 'asked'] })
    return 0
  })
}

export async function decisionsKeep(args: Arguments, [text]: readonly string[], at: AtServer): Promise<number> {
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
    const { decisionDays, setAt, forgotten, forgottenBefore } = await findRetention(store)
    const gone = forgottenBefore ? `${forgotten}, from before ${forgottenBefore.toISOString()}` : 'none'
    const time = decisionDays === undefined ? 'for good' : `for ${decisionDays} days`
    await print(args, at, {
      answer: {
        decisionDays,
        setAt: setAt === undefined ? undefined : new Date(setAt).toISOString(),
        forgotten,
        forgottenBefore: forgottenBefore?.toISOString(),
      },
      fields: ['decisionDays', 'setAt', 'forgotten', 'forgottenBefore'],
      text: `Decisions are kept ${time}. Forgotten so far: ${gone}.\n`,
    })
    return 0
  }
  try {
    return await withStore(at.readSettings, work, { isOwner: params !== undefined })
  } catch (error) {
    const { StoreTrouble } = await import('#store/trouble.ts')
    if (!params || !(error instanceof StoreTrouble) || error.kind !== 'permission') throw error
    return failed(`Only the owner of the schema may say so: set ${variables.migrationUrl.name} (${error.message}).`)
  }
}
