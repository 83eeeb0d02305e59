// Somebody at the command line, as the demo shows them: what they ask, and what they are answered or refused.
import { exitCodes } from '../src/cli/exit-codes.ts'
import { runHere } from '../test/clients/command.ts'
import { answerColumns, answered, because, expect, refusedWith, step, wrapCommand } from './demo-stage.ts'

export class Person {
  readonly #name: string
  readonly #environment: Readonly<Record<string, string>>

  constructor(name: string, { endpoint, token }: { readonly endpoint: string; readonly token: string }) {
    this.#name = name
    this.#environment = { CADASTRE_URL: endpoint, CADASTRE_TOKEN: token }
  }
  /** Runs `cadastre WORDS` as this person, and answers what it printed. */
  async does(...words: string[]): Promise<string> {
    const { code, output, errors } = await runHere(words, this.#environment, { width: answerColumns })
    expect(code === exitCodes.done.code, `\`${commandOf(words)}\` works; it ended with ${code}: ${errors}`)
    return output.trimEnd()
  }
  /** The same before everybody's eyes. */
  async shows(...words: string[]): Promise<string> {
    this.#asks(words)
    const output = await this.does(...words)
    for (const line of output.split('\n')) answered(line)
    return output
  }
  #asks(words: readonly string[]): void {
    const prompt = `${this.#name}$ `
    const [first, ...rest] = wrapCommand(['cadastre', ...words], promptColumns + prompt.length)
    step([`${prompt}${first}`, ...rest].join(`\n${' '.repeat(promptColumns)}`))
  }
  /** Runs what must be refused, and shows the refusal. */
  async isDenied(...words: string[]): Promise<void> {
    this.#asks(words)
    const { code, errors } = await runHere(words, this.#environment)
    expect(code === exitCodes.denied.code, `this is denied; it ended with ${code}: ${errors}`)
    const [first, ...lines] = errors.trimEnd().split('\n')
    refusedWith(first!)
    if (lines.length > 0) because(lines.join('\n'))
  }
}

const commandOf = (words: readonly string[]): string =>
  ['cadastre', ...words].map((word) => (/^[\w:./@-]+$/.test(word) ? word : `'${word}'`)).join(' ')

/** The mark before what is asked. */
const promptColumns = 2
